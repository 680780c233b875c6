#include <CLI/CLI.hpp>

#include "perf/rigs/rigs.h"

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
  CLI11_PARSE(app, argc, argv);
  if (brief) options.flows = {10'000}, sizes = {"64"};
  if (!sizes.empty())
    std::erase_if(options.sizes, [&](const PipelineSize& each) {
      return std::find(sizes.begin(), sizes.end(), each.name) == sizes.end();
    });
  return RunPipeline(options);
}
