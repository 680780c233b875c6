#pragma once
#include <array>
#include <cstdint>

#include "dataplane/core/drop_reason.h"
#include "dataplane/core/exception_trigger.h"

namespace weir {

// What one worker counted. Written by its worker only; others read single
// fields while it runs (torn sums are possible, torn fields are not).
// Conservation, at any idle moment:
//   rx_packets = forwarded_packets + sum(dropped_packets) + held_packets.
struct WorkerCounters {
  std::uint64_t rx_packets = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t forwarded_packets = 0;
  std::uint64_t forwarded_bytes = 0;
  std::uint64_t held_packets = 0;  // fragments waiting for their datagram: a level, not a total
  std::array<std::uint64_t, kDropReasonCount> dropped_packets{};
  std::array<std::uint64_t, kDropReasonCount> dropped_bytes{};
  std::uint64_t injected_packets = 0;          // reset and ICMP frames of ours
  std::uint64_t injected_dropped_packets = 0;  // of ours too, but not sent: no frame, or the driver refused
  std::uint64_t mirrored_packets = 0;          // handed to the mirror port
  std::uint64_t mirror_dropped_packets = 0;
  std::uint64_t flows_created = 0;
  std::uint64_t flows_ended = 0;
  std::uint64_t flows_evicted = 0;
  std::uint64_t undecided_bytes = 0;  // what flows not yet decided hold: a level
  std::uint64_t alerts = 0;
  std::uint64_t tcp_urgent_cleared = 0;
  std::uint64_t busy_cycles = 0;                  // run: of the time stamp counter, in rounds that brought frames
  std::array<std::uint64_t, 16> reader_events{};  // by bit of ReaderEvent
  std::array<std::uint64_t, kTriggerCount> exceptions{};  // by ExceptionTrigger

  [[nodiscard]] std::uint64_t dropped_total() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t n : dropped_packets) sum += n;
    return sum;
  }
};

}  // namespace weir
