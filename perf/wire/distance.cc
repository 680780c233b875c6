// weir_cpu_distance CPU CPU: nanoseconds (median) that a cache line takes from one CPU to the other and back, as JSON.
// A virtual machine's CPUs may stand in one group of the host's cores that share a cache at one moment and in two at
// the next, and what passes frames from one to the other is then slower by times. Exit 1: a CPU is not to be had.
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "perf/wire/ticks.h"

namespace {

constexpr std::size_t kTrips = 8192;  // some milliseconds, where another program has half of a CPU too

struct alignas(128) Line {
  std::atomic<std::uint32_t> turn{0};  // odd: the other one's
};

bool Pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (cpu < 0 || cpu >= CPU_SETSIZE) return false;
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

double MedianTripNs(Line& line) {
  std::vector<std::uint64_t> took(kTrips);
  std::uint32_t turn = 0;
  const double began = weir::perf::Seconds(CLOCK_MONOTONIC);
  const std::uint64_t first = weir::perf::Ticks();
  for (std::uint64_t& each : took) {
    const std::uint64_t start = weir::perf::Ticks();
    line.turn.store(++turn, std::memory_order_release);
    ++turn;
    while (line.turn.load(std::memory_order_acquire) != turn) {
    }
    each = weir::perf::Ticks() - start;
  }
  const auto ticks = static_cast<double>(weir::perf::Ticks() - first);
  const double seconds = weir::perf::Seconds(CLOCK_MONOTONIC) - began;
  std::nth_element(took.begin(), took.begin() + kTrips / 2, took.end());
  return static_cast<double>(took[kTrips / 2]) / ticks * seconds * 1e9;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 || !Pin(std::atoi(argv[1]))) return 1;
  Line line;
  std::atomic<int> state{0};  // 1: the other one answers; 2: it has no CPU; 3: done
  std::thread other([&] {
    state = Pin(std::atoi(argv[2])) ? 1 : 2;
    while (state.load(std::memory_order_relaxed) == 1) {
      const std::uint32_t turn = line.turn.load(std::memory_order_acquire);
      if (turn % 2 == 1) line.turn.store(turn + 1, std::memory_order_release);
    }
  });
  while (state == 0) std::this_thread::yield();
  const bool able = state == 1;
  if (able) std::printf("{\"round_trip_ns\": %.0f}\n", MedianTripNs(line));
  state = 3;
  other.join();
  return able ? 0 : 1;
}
