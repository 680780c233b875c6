#pragma once
#include <string>
#include <vector>

#include "dataplane/control/startup.h"
#include "dataplane/telemetry/counters.h"
#include "dataplane/telemetry/flow_summary.h"

namespace weir {

struct ReplayOptions {
  StartupOptions startup;
  std::vector<std::string> captures;
  std::string log_dir = "./weir-log";
  std::string out;         // -o: what left the box
  std::string mirror_out;  // -m
  std::string injected;    // --injected
  bool verify_checksums = true;
  std::uint32_t workers = 1;
};

struct ReplayResult {
  WorkerCounters counters;
  FlowSummary flows;
  std::uint64_t frames_read = 0;
  std::uint64_t frames_written = 0;  // to -o
  std::uint64_t times_clamped = 0;   // the capture's time ran backwards
  std::uint64_t events_written = 0;
  std::uint64_t events_lost = 0;
  double wall_seconds = 0;
  double capture_seconds = 0;
  std::uint32_t generation = 0;
};

// Runs captures through the pipeline as one stream of packets in the capture's
// time. With one worker everything written is the same, byte for byte, on every
// run; more workers run as threads on the flows' shares, and forwarded frames
// are merged in the order of the input.
//
// kInvalidArgument: the inputs or their link types do not fit (nothing was run);
// other errors: failed while running, or the frames do not add up.
[[nodiscard]] Result<ReplayResult> Replay(const ReplayOptions& options, const Startup& startup);

// The summary for a person (columns fit 100 characters) or a program.
[[nodiscard]] std::string SummaryTable(const ReplayResult& result);
[[nodiscard]] std::string SummaryJson(const ReplayResult& result);

}  // namespace weir
