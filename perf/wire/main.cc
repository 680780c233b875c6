// weir_wire_generator: what perf/wire/wire.py puts beside the device under test. Two memif sockets; with --reflect it
// is the device itself. Else it reads commands from stdin, one a line, and answers each with a line of JSON:
//   establish                      a TLS connection each flow
//   rate SIZE PPS SECONDS          frames of SIZE at a rate; PPS 0: as fast as it goes
//   burst SIZE FRAMES              so many, back to back
// It ends with its input; exit 1: it could not connect, or connections did not come through.
#include <sched.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "perf/wire/generator.h"
#include "perf/wire/reflector.h"

namespace {

using namespace weir::perf;
std::atomic<bool> stop{false};

struct Options {
  std::string inside, outside;  // sockets
  std::uint32_t flows = 10'000;
  std::uint32_t log2_slots = 10;
  int cpu = -1;
  bool reflect = false;
};

int Failed(const std::string& what) {
  std::fprintf(stderr, "weir_wire_generator: %s\n", what.c_str());
  return 1;
}

void Pin(int cpu) {
  if (cpu < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) (void)Failed("CPU " + std::to_string(cpu) + " is not to be had");
}

int RunReflector(const Options& options) {
  auto inside = MemifLink::Serve(options.inside);
  if (!inside) return Failed(inside.error().what);
  auto outside = MemifLink::Serve(options.outside);
  if (!outside) return Failed(outside.error().what);
  signal(SIGTERM, [](int) { stop.store(true); });
  Reflect({&*inside, &*outside}, stop);
  return 0;
}

nlohmann::json AsJson(const TrialResult& result, double ticks_per_second) {
  const auto us = [&](std::uint64_t ticks) { return static_cast<double>(ticks) * 1e6 / ticks_per_second; };
  return {{"offered", result.offered},
          {"refused", result.refused},
          {"received", result.received},
          {"lost", result.offered - result.received},
          {"late", result.late},
          {"damaged", result.damaged},
          {"reordered", result.reordered},
          {"slips", result.slips},
          {"pauses", result.pauses},
          {"paused_seconds", result.paused},
          {"seconds", result.seconds},
          {"began", result.began},
          {"ended", result.ended},
          {"offered_pps", static_cast<double>(result.offered) / result.seconds},
          {"p50_us", us(result.latency.Quantile(0.5))},
          {"p99_us", us(result.latency.Quantile(0.99))},
          {"p999_us", us(result.latency.Quantile(0.999))},
          {"max_us", us(result.latency.most())}};
}

int Obey(Generator& generator, double ticks_per_second) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb;
    TrialOptions trial;
    words >> verb;
    nlohmann::json answer;
    if (verb == "establish") {
      if (!generator.Establish()) return Failed("connections do not come through the device under test");
      answer = {{"established", true}};
    } else if ((verb == "rate" && words >> trial.size >> trial.rate >> trial.seconds) ||
               (verb == "burst" && words >> trial.size >> trial.frames)) {
      if (trial.size < kLeastFrame || trial.size > kMostFrame || trial.size % 2 != 0) return Failed("size: " + line);
      answer = AsJson(generator.Run(trial), ticks_per_second);
    } else {
      return Failed("not understood: " + line);
    }
    std::cout << answer.dump() << std::endl;
  }
  return 0;
}

int RunGenerator(const Options& options) {
  const std::size_t room = Generator::RoomFor(options.flows, 1u << options.log2_slots);
  const auto connect = [&](const std::string& socket) {
    return MemifLink::Connect({socket, static_cast<std::uint8_t>(options.log2_slots), 2048, room});
  };
  auto inside = connect(options.inside);
  if (!inside) return Failed(inside.error().what);
  auto outside = connect(options.outside);
  if (!outside) return Failed(outside.error().what);
  const double ticks_per_second = MeasureTicksPerSecond();
  Generator generator({&*inside, &*outside}, options.flows, ticks_per_second);
  return Obey(generator, ticks_per_second);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"generator of perf/rig wire"};
  app.add_option("inside", options.inside, "memif socket of the clients' side")->required();
  app.add_option("outside", options.outside, "memif socket of the servers' side")->required();
  app.add_option("--flows", options.flows)->check(CLI::Range(1u, 1'000'000u));
  app.add_option("--log2-slots", options.log2_slots, "of each ring")->check(CLI::Range(8, 14));
  app.add_option("--cpu", options.cpu, "the only one it runs on");
  app.add_flag("--reflect", options.reflect, "listen on the sockets and forward");
  CLI11_PARSE(app, argc, argv);
  Pin(options.cpu);
  return options.reflect ? RunReflector(options) : RunGenerator(options);
}
