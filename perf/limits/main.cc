// weir_limits: what hostile traffic costs a worker in time and memory (perf/README.md).
//   weir_limits --flow-bytes      what an undecided flow takes, step by step
//   weir_limits [--smoke] [--json] [--list] [NAME...]     scenarios whose name begins with a NAME
// Each scenario runs in a process of its own, so that its memory is its own. Exit 1: a
// verdict or a frame of an established flow was lost, a frame is in no counter, or the
// memory budget was exceeded. Never because of time.
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "perf/limits/flow_bytes.h"
#include "perf/limits/scenarios.h"

namespace weir::perf {
namespace {

struct Options {
  bool smoke = false;
  bool json = false;
  bool list = false;
  bool flow_bytes = false;
  std::vector<std::string> names;
};

constexpr double kMib = 1 << 20;
constexpr double kHarnessMib = 20;  // what the yardstick and the innocent connections take themselves

// What the attack may let the process grow by, as configured; 0: the settings have no
// such budget. Fragments have one of their own; the flow table comes on top of what
// undecided flows hold.
template <class Settings>
double BudgetMib(const Settings& settings, const Scenario& scenario) {
  if constexpr (requires { settings.memory_bytes; }) {
    if (scenario.fragments) return static_cast<double>(settings.defrag.bytes) / kMib;
    return (settings.flow_capacity * 145.0 + static_cast<double>(settings.memory_bytes)) / kMib;
  }
  return 0;
}

// So small that a short run reaches every limit.
template <class Settings>
void MakeSmall(Settings& settings) {
  settings.flow_capacity = 4096;
  settings.defrag.bytes = 4u << 20;
  if constexpr (requires { settings.memory_bytes; }) settings.memory_bytes = 16u << 20;
}

std::optional<Findings> RunApart(const Startup& mine, const Scenario& scenario, bool smoke) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) return std::nullopt;
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    close(pipe_ends[0]);
    const std::uint32_t units = smoke ? scenario.smoke_units : scenario.units;
    LabOptions options;
    options.expected_packets = std::uint64_t{units} * scenario.packets_each;
    options.established = smoke ? 200 : 2000;
    options.ns_packet = scenario.ns_packet;
    Lab lab(mine, options);
    scenario.run(lab, scenario, units);
    const Findings found = lab.Finish();
    const bool sent = write(pipe_ends[1], &found, sizeof found) == sizeof found;
    _exit(sent ? 0 : 1);
  }
  close(pipe_ends[1]);
  Findings found;
  const bool got = child > 0 && read(pipe_ends[0], &found, sizeof found) == sizeof found;
  close(pipe_ends[0]);
  int status = 0;
  if (child > 0) waitpid(child, &status, 0);
  return got && status == 0 ? std::optional(found) : std::nullopt;
}

void Print(const Scenario& scenario, const Findings& f, double budget, bool json) {
  if (json) {
    fmt::print(
        "{{\"scenario\":\"{}\",\"packets\":{},\"forwarded\":{},\"ns_packet\":{:.0f},\"ns_normal\":{:.0f},\"ratio\":{:."
        "2f},"
        "\"worst_ratio\":{:.2f},\"worst_burst_us\":{:.0f},\"worst_tick_ms\":{:.2f},\"rss_before_mib\":{:.1f},"
        "\"rss_growth_mib\":{:.1f},\"budget_mib\":{:.0f},\"established\":{},\"kept\":{},\"lost\":{},\"innocent\":{},"
        "\"innocent_opened\":{}}}\n",
        scenario.name, f.packets, f.forwarded, f.ns_packet, f.ns_normal, f.ratio, f.worst_ratio, f.worst_burst_us,
        f.worst_tick_ms, f.rss_before_mib, f.rss_growth_mib, budget, f.established, f.kept, f.lost, f.tried, f.opened);
  } else {
    const std::string memory = budget == 0 ? fmt::format("{:.0f}/none", f.rss_growth_mib)
                                           : fmt::format("{:.0f}/{:.0f}", f.rss_growth_mib, budget);
    fmt::print("{:<22} {:>8} {:>5.1f} {:>7.0f} {:>7.0f} {:>7.2f} {:>7.2f} {:>8.0f} {:>8.2f} {:>10} {:>9} {:>4} {:>9}\n",
               scenario.name, f.packets, 100.0 * static_cast<double>(f.forwarded) / static_cast<double>(f.packets),
               f.ns_packet, f.ns_normal, f.ratio, f.worst_ratio, f.worst_burst_us, f.worst_tick_ms, memory,
               fmt::format("{}/{}", f.kept, f.established), f.lost, fmt::format("{}/{}", f.opened, f.tried));
  }
  std::fflush(stdout);
}

bool Wanted(const Options& options, std::string_view name) {
  if (options.names.empty()) return true;
  for (const std::string& want : options.names) {
    if (name.substr(0, want.size()) == want) return true;
  }
  return false;
}

int RunAll(const Options& options) {
  auto startup = LoadStartup({});
  if (!startup) return std::fprintf(stderr, "the shipped data does not load\n"), 2;
  if (options.flow_bytes) return PrintFlowBytes(*startup), 0;
  if (!options.json && !options.list) {
    fmt::print("{:<22} {:>8} {:>5} {:>7} {:>7} {:>7} {:>7} {:>8} {:>8} {:>10} {:>9} {:>4} {:>9}\n", "scenario",
               "packets", "fwd %", "ns/pkt", "normal", "ratio", "worst", "burst us", "tick ms", "+MiB/of", "kept",
               "lost", "innocents");
  }
  bool good = true;
  for (const std::span<const Scenario> table : {Floods(), Streams(), Datagrams()}) {
    for (const Scenario& scenario : table) {
      if (!Wanted(options, scenario.name)) continue;
      if (options.list) {
        fmt::print("{:<22} {}\n", scenario.name, scenario.what);
        continue;
      }
      Startup mine = *startup;
      if (scenario.evict) mine.config.engine.exceptions[ExceptionTrigger::kFlowTableFull] = ExceptionAction::kIgnore;
      if (options.smoke) MakeSmall(mine.config.engine);
      const double budget = BudgetMib(mine.config.engine, scenario);
      const auto found = RunApart(mine, scenario, options.smoke);
      if (!found) {
        std::fprintf(stderr, "%s: ended early\n", std::string(scenario.name).c_str());
        good = false;
        continue;
      }
      Print(scenario, *found, budget, options.json);
      good = good && found->kept == found->established && found->lost == 0 && found->unaccounted == 0 &&
             found->yardstick_dropped == 0 && (budget == 0 || found->rss_growth_mib <= budget + kHarnessMib);
    }
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace weir::perf

int main(int argc, char** argv) {
  weir::perf::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--smoke") {
      options.smoke = true;
    } else if (arg == "--json") {
      options.json = true;
    } else if (arg == "--flow-bytes") {
      options.flow_bytes = true;
    } else if (arg == "--list") {
      options.list = true;
    } else {
      options.names.emplace_back(arg);
    }
  }
  return weir::perf::RunAll(options);
}
