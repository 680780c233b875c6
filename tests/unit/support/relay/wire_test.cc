#include "tests/support/relay/wire.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace weir::test {
namespace {

constexpr std::int64_t kEverything = INT64_MAX;
using Frame = std::vector<std::byte>;

Frame Numbered(std::uint32_t n, std::size_t size = 64) {
  Frame frame(size, std::byte{0});
  for (std::size_t i = 0; i < 4; ++i) frame[i] = static_cast<std::byte>(n >> (8 * i));
  return frame;
}

std::vector<Frame> Through(Wire& wire, std::uint32_t n, std::int64_t apart_ns = 0) {
  std::vector<Frame> out;
  for (std::uint32_t i = 0; i < n; ++i) {
    wire.Take(Numbered(i), i * apart_ns);
    while (auto frame = wire.Next(i * apart_ns)) out.push_back(std::move(*frame));
  }
  while (auto frame = wire.Next(kEverything)) out.push_back(std::move(*frame));
  return out;
}

TEST(Wire, AnUnimpairedWireKeepsEveryFrameAndTheirOrder) {
  Wire wire({}, 1);
  const std::vector<Frame> out = Through(wire, 1000);
  ASSERT_EQ(out.size(), 1000u);
  for (std::uint32_t i = 0; i < 1000; ++i) EXPECT_EQ(out[i], Numbered(i));
  EXPECT_EQ(wire.counters().reordered, 0u);
}

TEST(Wire, SharesAreWhatWasAskedFor) {
  Wire wire({.lose = 0.05, .duplicate = 0.02, .corrupt = 0.01, .hold = 0.25}, 7);
  constexpr std::uint32_t kFrames = 100'000;
  Through(wire, kFrames, 100'000);  // 10 000 frames a second
  const WireCounters& c = wire.counters();
  const auto near = [&](std::uint64_t n, double share) {
    const double expected = kFrames * share;
    EXPECT_LT(std::abs(static_cast<double>(n) - expected), expected / 10) << share;
  };
  near(c.lost, 0.05);
  near(c.duplicated, 0.02 * 0.95);
  near(c.corrupted, 0.01 * 0.95);
  near(c.held, 0.25 * 0.95 * 1.02);
  near(c.reordered, 0.25 * 0.95 * 1.02);  // nearly every held frame is overtaken at this rate
  EXPECT_EQ(c.frames, c.lost + c.sent - c.duplicated);
}

TEST(Wire, ACorruptedFrameDiffersInOneByteBehindTheEthernetHeader) {
  Wire wire({.corrupt = 1}, 3);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const Frame sent = Numbered(i, 15 + i % 100);
    wire.Take(sent, 0);
    const auto got = wire.Next(0);
    ASSERT_TRUE(got && got->size() == sent.size());
    const auto [a, b] = std::mismatch(sent.begin(), sent.end(), got->begin());
    ASSERT_NE(a, sent.end());
    EXPECT_GE(a - sent.begin(), 14);
    EXPECT_TRUE(std::equal(a + 1, sent.end(), b + 1));
  }
}

TEST(Wire, TheSameSeedDoesTheSameAndAnotherOneSomethingElse) {
  const Impairments bad{.lose = 0.1, .duplicate = 0.1, .corrupt = 0.1, .hold = 0.3};
  Wire first(bad, 5), again(bad, 5), other(bad, 6);
  const std::vector<Frame> out = Through(first, 1000, 50'000);
  EXPECT_EQ(out, Through(again, 1000, 50'000));
  EXPECT_NE(out, Through(other, 1000, 50'000));
}

TEST(Wire, AFrameWaitsForItsDelay) {
  Wire wire({.delay_ns = 5000}, 1);
  EXPECT_FALSE(wire.due_ns());
  wire.Take(Numbered(1), 100);
  EXPECT_EQ(wire.due_ns(), 5100);
  EXPECT_FALSE(wire.Next(5099));
  EXPECT_EQ(wire.waiting(), 1u);
  EXPECT_TRUE(wire.Next(5100));
}

}  // namespace
}  // namespace weir::test
