#include "dataplane/pipeline/steering.h"

#include <gtest/gtest.h>

#include <deque>

#include "dataplane/pipeline/owner.h"
#include "tests/support/packet_builder.h"

namespace weir {
namespace {

using test::Octets;

constexpr std::size_t kWorkers = 16;

struct Bench {
  explicit Bench(const DefragLimits& limits = {}, std::size_t workers = kWorkers) : steering({}, limits, workers) {}
  Steering steering;
  std::vector<Steering::Dealt> dealt;
  std::deque<Octets> frames;

  std::size_t Deal(const Octets& bytes, Timestamp time = {1}) {
    frames.push_back(bytes);
    FrameRef frame;
    frame.data = frames.back().data();
    frame.len = static_cast<std::uint32_t>(frames.back().size());
    frame.time = time;
    frame.number = frames.size();
    const std::size_t before = dealt.size();
    EXPECT_FALSE(steering.Deal(frame, dealt));
    return dealt.size() - before;
  }
};

Octets Inner() { return test::Ipv4(6, test::Tcp({}, Octets(64, std::byte{7})), test::kClient, test::kServer); }

// The IP-in-IP packet around Inner(), in two fragments.
std::array<Octets, 2> Halves() {
  const Octets inner = Inner();
  const Octets a(inner.begin(), inner.begin() + 48);
  const Octets b(inner.begin() + 48, inner.end());
  return {test::Ethernet(0x0800, test::Ipv4(4, a, "198.51.100.1", "198.51.100.7", 0x2000)),
          test::Ethernet(0x0800, test::Ipv4(4, b, "198.51.100.1", "198.51.100.7", 6))};
}

TEST(Steering, DealsTheFragmentsOfATunnelToTheFlowInside) {
  Bench b;
  EXPECT_EQ(b.Deal(test::Ethernet(0x0800, Inner())), 1u);
  const auto halves = Halves();
  EXPECT_EQ(b.Deal(halves[1]), 0u);
  EXPECT_EQ(b.Deal(halves[0]), 2u);
  EXPECT_EQ(b.dealt[1].worker, b.dealt[0].worker);
  EXPECT_EQ(b.dealt[2].worker, b.dealt[0].worker);
  EXPECT_EQ(b.dealt[1].frame.number, 2u) << "as they came";
}

TEST(Steering, SaysWhatComesFromAResolverAlsoInFragments) {
  Bench b;
  const Octets answer = test::Udp(53, 5300, Octets(64, std::byte{1}), test::kServer, test::kClient);
  b.Deal(test::Ethernet(0x0800, test::Ipv4(17, answer, test::kServer, test::kClient)));
  b.Deal(test::Ethernet(0x0800, Inner()));
  const Octets first(answer.begin(), answer.begin() + 24);
  const Octets rest(answer.begin() + 24, answer.end());
  b.Deal(test::Ethernet(0x0800, test::Ipv4(17, first, test::kServer, test::kClient, 0x2000)));
  b.Deal(test::Ethernet(0x0800, test::Ipv4(17, rest, test::kServer, test::kClient, 3)));
  ASSERT_EQ(b.dealt.size(), 4u);
  EXPECT_TRUE(b.dealt[0].resolves);
  EXPECT_FALSE(b.dealt[1].resolves);
  EXPECT_TRUE(b.dealt[2].resolves && b.dealt[3].resolves);
}

TEST(Steering, LosesNothingThatNeverBecomesWhole) {
  Bench b;
  const auto halves = Halves();
  EXPECT_EQ(b.Deal(halves[0]), 0u);
  b.steering.Expire({29'000'000}, b.dealt);
  EXPECT_TRUE(b.dealt.empty());
  b.steering.Expire({31'000'001}, b.dealt);
  EXPECT_EQ(b.dealt.size(), 1u);
  EXPECT_EQ(b.Deal(halves[0]), 0u);
  b.steering.Flush(b.dealt);
  EXPECT_EQ(b.dealt.size(), 2u);
}

TEST(Steering, DealsWhatIsBeyondABudgetByItsAddresses) {
  Bench b(DefragLimits{.datagrams = 1});
  const auto halves = Halves();
  EXPECT_EQ(b.Deal(halves[0]), 0u);
  EXPECT_EQ(b.Deal(test::Ethernet(0x0800, test::Ipv4(6, Octets(24), test::kClient, "192.0.2.77", 0x2000))), 1u);
}

TEST(Steering, DealsAllToTheOnlyWorker) {
  Bench b({}, 1);
  EXPECT_EQ(b.Deal(Halves()[0]), 1u);
  EXPECT_EQ(b.dealt[0].worker, 0u);
}

}  // namespace
}  // namespace weir
