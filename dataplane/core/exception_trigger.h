#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace weir {

// What can be exceeded. Add one here, in kTriggerNames, and where it happens.
enum class ExceptionTrigger : std::uint8_t {
  kFlowTableFull,  // a new flow and no record for it
  kTcpBudget,      // out-of-order or retained bytes of one direction
  kReaderBudget,   // a handshake or a request head
  kMidstream,      // a TCP connection whose handshake was not seen
};
inline constexpr std::array<std::string_view, 4> kTriggerNames = {"flow_table_full", "tcp_budget", "reader_budget",
                                                                  "midstream"};
constexpr std::size_t Index(ExceptionTrigger trigger) noexcept { return static_cast<std::size_t>(trigger); }

}  // namespace weir
