#include "classifiers/dns_memory.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace weir {
namespace {

constexpr Timestamp kNow{1'000'000'000};
constexpr std::int64_t kSecond = 1'000'000;

IpAddress V4(std::uint8_t last) {
  const std::array<std::uint8_t, 4> octets{192, 0, 2, last};
  return IpAddress::V4(octets.data());
}

DnsFact FactOf(std::uint8_t client, std::uint8_t address, std::uint16_t app, Timestamp expires) {
  DnsFact fact;
  fact.client = V4(client);
  fact.address = V4(address);
  fact.app = AppId{app};
  fact.expires = expires;
  fact.name.Append("web.example");
  return fact;
}

Timestamp In(std::int64_t seconds) { return {kNow.us + seconds * kSecond}; }

TEST(DnsMemory, TellsTheClientThatAskedAndNobodyElse) {
  DnsMemory memory(64, 7);
  memory.Learn(FactOf(1, 9, 5, In(100)), kNow);
  const DnsFact* fact = memory.Find(V4(1), V4(9), 4, kNow);
  ASSERT_NE(fact, nullptr);
  EXPECT_EQ(fact->app, AppId{5});
  EXPECT_EQ(fact->name.view(), "web.example");
  EXPECT_EQ(memory.Find(V4(2), V4(9), 4, kNow), nullptr) << "another client";
  EXPECT_EQ(memory.Find(V4(1), V4(8), 4, kNow), nullptr) << "another address";
  EXPECT_EQ(memory.Find(V4(1), V4(9), 6, kNow), nullptr) << "the same octets of IPv6";
}

TEST(DnsMemory, ForgetsWhatEnded) {
  DnsMemory memory(64, 7);
  memory.Learn(FactOf(1, 9, 5, In(100)), kNow);
  EXPECT_NE(memory.Find(V4(1), V4(9), 4, In(99)), nullptr);
  EXPECT_EQ(memory.Find(V4(1), V4(9), 4, In(100)), nullptr);
  memory.Learn(FactOf(1, 9, 6, In(300)), In(200));
  ASSERT_NE(memory.Find(V4(1), V4(9), 4, In(201)), nullptr) << "an ended fact makes no address a shared one";
}

TEST(DnsMemory, AnAddressOfTwoAppsOrOfNoneToldTooLabelsNothingWhileBothLive) {
  for (const std::uint16_t other : {std::uint16_t{6}, std::uint16_t{0}}) {
    for (const bool app_first : {true, false}) {
      DnsMemory memory(64, 7);
      memory.Learn(FactOf(1, 9, app_first ? 5 : other, In(app_first ? 300 : 100)), kNow);
      memory.Learn(FactOf(1, 9, app_first ? other : 5, In(app_first ? 100 : 300)), kNow);
      EXPECT_EQ(memory.Find(V4(1), V4(9), 4, In(1)), nullptr) << other << app_first;
      memory.Learn(FactOf(1, 9, 5, In(300)), In(2));
      EXPECT_EQ(memory.Find(V4(1), V4(9), 4, In(3)), nullptr) << "asking once more does not undo it";
      const DnsFact* later = memory.Find(V4(1), V4(9), 4, In(101));
      ASSERT_NE(later, nullptr) << "the other name ended";
      EXPECT_EQ(later->app, AppId{5});
    }
  }
}

TEST(DnsMemory, ANameOfNoAppLabelsNothing) {
  DnsMemory memory(64, 7);
  memory.Learn(FactOf(1, 9, 0, In(100)), kNow);
  EXPECT_EQ(memory.Find(V4(1), V4(9), 4, kNow), nullptr);
}

TEST(DnsMemory, HoldsNoMoreThanItsSlotsAndLosesFirstWhatEndsFirst) {
  DnsMemory memory(DnsMemory::kWays, 7);  // a single set
  for (std::uint8_t i = 0; i < DnsMemory::kWays; ++i) memory.Learn(FactOf(1, i, 5, In(100 + i)), kNow);
  memory.Learn(FactOf(1, 200, 5, In(50)), kNow);
  EXPECT_EQ(memory.Find(V4(1), V4(0), 4, kNow), nullptr);
  for (std::uint8_t i = 1; i < DnsMemory::kWays; ++i) EXPECT_NE(memory.Find(V4(1), V4(i), 4, kNow), nullptr) << int{i};
  EXPECT_NE(memory.Find(V4(1), V4(200), 4, kNow), nullptr);
}

TEST(DnsMemory, BelievesNoTtlBeyondItsBounds) {
  EXPECT_EQ(DnsMemory::Expiry(kNow, 0).us - kNow.us, DnsMemory::kMinLifeUs);
  EXPECT_EQ(DnsMemory::Expiry(kNow, 300).us - kNow.us, 300 * kSecond);
  EXPECT_EQ(DnsMemory::Expiry(kNow, UINT32_MAX).us - kNow.us, DnsMemory::kMaxLifeUs);
}

TEST(DnsExchange, BringsAFactToAllOthersAndLosesItWhereTheRingIsFull) {
  DnsExchange exchange(3);
  std::vector<DnsMemory> memories(3, DnsMemory(1024, 7));
  EXPECT_TRUE(exchange.Publish(0, FactOf(1, 9, 5, In(100))));
  for (const std::size_t to : {1u, 2u}) {
    exchange.Drain(to, kNow, memories[to]);
    EXPECT_NE(memories[to].Find(V4(1), V4(9), 4, kNow), nullptr) << to;
  }
  exchange.Drain(0, kNow, memories[0]);
  EXPECT_EQ(memories[0].Find(V4(1), V4(9), 4, kNow), nullptr) << "it has learnt that by itself";
  int lost = 0;
  for (int i = 0; i < 1000; ++i) lost += exchange.Publish(0, FactOf(1, 9, 5, In(100))) ? 0 : 1;
  EXPECT_EQ(lost, 1000 - 256);
}

TEST(DnsExchange, CarriesWholeFactsBetweenThreads) {
  DnsExchange exchange(2);
  DnsMemory memory(4096, 7);
  constexpr int kFacts = 20000;
  std::thread producer([&] {
    for (int i = 0; i < kFacts; ++i) {
      const DnsFact fact = FactOf(1, static_cast<std::uint8_t>(i), 5, In(100));
      while (!exchange.Publish(0, fact)) std::this_thread::yield();
    }
  });
  std::atomic<bool> ended{false};
  std::thread consumer([&] {
    while (!ended.load()) exchange.Drain(1, kNow, memory);
    exchange.Drain(1, kNow, memory);
  });
  producer.join();
  ended.store(true);
  consumer.join();
  for (int i = 0; i < 256; ++i) {
    const DnsFact* fact = memory.Find(V4(1), V4(static_cast<std::uint8_t>(i)), 4, kNow);
    ASSERT_NE(fact, nullptr) << i;
    EXPECT_EQ(fact->name.view(), "web.example");
  }
}

}  // namespace
}  // namespace weir
