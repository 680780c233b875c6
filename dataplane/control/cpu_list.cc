#include "dataplane/control/cpu_list.h"

#include <charconv>

namespace weir {

Result<std::vector<int>> ParseCpuList(const std::string& text) {
  std::vector<int> cpus;
  const auto wrong = [&] { return Fail(Errc::kInvalidArgument, "'" + text + "' is no list of CPUs (right: 1,4-6)"); };
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    int first = 0;
    auto parsed = std::from_chars(at, end, first);
    int last = first;
    if (parsed.ec == std::errc{} && parsed.ptr != end && *parsed.ptr == '-')
      parsed = std::from_chars(parsed.ptr + 1, end, last);
    if (parsed.ec != std::errc{} || first < 0 || last < first || last > 4095) return wrong();
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    at = parsed.ptr;
    if (at == end) break;
    if (*at != ',' || ++at == end) return wrong();
  }
  return cpus;
}

}  // namespace weir
