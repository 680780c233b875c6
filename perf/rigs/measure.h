#pragma once
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <vector>

namespace weir::perf {

// CPU time in ns: of this thread, or of the whole process. What other programs take is not in it.
[[nodiscard]] inline double CpuNs(clockid_t clock = CLOCK_THREAD_CPUTIME_ID) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

[[nodiscard]] inline std::size_t ResidentBytes() {
  std::ifstream in("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

struct Spread {
  double median, low, high;
};
// Precondition: at least one value.
[[nodiscard]] inline Spread Of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front(), values.back()};
}

}  // namespace weir::perf
