#include "dataplane/flow/flow_table.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>
#include <vector>

namespace weir {
namespace {

constexpr std::array<std::uint64_t, 2> kSeed = {11, 22};

FlowKey Key(std::uint32_t n, std::uint8_t proto = 6) {
  FlowKey key;
  key.low_addr = IpAddress::V4(&n);
  key.low_port = 443;
  key.proto = proto;
  return key;
}

std::unique_ptr<FlowTable> Table(std::uint32_t capacity) {
  return std::move(FlowTable::Create(capacity, kSeed, {}).value());
}

Timestamp At(std::int64_t seconds) { return {seconds * 1'000'000}; }

TEST(FlowTable, RefusesAnEmptyAndAnAbsurdCapacity) {
  EXPECT_EQ(FlowTable::Create(0, kSeed, {}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(FlowTable::Create((1u << 26) + 1, kSeed, {}).error().code, Errc::kInvalidArgument);
}

TEST(FlowTable, AgreesWithAReferenceOverAMillionOperations) {
  const auto table = Table(20'000);
  std::unordered_map<std::uint32_t, FlowRecord*> reference;
  std::mt19937 random(5);
  for (int i = 0; i < 1'000'000; ++i) {
    const auto n = static_cast<std::uint32_t>(random() % 30'000);
    const auto known = reference.find(n);
    ASSERT_EQ(table->Lookup(Key(n)), known == reference.end() ? nullptr : known->second);
    if (known != reference.end()) {
      table->Erase(known->second);
      reference.erase(known);
    } else if (FlowRecord* flow = table->Insert(Key(n), At(1))) {
      reference[n] = flow;
    } else {
      ASSERT_EQ(reference.size(), table->capacity());
    }
  }
  EXPECT_EQ(table->size(), reference.size());
}

TEST(FlowTable, LooksABurstUpAtOnce) {
  const auto table = Table(100);
  std::vector<FlowKey> keys;
  std::vector<FlowRecord*> want;
  for (std::uint32_t i = 0; i < 64; ++i) {
    keys.push_back(Key(i));
    want.push_back(i % 3 == 0 ? nullptr : table->Insert(Key(i), At(1)));
  }
  std::vector<FlowRecord*> got(64);
  table->LookupBulk(keys, got);
  EXPECT_EQ(got, want);
}

TEST(FlowTable, HoldsExactlyItsCapacity) {
  for (const std::uint32_t capacity : {1u, 7u, 28u, 1000u}) {
    const auto table = Table(capacity);
    for (std::uint32_t i = 0; i < capacity; ++i) ASSERT_NE(table->Insert(Key(i), At(1)), nullptr);
    EXPECT_EQ(table->Insert(Key(capacity), At(1)), nullptr);
  }
}

TEST(FlowTable, ExpiresAFlowWhenItWasIdleForItsTimeoutAndNotBefore) {
  const auto table = Table(10);
  FlowRecord* flow = table->Insert(Key(1), At(100));
  std::array<FlowRecord*, 4> out{};
  EXPECT_EQ(table->Expire(At(125), out), 0u);
  table->Touch(*flow, At(125));
  EXPECT_EQ(table->Expire(At(150), out), 0u) << "seen at 125, 30 s for a new TCP flow";
  ASSERT_EQ(table->Expire(At(157), out), 1u);
  EXPECT_EQ(out[0], flow);
  table->Erase(flow);
  EXPECT_EQ(table->Expire(At(10'000), out), 0u);
}

TEST(FlowTable, ExpiresAllAfterAJumpOfDaysInPortions) {
  const auto table = Table(1000);
  for (std::uint32_t i = 0; i < 1000; ++i) table->Insert(Key(i), At(100 + i % 50))->state = FlowState::kEstablished;
  std::array<FlowRecord*, 64> out{};
  std::size_t ended = 0;
  while (const std::size_t n = table->Expire(At(864'000), out)) {
    for (std::size_t i = 0; i < n; ++i) table->Erase(out[i]);
    ended += n;
  }
  EXPECT_EQ(ended, 1000u);
  EXPECT_EQ(table->size(), 0u);
}

TEST(FlowTable, KeepsLongTimeoutsThatGoRoundTheWheel) {
  FlowTimeouts timeouts;
  timeouts.udp_new_ms = 10'000'000;
  const auto table = std::move(FlowTable::Create(4, kSeed, timeouts).value());
  ASSERT_NE(table->Insert(Key(1, 17), At(0)), nullptr);
  std::array<FlowRecord*, 4> out{};
  for (std::int64_t s = 1; s < 10'000; s += 7) ASSERT_EQ(table->Expire(At(s), out), 0u) << s;
  EXPECT_EQ(table->Expire(At(10'002), out), 1u);
}

TEST(FlowTable, GivesUpNewBeforeEstablishedAndNeverAStoppedFlow) {
  const auto table = Table(4);
  FlowRecord* stopped = table->Insert(Key(1), At(1));
  stopped->action = Action::kDrop;
  FlowRecord* established = table->Insert(Key(2), At(2));
  established->state = FlowState::kEstablished;
  FlowRecord* fresh = table->Insert(Key(3), At(9));
  EXPECT_EQ(table->Victim(), fresh);
  table->Erase(fresh);
  EXPECT_EQ(table->Victim(), established);
  table->Erase(established);
  EXPECT_EQ(table->Victim(), nullptr);
}

TEST(FlowTable, DrainsEveryFlow) {
  const auto table = Table(300);
  for (std::uint32_t i = 0; i < 300; ++i) ASSERT_NE(table->Insert(Key(i), At(1)), nullptr);
  std::array<FlowRecord*, 64> out{};
  std::size_t ended = 0;
  while (const std::size_t n = table->Drain(out)) {
    for (std::size_t i = 0; i < n; ++i) table->Erase(out[i]);
    ended += n;
  }
  EXPECT_EQ(ended, 300u);
}

}  // namespace
}  // namespace weir
