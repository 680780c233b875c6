// The whole worker (parse, look-up, inspect, rules, nDPI, decide, transmit, events) on
// frames that are stamped in memory; no I/O. Shipped signatures and policy.
#include <benchmark/benchmark.h>

#include "dataplane/control/startup.h"
#include "dataplane/pipeline/worker.h"
#include "dataplane/telemetry/event_codec.h"
#include "perf/support/traffic.h"

namespace weir::perf {
namespace {

constexpr std::uint32_t kFlows = 1u << 16;

// A worker whose events somebody reads.
struct Rig {
  EventRing events{std::size_t{1} << 26, EventRing::Mode::kLossy};
  std::unique_ptr<Worker> worker;
  BurstOutput out;
  Timestamp now{1'800'000'000'000'000};

  explicit Rig(std::uint32_t capacity) {
    auto startup = LoadStartup({});
    if (!startup) return;
    startup->config.engine.flow_capacity = capacity;
    if (auto made = Worker::Create(WorkerId{0}, startup->config.engine, startup->generation, &events, {1, 2}))
      worker = std::move(*made);
  }
  void Process(std::span<const FrameRef> frames) {
    out.Clear();
    worker->Process(frames, out);
  }
  void Drain() {
    while (events.state().Front() != nullptr) events.state().Pop();
  }
};

// What stamping itself costs; to be taken off the figures below.
void BM_Stamp(benchmark::State& state) {
  Stamper stamper(kBurst);
  const std::vector<Pattern> v4 = Established(false, static_cast<std::size_t>(state.range(0)));
  std::uint32_t flow = 0;
  for (auto _ : state) benchmark::DoNotOptimize(stamper.Stamp(flow % kBurst, v4[0], flow, {})), ++flow;
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Stamp)->ArgName("payload")->Arg(6)->Arg(640);

// One iteration: a burst of 32 frames of 32 different flows out of 65536 that passed
// long ago, both directions, IPv4 and IPv6 half and half.
void BM_Established(benchmark::State& state) {
  Rig rig(kFlows * 2);
  if (!rig.worker) return state.SkipWithError("no worker");
  Stamper stamper(kBurst);
  const std::array hello = {TlsConnection(false, "www.innocent.example"), TlsConnection(true, "www.innocent.example")};
  std::array<FrameRef, kBurst> burst;
  // Each connection up to its data, so that its flow is decided and settled.
  for (std::uint32_t flow = 0; flow < kFlows; ++flow) {
    for (std::size_t i = 0; i < 8; ++i) burst[i] = stamper.Stamp(i, hello[flow % 2][i], flow, rig.now);
    rig.Process({burst.data(), 8});
    if (flow % 64 == 0) rig.Drain();
  }
  const std::size_t payload = static_cast<std::size_t>(state.range(0));
  const std::array data = {Established(false, payload), Established(true, payload)};
  const std::uint64_t before = rig.worker->counters().forwarded_packets;
  std::uint32_t at = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBurst; ++i, at += 40503) {  // odd: visits all flows
      const std::uint32_t flow = at & (kFlows - 1);
      burst[i] = stamper.Stamp(i, data[flow % 2][at >> 16 & 1], flow, rig.now);
    }
    rig.Process(burst);
  }
  rig.Drain();
  const std::uint64_t forwarded = rig.worker->counters().forwarded_packets - before;
  if (forwarded != static_cast<std::uint64_t>(state.iterations()) * kBurst)
    return state.SkipWithError("frames were dropped");
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBurst));
}
BENCHMARK(BM_Established)->ArgName("payload")->Arg(6)->Arg(640);

// One iteration: one whole TLS connection (11 frames) on a tuple that is new; 32
// connections are interleaved. Items are connections; its events are read.
void BM_NewTlsFlows(benchmark::State& state, std::string_view name, bool dropped) {
  Rig rig(1u << 18);
  if (!rig.worker) return state.SkipWithError("no worker");
  Stamper stamper(kBurst);
  const std::array connection = {TlsConnection(false, name), TlsConnection(true, name)};
  std::array<FrameRef, kBurst> burst;
  std::uint32_t flow = 0;
  std::uint64_t packets = 0;
  for (auto _ : state) {
    for (std::size_t step = 0; step < connection[0].size(); ++step) {
      for (std::uint32_t i = 0; i < kBurst; ++i)
        burst[i] = stamper.Stamp(i, connection[(flow + i) % 2][step], flow + i, rig.now);
      rig.Process(burst);
      packets += kBurst;
    }
    flow += kBurst;
    rig.now.us += 640;  // 50 k connections a second
    if (flow % 1024 == 0) {
      rig.out.Clear();
      rig.worker->Tick(rig.now, rig.out);
      rig.Drain();
    }
  }
  const WorkerCounters& c = rig.worker->counters();
  if (rig.events.lost() > 0) return state.SkipWithError("events were lost");
  if ((c.dropped_total() > 0) != dropped) return state.SkipWithError("not the verdict that was expected");
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBurst));
  state.counters["packets/s"] = benchmark::Counter(static_cast<double>(packets), benchmark::Counter::kIsRate);
}
BENCHMARK_CAPTURE(BM_NewTlsFlows, pass, "www.innocent.example", false);
BENCHMARK_CAPTURE(BM_NewTlsFlows, drop, "web.whatsapp.com", true);

}  // namespace
}  // namespace weir::perf
