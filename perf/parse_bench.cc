// One iteration: one frame from bytes to PacketView, checksums verified. 1024 flows'
// frames in turn, IPv4 and IPv6 half and half, of `payload` bytes.
#include <benchmark/benchmark.h>

#include "dataplane/packet/parser.h"
#include "perf/support/traffic.h"

namespace weir::perf {
namespace {

void BM_Parse(benchmark::State& state) {
  constexpr std::size_t kFrames = 1024;
  Stamper stamper(kFrames);
  const std::array patterns = {Established(false, static_cast<std::size_t>(state.range(0)))[0],
                               Established(true, static_cast<std::size_t>(state.range(0)))[0]};
  std::vector<FrameRef> frames;
  for (std::size_t i = 0; i < kFrames; ++i)
    frames.push_back(stamper.Stamp(i, patterns[i % 2], static_cast<std::uint32_t>(i), {}));
  ParseOptions options;
  options.verify_checksums = state.range(1) != 0;
  std::size_t at = 0;
  for (auto _ : state) {
    PacketView view;
    const DropReason reason = Parse(frames[at++ % kFrames].bytes(), LinkType::kEthernet, options, view);
    if (reason != DropReason::kNone) return state.SkipWithError("a frame does not parse");
    benchmark::DoNotOptimize(view);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Parse)->ArgNames({"payload", "checksums"})->Args({6, 1})->Args({6, 0})->Args({640, 1})->Args({1400, 1});

}  // namespace
}  // namespace weir::perf
