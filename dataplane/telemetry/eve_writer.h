#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/core/result.h"
#include "dataplane/telemetry/counters.h"
#include "dataplane/telemetry/event_ring.h"

namespace weir {

struct EveOptions {
  std::string path;  // .../eve.json; truncated (replay) or appended to (run)
  bool append = false;
  std::uint32_t stats_interval_ms = 0;  // 0: a stats event at the end only
};

// The thread that turns events into EVE JSON lines. A write error is remembered,
// counted in lost(), logged once; the packet path goes on.
class EveWriter {
 public:
  // `rings` must outlive the writer. `snapshot` is called on the writer's thread.
  static Result<std::unique_ptr<EveWriter>> Start(const EveOptions& options, std::vector<EventRing*> rings,
                                                  std::function<WorkerCounters()> snapshot);
  ~EveWriter();
  // Writes all that was pushed, a last stats event stamped `now`, closes. Fails if any line could not be written.
  Result<void> Stop(Timestamp now);
  [[nodiscard]] std::uint64_t written() const noexcept;
  [[nodiscard]] std::uint64_t lost() const noexcept;

 private:
  EveWriter();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
