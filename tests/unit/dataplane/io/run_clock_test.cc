#include "dataplane/io/run_clock.h"

#include <gtest/gtest.h>

#include <ctime>

namespace weir {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

// A clock beside the monotonic one it started with.
struct Clock {
  RunClock clock;
  std::int64_t monotonic;
  std::int64_t offset;
  Clock() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    monotonic = now.tv_sec * kSecond + now.tv_nsec / 1000 + 10 * kSecond;
    const Timestamp first = clock.At(monotonic, monotonic + kSecond * 1'000'000'000);
    offset = first.us - monotonic;
  }
};

TEST(RunClock, GoesOnWithTheMonotonicClock) {
  Clock c;
  EXPECT_EQ(c.clock.At(c.monotonic + 500, 0).us, c.monotonic + 500 + c.offset);
}

TEST(RunClock, MakesUpAStepOfTheWallClockSlowly) {
  Clock c;
  const std::int64_t wall_ahead = c.monotonic + c.offset + 3600 * kSecond;
  EXPECT_EQ(c.clock.At(c.monotonic + kSecond, wall_ahead + kSecond).us - (c.monotonic + kSecond + c.offset),
            RunClock::kSlewUs);
  EXPECT_EQ(c.clock.At(c.monotonic + 2 * kSecond, wall_ahead + 2 * kSecond).us - (c.monotonic + 2 * kSecond + c.offset),
            2 * RunClock::kSlewUs);
}

TEST(RunClock, NeverRunsBackwards) {
  Clock c;
  Timestamp last = c.clock.At(c.monotonic, c.monotonic + c.offset);
  for (int i = 1; i < 100; ++i) {
    const Timestamp next = c.clock.At(c.monotonic + i * 1000, 0);
    EXPECT_GE(next, last);
    last = next;
  }
  EXPECT_GE(c.clock.At(c.monotonic - kSecond, 0), last);
}

TEST(RunClock, BeginsAtTheWallClock) {
  EXPECT_NEAR(static_cast<double>(RunClock().Now().us), static_cast<double>(std::time(nullptr)) * 1e6, 2e6);
}

}  // namespace
}  // namespace weir
