#pragma once
#include <compare>
#include <cstdint>

namespace weir {

// A point in time: microseconds since the Unix epoch (UTC). In `run` it is the
// wall clock read once a burst; in `replay` it is the capture's time, clamped
// so that it never runs backwards.
struct Timestamp {
  std::int64_t us = 0;
  friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
  [[nodiscard]] constexpr std::int64_t ms() const { return us / 1000; }
};

constexpr std::int64_t operator-(Timestamp a, Timestamp b) { return a.us - b.us; }

}  // namespace weir
