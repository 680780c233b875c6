// One iteration: one bulk lookup of 32 keys that are there, drawn at random.
#include <benchmark/benchmark.h>

#include <random>

#include "dataplane/flow/flow_table.h"
#include "tests/support/colliding_keys.h"

namespace weir::perf {
namespace {

FlowKey KeyOf(std::uint32_t flow) {
  FlowKey key;
  const std::array<std::uint8_t, 4> low = {10, static_cast<std::uint8_t>(flow >> 16),
                                           static_cast<std::uint8_t>(flow >> 8), static_cast<std::uint8_t>(flow)};
  key.low_addr.octets[0] = 10;
  std::copy(low.begin(), low.end(), key.low_addr.octets.begin());
  key.high_addr.octets[0] = 192;
  key.low_port = static_cast<std::uint16_t>(1024 + flow % 60000);
  key.high_port = 443;
  key.proto = 6;
  return key;
}

void LookUpBurst(FlowTable& table, const FlowKey* keys, std::array<FlowRecord*, 32>& found) {
  std::array<SoughtFlow, 32> sought;
  for (std::size_t i = 0; i < 32; ++i) sought[i].key = keys[i];
  table.Begin(sought);
  table.Probe(sought);
  for (std::size_t i = 0; i < 32; ++i) found[i] = table.Finish(sought[i]);
}

void BM_FlowLookup(benchmark::State& state) {
  const auto flows = static_cast<std::uint32_t>(state.range(0));
  auto table = FlowTable::Create(flows, {1, 2}, {});
  if (!table) return state.SkipWithError("no table");
  for (std::uint32_t i = 0; i < flows; ++i) {
    if ((*table)->Insert(KeyOf(i), {}) == nullptr) return state.SkipWithError("the table is full too early");
  }
  std::mt19937 random(7);
  std::vector<FlowKey> keys(1u << 16);
  for (FlowKey& key : keys) key = KeyOf(static_cast<std::uint32_t>(random() % flows));
  std::array<FlowRecord*, 32> found{};
  std::size_t at = 0;
  for (auto _ : state) {
    LookUpBurst(**table, keys.data() + at, found);
    at = (at + 32) % keys.size();
    benchmark::DoNotOptimize(found);
  }
  if (found[0] == nullptr) return state.SkipWithError("a key is not found");
  state.SetItemsProcessed(state.iterations() * 32);
  state.counters["bytes/flow"] = static_cast<double>((*table)->memory_bytes()) / flows;
}
BENCHMARK(BM_FlowLookup)->ArgName("flows")->Arg(10'000)->Arg(1'000'000);

// One iteration: one flow put in and taken out of a table that holds 100 k others.
void BM_FlowInsertErase(benchmark::State& state) {
  auto table = FlowTable::Create(200'000, {1, 2}, {});
  if (!table) return state.SkipWithError("no table");
  for (std::uint32_t i = 0; i < 100'000; ++i) (void)(*table)->Insert(KeyOf(i), {});
  std::uint32_t next = 100'000;
  for (auto _ : state) {
    FlowRecord* flow = (*table)->Insert(KeyOf(next++ & 0xffffff), {});
    if (flow == nullptr) return state.SkipWithError("the table is full");
    (*table)->Erase(flow);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_FlowInsertErase);

// One iteration: a table for a million flows is filled with keys that an attacker chose
// (they collide under Toeplitz and under CRC32C) or with random ones, and each is looked
// up. Chosen ones must not cost twice as much. Items are keys.
void BM_FlowFlood(benchmark::State& state, bool chosen) {
  constexpr std::uint32_t kFlows = 1'000'000;
  const std::vector<FlowKey> keys = chosen ? test::CollidingKeys(kFlows) : test::RandomKeys(kFlows);
  std::array<FlowRecord*, 32> found{};
  for (auto _ : state) {
    auto table = FlowTable::Create(kFlows, {1, 2}, {});
    if (!table) return state.SkipWithError("no table");
    for (const FlowKey& key : keys) {
      if ((*table)->Insert(key, {}) == nullptr) return state.SkipWithError("the table is full too early");
    }
    for (std::size_t at = 0; at < keys.size(); at += 32) LookUpBurst(**table, keys.data() + at, found);
    benchmark::DoNotOptimize(found);
    state.counters["longest chain"] = (*table)->MeasureSpread().longest;
  }
  state.SetItemsProcessed(state.iterations() * kFlows);
}
BENCHMARK_CAPTURE(BM_FlowFlood, random, false);
BENCHMARK_CAPTURE(BM_FlowFlood, chosen, true);

}  // namespace
}  // namespace weir::perf
