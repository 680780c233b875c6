// weir_wire_generator: what perf/wire/wire.py puts beside the device under test. Two memif sockets; with --reflect it
// is the device itself. Else it reads commands from stdin, one a line, and answers each with a line of JSON:
//   establish                      a TLS connection each flow
//   rate SIZE PPS SECONDS          frames of SIZE, or imix, at a rate; PPS 0: as fast as it goes
//   burst SIZE FRAMES              so many, back to back
//   connect RATE SECONDS AT_ONCE   whole TLS 1.3 connections, so many a second; 0: AT_ONCE under way all the time
// With --names these are for the servers of that file, whole handshakes that an inspector can follow, and `establish`
// uses them too. It ends with its input; exit 1: it could not connect, or connections did not come through.
#include <sched.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "perf/wire/connections.h"
#include "perf/wire/generator.h"
#include "perf/wire/reflector.h"

namespace {

using namespace weir::perf;
std::atomic<bool> stop{false};

struct Options {
  std::string inside, outside;  // sockets
  std::string names;            // a file
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
          {"busy_seconds", result.busy},
          {"began", result.began},
          {"ended", result.ended},
          {"offered_pps", static_cast<double>(result.offered) / result.seconds},
          {"p50_us", us(result.latency.Quantile(0.5))},
          {"p99_us", us(result.latency.Quantile(0.99))},
          {"p999_us", us(result.latency.Quantile(0.999))},
          {"max_us", us(result.latency.most())}};
}

nlohmann::json AsJson(const ConnectionResult& result, double ticks_per_second) {
  const auto us = [&](std::uint64_t ticks) { return static_cast<double>(ticks) * 1e6 / ticks_per_second; };
  return {{"offered", result.offered},
          {"refused", result.refused},
          {"received", result.completed},
          {"lost", result.offered - result.completed},
          {"late", result.late},
          {"damaged", result.damaged},
          {"reordered", 0},
          {"slips", result.slips},
          {"seconds", result.seconds},
          {"busy_seconds", result.busy},
          {"began", result.began},
          {"ended", result.ended},
          {"offered_pps", static_cast<double>(result.offered) / result.seconds},
          {"p50_us", us(result.latency.Quantile(0.5))},
          {"p99_us", us(result.latency.Quantile(0.99))},
          {"p999_us", us(result.latency.Quantile(0.999))},
          {"max_us", us(result.latency.most())}};
}

// Sizes as Generator takes them; 1: it is none.
std::uint32_t SizeOf(const std::string& word) {
  if (word == "imix") return kImix;
  std::uint32_t size = 1;
  (void)std::from_chars(word.data(), word.data() + word.size(), size);
  return size >= kLeastFrame && size <= kMostFrame && size % 2 == 0 ? size : 1;
}

// The line of JSON that answers; none: why not is told.
std::optional<nlohmann::json> Answer(const std::string& line, Generator& generator, Connections* connections,
                                     double ticks_per_second) {
  std::istringstream words(line);
  std::string verb, size;
  words >> verb;
  if (verb == "establish") {
    if (generator.Establish()) return nlohmann::json{{"established", true}, {"ticks_per_second", ticks_per_second}};
    (void)Failed("connections do not come through the device under test");
    return std::nullopt;
  }
  ConnectionTrial connect;
  if (verb == "connect" && connections != nullptr && words >> connect.rate >> connect.seconds >> connect.at_once) {
    generator.Forget();
    return AsJson(connections->Run(connect), ticks_per_second);
  }
  TrialOptions trial;
  if ((verb == "rate" && words >> size >> trial.rate >> trial.seconds) ||
      (verb == "burst" && words >> size >> trial.frames)) {
    trial.size = SizeOf(size);
    if (trial.size != 1) return AsJson(generator.Run(trial), ticks_per_second);
  }
  (void)Failed("not understood: " + line);
  return std::nullopt;
}

int RunGenerator(const Options& options) {
  const std::size_t room = Generator::RoomFor(options.flows, 1u << options.log2_slots);
  const auto connect = [&](const std::string& socket) {
    return MemifLink::Connect({socket, static_cast<std::uint8_t>(options.log2_slots), 2048, room});
  };
  const auto talks = options.names.empty() ? std::optional<Talks>(Talks{}) : ReadTalks(options.names);
  if (!talks) return Failed(options.names + ": no names");
  auto inside = connect(options.inside);
  if (!inside) return Failed(inside.error().what);
  auto outside = connect(options.outside);
  if (!outside) return Failed(outside.error().what);
  const std::array<MemifLink*, 2> links = {&*inside, &*outside};
  const double ticks_per_second = MeasureTicksPerSecond();
  Generator generator = talks->empty() ? Generator(links, options.flows, ticks_per_second)
                                       : Generator(links, options.flows, ticks_per_second, *talks);
  std::optional<Connections> connections;
  if (!talks->empty()) connections.emplace(links, *talks, options.flows, ticks_per_second);
  for (std::string line; std::getline(std::cin, line);) {
    const auto answer = Answer(line, generator, connections ? &*connections : nullptr, ticks_per_second);
    if (!answer) return 1;
    std::cout << answer->dump() << std::endl;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"generator of perf/rig wire"};
  app.add_option("inside", options.inside, "memif socket of the clients' side")->required();
  app.add_option("outside", options.outside, "memif socket of the servers' side")->required();
  app.add_option("--flows", options.flows)->check(CLI::Range(1u, 1'000'000u));
  app.add_option("--names", options.names, "file of server names: connections are whole");
  app.add_option("--log2-slots", options.log2_slots, "of each ring")->check(CLI::Range(8, 14));
  app.add_option("--cpu", options.cpu, "the only one it runs on");
  app.add_flag("--reflect", options.reflect, "listen on the sockets and forward");
  CLI11_PARSE(app, argc, argv);
  Pin(options.cpu);
  return options.reflect ? RunReflector(options) : RunGenerator(options);
}
