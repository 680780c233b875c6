#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "classifiers/metadata/inspector.h"
#include "classifiers/ndpi/ndpi_adapter.h"
#include "classifiers/payload/payload.h"
#include "dataplane/core/classification.h"
#include "dataplane/core/drop_reason.h"
#include "dataplane/core/port_side.h"
#include "dataplane/core/verdict.h"
#include "dataplane/flow/flow_record.h"
#include "dataplane/flow/tcp_connection.h"
#include "signatures/match/rule_set.h"

namespace weir {

// What only an undecided flow needs; given back the moment it is decided.
struct UndecidedFlow {
  FlowRecord* flow = nullptr;  // whose it is; nullptr: free
  std::size_t counted = 0;     // bytes it holds, as counted in WorkerCounters::undecided_bytes
  std::optional<TcpConnection> tcp;
  std::optional<Inspector> readers;
  Inspection inspection;
  Metadata metadata;
  std::size_t fields_matched = 0;  // of metadata
  NdpiModule::FlowPtr ndpi;
  std::uint32_t ndpi_packets = 0;
  std::uint32_t ndpi_bytes = 0;                // shown to nDPI, which may keep them
  std::array<std::vector<std::byte>, 2> head;  // a stream's first bytes, for rules on payload
  std::array<StreamScan, 2> scan;              // of these heads, by the rules of
  std::uint32_t scanned_by = 0;                // this generation
  AppProto scanned_as = AppProto::kUnknown;    // when the flow was known to speak this
  std::array<std::uint64_t, 2> stream_seen{};  // bytes of the stream, by direction: the head is its start
  std::array<bool, 2> header_matched{};
  std::optional<PayloadMemory> payload;          // of our own detectors
  std::array<std::uint16_t, 2> payload_asked{};  // bytes of a stream's heads that they saw
  PayloadFind payload_guess;                     // heard if nobody knows better
  std::uint32_t packets = 0;                     // with payload
  std::uint64_t payload_bytes = 0;
  std::uint64_t work = 0;  // since something was named
  Classification what;
  std::vector<std::pair<std::uint32_t, TxId>> fired;  // (sid, tx) whose alert is written
  TxId events_written = 0;                            // protocol events of transactions below
  bool named = false;                                 // a host name was seen, known to us or not

  // What speaks a protocol of its own is a stream that no reader takes (a resolver's
  // certificate is asked for in DNS); a sealed datagram may look like anything.
  [[nodiscard]] bool DetectorsMayAsk() const noexcept {
    if (named) return false;
    return !tcp || inspection.proto == AppProto::kUnknown || inspection.proto == AppProto::kDns ||
           inspection.proto == AppProto::kFailed;
  }

  // A DNS question names what the client may do next, not what this flow is; and a
  // name that our table lacks is no reason to take nDPI's broader one ("qq.com").
  [[nodiscard]] bool NdpiMaySpeak() const noexcept { return inspection.proto != AppProto::kDns && !named; }
};

// A SYN that does not belong to the connection at hand.
struct PendingSyn {
  std::int64_t time_us = 0;
  std::uint32_t seq = 0;
  std::uint8_t wscale = 0xff;  // as TcpSegment's
  Direction from{};
  bool open = false;  // nothing has shown yet what became of it
};

// What events say of a flow, however it was decided.
struct ColdFlow {
  std::uint64_t flow_id = 0;
  std::int64_t start_us = 0;
  std::int64_t rejected_us = 0;         // the last reset or ICMP error
  std::uint32_t drop_reasons_seen = 0;  // bit a DropReason: its first drop event is written
  std::uint32_t verdict_packet = 0;     // 0: no final verdict yet
  std::uint32_t stopped_at = 0;         // the TCP client's next sequence number at the verdict
  std::uint32_t receiver_expects = 0;   // where the packet that was rejected first went
  std::uint32_t opened_seq = 0;         // of the SYN that opened it, if one did
  std::array<std::uint16_t, 3> vlan{};
  std::uint16_t port = 0;
  std::uint16_t exceptions_told = 0;  // bit an ExceptionTrigger: its event is written
  std::uint8_t vlan_count = 0;
  std::array<std::uint8_t, 2> tcp_flags{};
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
  Direction rejected_way{};
  bool opened_by_syn = false;
  bool tombstone = false;  // it stays only to stop what comes after an undecided_timeout
  AppProto app_proto = AppProto::kUnknown;
  PortSide low_side = PortSide::kUnknown;  // where the key's low endpoint is
  PendingSyn syn;
};
static_assert(kDropReasonCount <= 32 && sizeof(ColdFlow) == 80);

}  // namespace weir
