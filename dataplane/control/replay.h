#pragma once
#include <string>
#include <vector>

#include "dataplane/control/startup.h"
#include "dataplane/control/summary.h"

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
  bool progress = false;  // packets read, on stderr, twice a second
};

struct ReplayResult : Summary {
  std::uint64_t frames_read = 0;
  std::uint64_t frames_written = 0;  // to -o
};

// Runs captures through the pipeline as one stream of packets in the capture's
// time. With one worker everything written is the same, byte for byte, on every
// run; more workers run as threads on the flows' shares, and forwarded frames
// are merged in the order of the input.
//
// kInvalidArgument: the inputs or their link types do not fit (nothing was run);
// other errors: failed while running, or the frames do not add up.
[[nodiscard]] Result<ReplayResult> Replay(const ReplayOptions& options, const Startup& startup);

}  // namespace weir
