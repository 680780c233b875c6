#pragma once
#include "dataplane/core/clock.h"

namespace weir {

// Time of a running appliance: the wall clock at its start, carried on by the
// monotonic clock, so that a step of the wall clock neither ends flows nor runs
// backwards; a difference is made up by at most kSlewUs a second. One thread.
class RunClock {
 public:
  static constexpr std::int64_t kSlewUs = 10'000;

  RunClock() noexcept;
  [[nodiscard]] Timestamp Now() noexcept;

  // What Now() is made of; apart for tests. Microseconds.
  [[nodiscard]] Timestamp At(std::int64_t monotonic_us, std::int64_t wall_us) noexcept;

 private:
  std::int64_t offset_us_ = 0;
  std::int64_t slewed_at_us_ = 0;
  Timestamp last_{};
};

}  // namespace weir
