#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "classifiers/metadata/inspector.h"
#include "dataplane/core/exception_trigger.h"
#include "dataplane/flow/flow_table.h"
#include "dataplane/flow/tcp_connection.h"
#include "dataplane/packet/defrag.h"
#include "dataplane/packet/parser.h"

namespace weir {

// What is done when a budget is exceeded (weir.yaml `exceptions:`).
enum class ExceptionAction : std::uint8_t { kPassPacket, kPassFlow, kDropPacket, kDropFlow, kReject, kBypass, kIgnore };

struct ExceptionPolicies {
  // What may hide a name drops the flow, memory pressure drops the packet; connections
  // that were there before us are inspected from where they are, and what the other
  // direction never confirms goes on without.
  std::array<ExceptionAction, kTriggerCount> action = Defaults();
  // Replay: the packet number at which the trigger fires as if it had happened; 0: never.
  std::array<std::uint32_t, kTriggerCount> simulate{};

  [[nodiscard]] ExceptionAction operator[](ExceptionTrigger trigger) const noexcept { return action[Index(trigger)]; }
  [[nodiscard]] ExceptionAction& operator[](ExceptionTrigger trigger) noexcept { return action[Index(trigger)]; }

 private:
  static constexpr std::array<ExceptionAction, kTriggerCount> Defaults() noexcept {
    std::array<ExceptionAction, kTriggerCount> defaults;
    defaults.fill(ExceptionAction::kDropFlow);
    for (const ExceptionTrigger pressure :
         {ExceptionTrigger::kFlowTableFull, ExceptionTrigger::kTcpBudget, ExceptionTrigger::kFragmentBudget,
          ExceptionTrigger::kMemory, ExceptionTrigger::kWrongSide, ExceptionTrigger::kMultipath}) {
      defaults[Index(pressure)] = ExceptionAction::kDropPacket;
    }
    defaults[Index(ExceptionTrigger::kMidstream)] = ExceptionAction::kIgnore;
    defaults[Index(ExceptionTrigger::kOneSided)] = ExceptionAction::kIgnore;
    // gQUIC and the versions of one company's apps are many people's everyday traffic.
    defaults[Index(ExceptionTrigger::kQuicVersion)] = ExceptionAction::kIgnore;
    return defaults;
  }
};

// Everything the packet path can be told (weir.yaml). control/config.h reads it
// from YAML; the defaults here are the product's defaults.
struct EngineSettings {
  ParseOptions parse;
  DefragLimits defrag;
  TcpLimits tcp;
  ReaderLimits readers;
  FlowTimeouts timeouts;
  ExceptionPolicies exceptions;
  std::uint64_t memory_bytes = 1u << 30;   // what the undecided flows of a worker may hold
  std::uint32_t reclaim_idle_ms = 3000;    // beyond that, a flow idle for so long gives back first
  std::uint32_t flow_capacity = 1u << 18;  // flows a worker
  std::uint32_t dns_facts = 1u << 14;      // a worker remembers of what clients were told by DNS; 0: nothing
  std::uint32_t flow_work = 1u << 20;      // on a flow since it last named something: see stage_inspect.cc
  bool quic_negotiate = false;             // answer a QUIC version that cannot be read with those that can
  bool key_has_vlan = true;
  bool forward_non_ip = true;      // ARP, LLDP, STP ...
  bool forward_malformed = false;  // frames that do not parse
  bool mirror_pending = false;
  bool use_ndpi = true;
  std::uint32_t ndpi_max_packets = 24;  // a flow, both directions; then nDPI gives up with its guess
};

}  // namespace weir
