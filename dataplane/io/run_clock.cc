#include "dataplane/io/run_clock.h"

#include <time.h>

#include <algorithm>

namespace weir {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

std::int64_t Read(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * kSecondUs + now.tv_nsec / 1000;
}

}  // namespace

RunClock::RunClock() noexcept {
  slewed_at_us_ = Read(CLOCK_MONOTONIC);
  offset_us_ = Read(CLOCK_REALTIME) - slewed_at_us_;
}

Timestamp RunClock::Now() noexcept {
  const std::int64_t monotonic = Read(CLOCK_MONOTONIC);
  // The wall clock is asked once a second.
  if (monotonic - slewed_at_us_ < kSecondUs) return At(monotonic, monotonic + offset_us_);
  return At(monotonic, Read(CLOCK_REALTIME));
}

Timestamp RunClock::At(std::int64_t monotonic_us, std::int64_t wall_us) noexcept {
  if (monotonic_us - slewed_at_us_ >= kSecondUs) {
    slewed_at_us_ = monotonic_us;
    offset_us_ += std::clamp(wall_us - (monotonic_us + offset_us_), -kSlewUs, kSlewUs);
  }
  last_ = std::max(last_, Timestamp{monotonic_us + offset_us_});
  return last_;
}

}  // namespace weir
