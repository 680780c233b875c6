#include "dataplane/flow/tcp_half.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

constexpr TcpLimits kLimits;

TEST(TcpHalf, ClipsWhatLiesBeforeTheStream) {
  TcpHalf half;
  EXPECT_EQ(half.Place(-3, AsBytes("xyzabc"), kLimits), DropReason::kNone);
  EXPECT_EQ(AsText(half.Readable()), "abc");
}

TEST(TcpHalf, KeepsNothingOfARefusedSegment) {
  TcpHalf half;
  ASSERT_EQ(half.Place(0, AsBytes("abc"), kLimits), DropReason::kNone);
  EXPECT_EQ(half.Place(2, AsBytes("Xdef"), kLimits), DropReason::kTcpConflict);
  EXPECT_EQ(half.end(), 3u);
}

TEST(TcpHalf, FillsOnlyTheGapsBetweenHeldPieces) {
  TcpHalf half;
  ASSERT_EQ(half.Place(2, AsBytes("c"), kLimits), DropReason::kNone);
  ASSERT_EQ(half.Place(4, AsBytes("e"), kLimits), DropReason::kNone);
  ASSERT_EQ(half.Place(1, AsBytes("bcdef"), kLimits), DropReason::kNone);
  ASSERT_EQ(half.Place(0, AsBytes("a"), kLimits), DropReason::kNone);
  EXPECT_EQ(AsText(half.Readable()), "abcdef");
}

TEST(TcpHalf, ReleasesWhatIsReadAndAcknowledged) {
  TcpHalf half;
  const std::string chunk(10'000, 'x');
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(half.Place(static_cast<std::int64_t>(half.next()), AsBytes(chunk), kLimits), DropReason::kNone);
    half.Consume(chunk.size());
    half.Acknowledge(half.next());
  }
  EXPECT_LT(half.memory_bytes(), 200'000u) << "of two million bytes that went through";
}

}  // namespace
}  // namespace weir
