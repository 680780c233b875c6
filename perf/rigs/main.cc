#include <CLI/CLI.hpp>

#include "perf/rigs/rigs.h"

namespace {

void AddConnections(CLI::App& app, weir::perf::ConnectionsOptions& options) {
  CLI::App* connections = app.add_subcommand("connections", "new TLS and QUIC flows a second, one worker, EVE on");
  connections->add_option("--kinds", options.kinds, "tls, quic")->delimiter(',')->check(CLI::IsMember({"tls", "quic"}));
  connections->add_option("--flows", options.flows, "a round")->check(CLI::Range(4096, 1 << 22));
  connections->add_option("--names", options.names, "that differ; one in five barred")->check(CLI::Range(5, 10'000));
  connections->add_option("--initials", options.initials, "sealed in advance")->check(CLI::Range(200, 1 << 18));
  connections->add_option("--live", options.live, "flows that wait for their end")->check(CLI::Range(4096, 1 << 23));
  connections->add_option("--rounds", options.rounds)->check(CLI::Range(1, 99));
  connections->add_option("--eve", options.eve, "where events go; else a file in /dev/shm that is removed");
  connections->add_option("--json", options.json, "results into this file too");
}

void AddScale(CLI::App& app, weir::perf::ScaleOptions& options) {
  CLI::App* scale = app.add_subcommand("scale", "cost by rules, flows, packet size, undecided packets, workers");
  scale->add_option("--parts", options.parts, "rules, flows, sizes, undecided, workers")
      ->delimiter(',')
      ->check(CLI::IsMember(options.parts));
  scale->add_option("--rules", options.rules, "on names, a list with commas")
      ->delimiter(',')
      ->check(CLI::Range(0, 200'000));
  scale->add_option("--flows", options.flows, "that passed")->delimiter(',')->check(CLI::Range(1'000, 3'000'000));
  scale->add_option("--sizes", options.sizes, "bytes on the wire")->delimiter(',')->check(CLI::Range(64, 1518));
  scale->add_option("--undecided", options.undecided, "permille of packets")
      ->delimiter(',')
      ->check(CLI::Range(0, 1000));
  scale->add_option("--live", options.live, "flows that passed, where --flows does not say")
      ->check(CLI::Range(32, 3'000'000));
  scale->add_option("--frames", options.frames, "a turn")->check(CLI::Range(1 << 12, 1 << 26));
  scale->add_option("--connections", options.connections, "new ones a turn")->check(CLI::Range(512, 1 << 18));
  scale->add_option("--rounds", options.rounds)->check(CLI::Range(1, 99));
  scale->add_option("--json", options.json, "results into this file too");
}

}  // namespace

int main(int argc, char** argv) {
  using namespace weir::perf;
  CLI::App app{"weir beside plain forwarders (perf/README.md)"};
  app.require_subcommand(1);
  CLI::App* pipeline = app.add_subcommand("pipeline", "packets in memory, one thread");
  PipelineOptions options;
  bool brief = false;
  std::vector<std::string> sizes;
  pipeline->add_option("--flows", options.flows, "how many, a list with commas")
      ->delimiter(',')
      ->check(CLI::Range(1'000, 16'000'000));
  pipeline->add_option("--sizes", sizes, "64, imix, 1518")
      ->delimiter(',')
      ->check(CLI::IsMember({"64", "imix", "1518"}));
  pipeline->add_option("--rounds", options.rounds)->check(CLI::Range(1, 99));
  pipeline->add_option("--json", options.json, "results into this file too");
  pipeline->add_flag("--short", brief, "10 k flows, 64 bytes");
  ConnectionsOptions connections;
  AddConnections(app, connections);
  ScaleOptions scale;
  AddScale(app, scale);
  CLI11_PARSE(app, argc, argv);
  if (app.got_subcommand("connections")) return RunConnections(connections);
  if (app.got_subcommand("scale")) return RunScale(scale);
  if (brief) options.flows = {10'000}, sizes = {"64"};
  if (!sizes.empty())
    std::erase_if(options.sizes, [&](const PipelineSize& each) {
      return std::find(sizes.begin(), sizes.end(), each.name) == sizes.end();
    });
  return RunPipeline(options);
}
