#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "classifiers/metadata/metadata.h"
#include "dataplane/core/classification.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/drop_reason.h"
#include "dataplane/core/flow_view.h"
#include "dataplane/core/verdict.h"

namespace weir {

// What every event of a flow begins with. All string_views in this file are
// borrowed for the call of EventRing::Push only.
struct EventHead {
  Timestamp time{};
  std::uint64_t flow_id = 0;
  std::uint64_t pcap_cnt = 0;  // 0: not from a capture
  IpAddress src;
  IpAddress dst;
  std::uint16_t src_port = 0;  // ICMP: unused
  std::uint16_t dst_port = 0;
  std::uint8_t proto = 0;
  std::uint8_t ip_version = 4;
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
  std::array<std::uint16_t, 3> vlan{};
  std::uint8_t vlan_count = 0;
  AppProto app_proto = AppProto::kUnknown;
  Direction direction = Direction::kToServer;
  std::string_view in_iface;  // empty: left out
};

// The `weir` object of flow, alert and drop events.
struct WeirLabel {
  std::string_view app;  // empty: null
  Category category = Category::kNone;
  Confidence confidence = Confidence::kNone;
  Source source = Source::kNone;
  std::string_view evidence;
  Action verdict = Action::kPending;
  bool would = false;
  bool mirrored = false;
  std::string_view policy;     // empty: null
  std::string_view exemption;  // empty: null
  RuleId signature_id{};       // 0: null
  std::uint32_t generation = 0;
  std::uint32_t verdict_packet = 0;  // 0: null
};

enum class FlowEnd : std::uint8_t { kTimeout, kForced, kShutdown, kTcpReuse };  // EVE flow.reason

struct FlowEvent {
  EventHead head;
  WeirLabel weir;
  std::array<std::uint64_t, 2> packets{};  // by Direction
  std::array<std::uint64_t, 2> bytes{};
  Timestamp start{};
  Timestamp end{};
  std::string_view state;  // "new", "established", "closed"
  FlowEnd reason = FlowEnd::kTimeout;
  bool alerted = false;
  std::uint8_t tcp_flags_ts = 0;  // all flags seen, to server
  std::uint8_t tcp_flags_tc = 0;
};

struct AlertEvent {
  EventHead head;
  WeirLabel weir;
  bool blocked = false;
  std::uint32_t gid = 1;
  RuleId sid{};
  std::uint32_t rev = 1;
  std::uint8_t severity = 3;
  std::string_view signature;
  std::string_view category;
  // "key value" pairs in rule order; at most 16 are written.
  const std::pair<std::string, std::string>* metadata = nullptr;
  std::size_t metadata_count = 0;
  TxId tx = 0;
};

// A frame that was dropped; the first of a flow and reason is written, later ones counted.
struct DropEvent {
  EventHead head;
  WeirLabel weir;
  DropReason reason = DropReason::kNone;
  std::uint32_t length = 0;
  std::uint8_t tcp_flags = 0;
  std::uint32_t tcp_seq = 0;
  std::uint32_t tcp_ack = 0;
};

// tls, quic, dns or http: the fields of one transaction.
struct ProtocolEvent {
  EventHead head;
  AppProto proto = AppProto::kUnknown;  // which event: kTls, kQuic, kDns, kHttp, kHttp2
  TxId tx = 0;
  const Metadata* metadata = nullptr;  // fields of `tx` are written
};

// An exception policy fired.
struct ExceptionEvent {
  EventHead head;
  std::string_view trigger;  // "tcp_budget"
  std::string_view action;   // "drop-packet"
};

}  // namespace weir
