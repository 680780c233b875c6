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

// A flow that both sides were heard of.
FlowRecord* Established(FlowTable& table, std::uint32_t n, Timestamp now) {
  FlowRecord* flow = table.Insert(Key(n), now);
  flow->packets[0] = flow->packets[1] = 2;
  table.SetState(*flow, FlowState::kEstablished, now);
  return flow;
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

TEST(FlowTable, LooksUpInSteps) {
  const auto table = Table(100);
  std::vector<FlowRecord*> want;
  std::vector<SoughtFlow> sought(64);
  for (std::uint32_t i = 0; i < 64; ++i) {
    want.push_back(i % 3 == 0 ? nullptr : table->Insert(Key(i), At(1)));
    sought[i].key = Key(i);
  }
  table->Begin(std::span(sought).first(50));
  table->Begin(std::span(sought).subspan(50));
  table->Probe(sought);
  for (std::uint32_t i = 0; i < 64; ++i) EXPECT_EQ(table->Finish(sought[i]), want[i]);
}

TEST(FlowTable, FindsWhatCameAndMissesWhatWentBetweenTheSteps) {
  const auto table = Table(100);
  FlowRecord* goes = table->Insert(Key(1), At(1));
  std::array<SoughtFlow, 2> sought{{{Key(1)}, {Key(2)}}};
  table->Begin(sought);
  table->Probe(sought);
  table->Erase(goes);
  FlowRecord* took_its_place = table->Insert(Key(2), At(1));
  EXPECT_EQ(took_its_place, goes);
  EXPECT_EQ(table->Finish(sought[0]), nullptr);
  EXPECT_EQ(table->Finish(sought[1]), took_its_place);
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

TEST(FlowTable, GivesUpNewBeforeStoppedNewBeforeEstablishedAndNeverAStoppedEstablishedFlow) {
  const auto table = Table(5);
  FlowRecord* stopped = Established(*table, 1, At(1));
  stopped->action = Action::kDrop;
  FlowRecord* established = Established(*table, 2, At(2));
  FlowRecord* stopped_new = table->Insert(Key(3), At(3));
  stopped_new->action = Action::kDrop;
  FlowRecord* older = table->Insert(Key(4), At(9));
  FlowRecord* newer = table->Insert(Key(5), At(9));
  for (FlowRecord* next : {older, newer, stopped_new, established}) {
    ASSERT_EQ(table->Victim(), next);
    table->Erase(next);
  }
  EXPECT_EQ(table->Victim(), nullptr);
}

// An established flow of which only the client was heard.
FlowRecord* Claimed(FlowTable& table, std::uint32_t n, Timestamp now) {
  FlowRecord* flow = table.Insert(Key(n), now);
  flow->packets[0] = 1;
  table.SetState(*flow, FlowState::kEstablished, now);
  return flow;
}

TEST(FlowTable, GivesUpWhatOnlyOneSideWasHeardOfBeforeWhatBothWere) {
  const auto table = Table(3);
  Established(*table, 1, At(1));
  FlowRecord* claimed = Claimed(*table, 2, At(50));
  FlowRecord* answered = Claimed(*table, 3, At(1));
  answered->packets[1] = 1;
  EXPECT_EQ(table->Victim(), claimed);
}

TEST(FlowTable, PassesOverAnUnprovenFlowThatWasSeenAgain) {
  const auto table = Table(3);
  FlowRecord* handshake = table->Insert(Key(1), At(1));
  FlowRecord* flood = table->Insert(Key(2), At(2));
  table->Touch(*handshake, At(3));
  EXPECT_EQ(table->Victim(), flood);
  table->Erase(flood);
  EXPECT_EQ(table->Victim(), handshake) << "there is no other";
}

TEST(FlowTable, GivesUpAClosingFlowBeforeAnIdleOne) {
  const auto table = Table(2);
  Established(*table, 1, At(1));
  FlowRecord* closing = Established(*table, 2, At(60));
  table->SetState(*closing, FlowState::kClosing, At(60));
  EXPECT_EQ(table->Victim(), closing);
}

// Whatever a flood looks like, it displaces only itself.
TEST(FlowTable, LosesNoEstablishedFlowToAFloodOfFourTimesItsCapacity) {
  constexpr std::uint32_t kCapacity = 10'000;
  enum class Kind { kNew, kStopped, kClaimed };
  for (const Kind kind : {Kind::kNew, Kind::kStopped, Kind::kClaimed}) {
    const auto table = Table(kCapacity);
    for (std::uint32_t i = 0; i < kCapacity / 2; ++i)
      Established(*table, i, At(1))->action = i % 2 == 0 ? Action::kPass : Action::kDrop;
    for (std::uint32_t i = kCapacity; i < 5 * kCapacity; ++i) {
      if (table->size() == kCapacity) {
        FlowRecord* victim = table->Victim();
        ASSERT_NE(victim, nullptr);
        table->Erase(victim);
      }
      FlowRecord* flow = kind == Kind::kClaimed ? Claimed(*table, i, At(2)) : table->Insert(Key(i), At(2));
      if (kind == Kind::kStopped) flow->action = Action::kDrop;
    }
    for (std::uint32_t i = 0; i < kCapacity / 2; ++i) ASSERT_NE(table->Lookup(Key(i)), nullptr) << i;
  }
}

TEST(FlowTable, ExpiresAClosedFlowSoonThoughItsTimerWasSetForAnHour) {
  const auto table = Table(2);
  std::array<FlowRecord*, 4> out{};
  FlowRecord* flow = Established(*table, 1, At(100));
  FlowRecord* stopped = Established(*table, 2, At(100));
  stopped->action = Action::kDrop;
  ASSERT_EQ(table->Expire(At(150), out), 0u) << "armed again, for an hour";
  for (FlowRecord* each : {flow, stopped}) {
    table->Touch(*each, At(200));
    table->SetState(*each, FlowState::kClosed, At(200));
  }
  ASSERT_EQ(table->Expire(At(205), out), 1u);
  EXPECT_EQ(out[0], flow) << "a stopped flow is not forgotten because it says that it ends";
  table->Erase(flow);
  EXPECT_EQ(table->Expire(At(3'000), out), 0u);
}

TEST(FlowTable, BelievesAnEstablishedFlowForLessTimeIfOnlyOneSideWasHeard) {
  const auto table = Table(2);
  std::array<FlowRecord*, 4> out{};
  Established(*table, 1, At(100));
  FlowRecord* claimed = Claimed(*table, 2, At(100));
  ASSERT_EQ(table->Expire(At(150), out), 0u);
  ASSERT_EQ(table->Expire(At(405), out), 1u);
  EXPECT_EQ(out[0], claimed);
}

// A million flows due in the same second, taken in portions of four: each portion must
// cost its own flows only. If it walks all that are left, this does not end.
TEST(FlowTable, ExpiresAFloodOfOneSecondInLinearTimeWhileFlowsComeAndGo) {
  constexpr std::uint32_t kFlood = 1'000'000;
  const auto table = Table(kFlood + 100);
  for (std::uint32_t i = 0; i < kFlood; ++i) ASSERT_NE(table->Insert(Key(i), At(100)), nullptr);
  std::array<FlowRecord*, 4> out{};
  std::size_t ended = 0;
  std::uint32_t next = kFlood;
  for (std::int64_t tick = 0; ended < kFlood; ++tick) {
    const std::size_t n = table->Expire(At(140), out);
    ASSERT_GT(n, 0u) << tick;
    for (std::size_t i = 0; i < n; ++i) table->Erase(out[i]);
    ended += n;
    // The one that stands first in what is left goes by itself, another comes.
    if (FlowRecord* left = table->Lookup(Key(static_cast<std::uint32_t>(tick) * 7919u % kFlood))) {
      table->Erase(left);
      ++ended;
    }
    FlowRecord* fresh = table->Insert(Key(next++), At(140));
    ASSERT_NE(fresh, nullptr);
    table->Erase(fresh);
  }
  EXPECT_EQ(table->size(), 0u);
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
