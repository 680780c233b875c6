#pragma once
#include <time.h>

#include <array>
#include <bit>
#include <cstdint>

namespace weir::perf {

// The CPU's time stamp counter: constant rate, read in some 10 ns.
[[nodiscard]] inline std::uint64_t Ticks() noexcept { return __builtin_ia32_rdtsc(); }

[[nodiscard]] inline double Seconds(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Its rate, held against CLOCK_MONOTONIC for 50 ms.
[[nodiscard]] inline double MeasureTicksPerSecond() noexcept {
  const double start = Seconds(CLOCK_MONOTONIC);
  const std::uint64_t first = Ticks();
  double now = start;
  while (now - start < 0.05) now = Seconds(CLOCK_MONOTONIC);
  return static_cast<double>(Ticks() - first) / (now - start);
}

// Counts of values by size, 32 steps an octave: a value is told within 3 %.
class Histogram {
 public:
  void Add(std::uint64_t value, std::uint32_t times) noexcept {
    counts_[BucketOf(value)] += times;
    total_ += times;
    if (value > most_) most_ = value;
  }
  [[nodiscard]] std::uint64_t most() const noexcept { return most_; }
  // The least value that `share` of all are not above, or 0 where there is none.
  [[nodiscard]] std::uint64_t Quantile(double share) const noexcept {
    std::uint64_t below = 0;
    const double wanted = share * static_cast<double>(total_);
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      below += counts_[i];
      if (total_ > 0 && static_cast<double>(below) >= wanted) return UpperEnd(i) < most_ ? UpperEnd(i) : most_;
    }
    return 0;
  }

 private:
  static constexpr unsigned kLog = 5;
  [[nodiscard]] static std::size_t BucketOf(std::uint64_t value) noexcept {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width <= kLog + 1) return static_cast<std::size_t>(value);
    const unsigned shift = width - kLog - 1;
    return (std::size_t{shift} << kLog) + static_cast<std::size_t>(value >> shift);
  }
  [[nodiscard]] static std::uint64_t UpperEnd(std::size_t bucket) noexcept {
    if (bucket < std::size_t{2} << kLog) return bucket;
    const std::size_t shift = (bucket >> kLog) - 1;
    return ((std::uint64_t{bucket} - (shift << kLog) + 1) << shift) - 1;
  }

  std::array<std::uint64_t, std::size_t{64 - kLog + 1} << kLog> counts_{};
  std::uint64_t total_ = 0, most_ = 0;
};

}  // namespace weir::perf
