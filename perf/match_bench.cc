// One iteration: one server name against all rules that ship.
#include <benchmark/benchmark.h>

#include "dataplane/control/startup.h"

namespace weir::perf {
namespace {

void Match(benchmark::State& state, std::string_view name, bool hits) {
  const auto startup = LoadStartup({});
  if (!startup) return state.SkipWithError("the shipped data does not load");
  Matcher matcher(*startup->generation->rules);
  Metadata metadata;
  metadata.Add(BufferId::kTlsSni, Direction::kToServer, 0, name);
  FlowView flow;
  flow.proto = 6;
  flow.app_proto = AppProto::kTls;
  flow.established = true;
  std::vector<RuleMatch> matches;
  for (auto _ : state) {
    matches.clear();
    matcher.MatchField(flow, metadata, 0, matches);
    benchmark::DoNotOptimize(matches);
  }
  if (matches.empty() == hits) return state.SkipWithError("not the match that was expected");
  state.SetItemsProcessed(state.iterations());
  state.counters["rules"] = static_cast<double>(startup->generation->rules->size());
}
BENCHMARK_CAPTURE(Match, hit, "web.whatsapp.com", true)->Name("BM_RuleMatch/hit");
BENCHMARK_CAPTURE(Match, miss, "www.innocent.example", false)->Name("BM_RuleMatch/miss");

}  // namespace
}  // namespace weir::perf
