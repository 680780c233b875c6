#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/io/port.h"
#include "dataplane/telemetry/counters.h"
#include "dataplane/telemetry/flow_summary.h"

namespace weir {

struct PortReport {
  std::string device;
  bool is_mirror = false;
  PortCounters counters;
};

// What a replay or a run comes to.
struct Summary {
  WorkerCounters counters;  // of all workers
  FlowSummary flows;
  std::uint64_t times_clamped = 0;  // replay: the capture's time ran backwards
  std::uint64_t events_written = 0;
  std::uint64_t events_lost = 0;
  double wall_seconds = 0;
  double capture_seconds = 0;  // replay: of traffic
  std::uint32_t generation = 0;
  std::vector<PortReport> ports;  // run
  std::string defect;             // run: what does not add up or was not written; empty: nothing
};

// Adds one worker's counters to a sum.
void AddCounters(WorkerCounters& sum, const WorkerCounters& worker) noexcept;

// For a person (columns fit 100 characters) or a program.
[[nodiscard]] std::string SummaryTable(const Summary& summary);
[[nodiscard]] std::string SummaryJson(const Summary& summary);

}  // namespace weir
