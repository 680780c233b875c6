#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "perf/limits/lab.h"

namespace weir::perf {

// An attack on one limit. `units` (flows, datagrams or packets, as `run` says) scales it.
struct Scenario {
  std::string_view name;
  std::string_view what;
  std::uint32_t units = 0;
  std::uint32_t smoke_units = 0;
  std::uint32_t packets_each = 1;  // packets a unit, about
  bool ipv6 = false;
  bool evict = false;             // exceptions.flow_table_full: ignore
  bool fragments = false;         // limited by what the defragmenter may hold
  std::int64_t ns_packet = 1000;  // worker time between two packets
  void (*run)(Lab& lab, const Scenario& scenario, std::uint32_t units) = nullptr;
};

// One table each: scenarios_floods.cc, scenarios_streams.cc, scenarios_datagrams.cc.
[[nodiscard]] std::span<const Scenario> Floods() noexcept;
[[nodiscard]] std::span<const Scenario> Streams() noexcept;
[[nodiscard]] std::span<const Scenario> Datagrams() noexcept;

}  // namespace weir::perf
