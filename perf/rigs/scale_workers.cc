#include "perf/rigs/scale_workers.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <fstream>
#include <thread>

#include "perf/rigs/measure.h"

namespace weir::perf {
namespace {

enum Load : std::size_t { kEstablished, kNewFlows, kLoads };
constexpr std::array<std::string_view, kLoads> kNames = {"established", "new flows"};

// The first two that this process may run on.
std::vector<int> Cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof allowed, &allowed);
  std::vector<int> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE && cores.size() < 2; ++cpu)
    if (CPU_ISSET(cpu, &allowed)) cores.push_back(cpu);
  return cores;
}

struct Ticks {
  std::uint64_t all = 0, idle = 0;
};

Ticks TicksOf(int cpu) {
  std::ifstream in("/proc/stat");
  const std::string wanted = "cpu" + std::to_string(cpu);
  Ticks ticks;
  for (std::string word; in >> word;) {
    if (word != wanted) continue;
    for (int column = 0; column < 8; ++column) {
      std::uint64_t value = 0;
      in >> value;
      ticks.all += value;
      if (column == 3) ticks.idle = value;
    }
    break;
  }
  return ticks;
}

void WarnIfBusy(const std::vector<int>& cores) {
  std::vector<Ticks> before;
  for (const int cpu : cores) before.push_back(TicksOf(cpu));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  for (std::size_t i = 0; i < cores.size(); ++i) {
    const Ticks now = TicksOf(cores[i]);
    const double busy = 1 - static_cast<double>(now.idle - before[i].idle) /
                                static_cast<double>(std::max<std::uint64_t>(now.all - before[i].all, 1));
    if (busy > 0.1)
      fmt::print("warning: core {} is {:.0f} % busy; two workers against one need two idle cores\n", cores[i],
                 busy * 100);
  }
}

void BindTo(int cpu) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  pthread_setaffinity_np(pthread_self(), sizeof one, &one);
}

struct Crew {
  const ScaleOptions& options;
  const NewTls& tls;
  std::vector<int> cores;
  std::vector<std::unique_ptr<Subject>> subjects;  // one a core

  double Work(Subject& subject, Load load, bool judge) const {
    return load == kEstablished ? subject.Established(options.frames / 16, 64, judge)
                                : subject.NewFlows(options.connections / 16, tls, judge);
  }
  // Items a ns of all workers `first` to `last` at once. Each goes on until all have done their share, so that none
  // ever works alone.
  double Rate(Load load, std::size_t first, std::size_t last) const {
    std::vector<double> rates(last - first);
    std::barrier together(static_cast<std::ptrdiff_t>(rates.size()));
    std::atomic<std::size_t> ready = 0;
    std::vector<std::thread> threads;
    for (std::size_t i = first; i < last; ++i) {
      threads.emplace_back([&, i] {
        BindTo(cores[i]);
        const double stamp = Work(*subjects[i], load, false);
        together.arrive_and_wait();
        double net = 0;
        unsigned shares = 0;
        for (bool counted = false; ready < rates.size(); ++shares) {
          net += Work(*subjects[i], load, true) - stamp;
          if (shares + 1 >= 16 && !counted) ++ready, counted = true;
        }
        rates[i - first] = shares / net;
      });
    }
    for (std::thread& each : threads) each.join();
    double sum = 0;
    for (const double rate : rates) sum += rate;
    return sum;
  }
};

nlohmann::json Measure(const Crew& crew, Load load) {
  std::vector<double> one, two, ratio;
  for (unsigned round = 0; round <= crew.options.rounds; ++round) {
    const std::size_t alone = round % 2;
    double single = 0, both = 0;
    for (const bool pair : {round % 2 == 0, round % 2 != 0})
      (pair ? both : single) = pair ? crew.Rate(load, 0, 2) : crew.Rate(load, alone, alone + 1);
    if (round == 0) continue;  // warms
    one.push_back(single * 1e3), two.push_back(both * 1e3), ratio.push_back(both / single);
  }
  const Spread a = Of(one), b = Of(two), r = Of(ratio);
  fmt::print("{:12} {:9.3f} ({:7.3f} ..{:8.3f}) {:9.3f} ({:7.3f} ..{:8.3f}) {:6.2f} ({:.2f} .. {:.2f})\n", kNames[load],
             a.median, a.low, a.high, b.median, b.low, b.high, r.median, r.low, r.high);
  std::fflush(stdout);
  return {{"load", kNames[load]},
          {"one_m_per_s", {{"median", a.median}, {"low", a.low}, {"high", a.high}}},
          {"two_m_per_s", {{"median", b.median}, {"low", b.low}, {"high", b.high}}},
          {"two_over_one", {{"median", r.median}, {"low", r.low}, {"high", r.high}}}};
}

}  // namespace

nlohmann::json ScaleWorkers(const ScaleOptions& options, const Startup& startup, const NewTls& tls) {
  Crew crew{options, tls, Cores(), {}};
  if (crew.cores.size() < 2) {
    fmt::print("warning: one core only; the part `workers` is left out\n");
    return nlohmann::json::array();
  }
  WarnIfBusy(crew.cores);
  for (std::size_t i = 0; i < crew.cores.size(); ++i)
    if (crew.subjects.push_back(Subject::Create(startup, options.live, options.connections)); !crew.subjects.back())
      return fmt::print(stderr, "weir_rig: a worker with {} flows could not be made\n", options.live), nullptr;
  fmt::print("\n{:12} {:>29} {:>29} {:>6}\n", "workers", "1: M/s", "2: M/s", "2 / 1 (rate)");
  nlohmann::json rows = nlohmann::json::array();
  for (const Load load : {kEstablished, kNewFlows}) rows.push_back(Measure(crew, load));
  for (const auto& each : crew.subjects)
    if (const std::string defect = each->Defect(); !defect.empty())
      return fmt::print(stderr, "weir_rig: workers: {}\n", defect), nullptr;
  return rows;
}

}  // namespace weir::perf
