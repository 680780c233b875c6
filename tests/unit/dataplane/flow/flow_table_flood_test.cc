// What somebody who chooses the tuples can do to the index.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "dataplane/flow/flow_table.h"
#include "tests/support/colliding_keys.h"

namespace weir {
namespace {

constexpr std::uint32_t kFlows = 1'000'000;

TEST(FlowTableFlood, TheChosenTuplesCollideUnderToeplitzAndUnderCrcWithAnySeed) {
  const std::vector<FlowKey> keys = test::CollidingKeys(kFlows);
  std::vector<std::array<std::uint8_t, sizeof(FlowKey)>> different;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    ASSERT_EQ(test::SymmetricToeplitz(keys[i]), test::SymmetricToeplitz(keys[0]));
    ASSERT_EQ(test::KeyCrc(keys[i], 0), test::KeyCrc(keys[0], 0));
    if (i % 100 == 0) {
      ASSERT_EQ(test::KeyCrc(keys[i], 0x12345678), test::KeyCrc(keys[0], 0x12345678));
    }
    std::memcpy(different.emplace_back().data(), &keys[i], sizeof(FlowKey));
  }
  std::sort(different.begin(), different.end());
  EXPECT_EQ(std::unique(different.begin(), different.end()), different.end());
}

FlowTable::Spread Fill(const std::vector<FlowKey>& keys, std::uint32_t capacity, std::array<std::uint64_t, 2> seed) {
  const auto table = std::move(FlowTable::Create(capacity, seed, {}).value());
  for (const FlowKey& key : keys) {
    if (table->Insert(key, {}) == nullptr) ADD_FAILURE() << "full at " << table->size();
  }
  for (std::size_t i = 0; i < keys.size(); i += 997) EXPECT_NE(table->Lookup(keys[i]), nullptr);
  return table->MeasureSpread();
}

// At the fullest that the index gets (7 x 2^18 places for these flows), over several seeds.
TEST(FlowTableFlood, AMillionChosenTuplesSpreadLikeRandomOnes) {
  const std::vector<FlowKey> chosen = test::CollidingKeys(kFlows);
  const std::vector<FlowKey> random = test::RandomKeys(kFlows);
  for (const std::uint64_t seed : {1u, 2u}) {
    const FlowTable::Spread hostile = Fill(chosen, kFlows, {seed, ~seed});
    const FlowTable::Spread usual = Fill(random, kFlows, {seed, ~seed});
    EXPECT_LE(hostile.buckets_read, usual.buckets_read * 101 / 100);
    EXPECT_LE(hostile.longest, 2 * usual.longest);
    EXPECT_LT(usual.buckets_read, std::uint64_t{kFlows} * 12 / 10) << "one cache line, mostly";
  }
}

}  // namespace
}  // namespace weir
