#include "dataplane/io/frame_pool.h"
#include "tests/unit/dataplane/io/dpdk_environment.h"

namespace weir {
namespace {

TEST_F(Dpdk, AFrameHoldsACopyAndEachOwnerGivesItBack) {
  const auto bytes = Counting(1500);
  const FrameRef frame = pool_->Make(bytes);
  ASSERT_NE(frame.handle, nullptr);
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), frame.bytes().begin(), frame.bytes().end()));
  Retain(frame);
  Free(frame);
  EXPECT_EQ(pool_->in_use(), 1u);
  Free(frame);
}

TEST_F(Dpdk, WhatIsTooLongOrNotToBeHadIsNoFrame) {
  EXPECT_EQ(pool_->Make(Counting(10000)).handle, nullptr);
  std::vector<FrameRef> all;
  for (FrameRef frame = pool_->Make(Counting(60)); frame.handle != nullptr; frame = pool_->Make(Counting(60)))
    all.push_back(frame);
  EXPECT_EQ(all.size(), 1024u);
  for (const FrameRef& frame : all) Free(frame);
}

TEST_F(Dpdk, AChainOfBuffersBecomesOnePiece) {
  for (const std::size_t size : {60u, 2048u, 2049u, 9018u, 9728u}) {
    const auto bytes = Counting(size);
    void* usable = pool_->Normalize(Chain(bytes, 2000));
    ASSERT_NE(usable, nullptr) << size;
    const FrameRef frame = FrameOf(usable, Timestamp{5});
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), frame.bytes().begin(), frame.bytes().end())) << size;
    EXPECT_EQ(frame.time, Timestamp{5});
    Free(frame);
  }
}

TEST_F(Dpdk, AChainBeyondTheLargestFrameIsFreed) {
  EXPECT_EQ(pool_->Normalize(Chain(Counting(12'000), 2000)), nullptr);
}

TEST_F(Dpdk, ATagThatTheDriverTookOutIsPutBack) {
  auto bytes = Counting(64);
  bytes[12] = std::byte{0x08};
  bytes[13] = std::byte{0x00};
  rte_mbuf* mbuf = Chain(bytes, 2000);
  mbuf->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
  mbuf->vlan_tci = 0x2064;
  const FrameRef frame = FrameOf(pool_->Normalize(mbuf), {});
  ASSERT_EQ(frame.len, 68u);
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.begin() + 12, frame.data));
  EXPECT_EQ(LoadBe16(frame.data + 12), 0x8100);
  EXPECT_EQ(LoadBe16(frame.data + 14), 0x2064);
  EXPECT_TRUE(std::equal(bytes.begin() + 12, bytes.end(), frame.data + 16));
  Free(frame);
}

TEST_F(Dpdk, TheOuterOfTwoTagsGetsItsEtherTypeAndASingleOneKeepsIt) {
  struct Case {
    std::uint16_t outer, inner, expected;
  };
  for (const Case c : {Case{0x8100, 0x8100, 0x88a8}, Case{0x8100, 0x0800, 0x8100}, Case{0x9100, 0x8100, 0x9100}}) {
    auto bytes = Counting(64);
    StoreBe16(&bytes[12], c.outer);
    StoreBe16(&bytes[16], c.inner);
    const FrameRef frame = pool_->Make(bytes);
    RestoreOuterTpid(frame, 0x88a8);
    EXPECT_EQ(LoadBe16(frame.data + 12), c.expected);
    EXPECT_EQ(LoadBe16(frame.data + 16), c.inner);
    Free(frame);
  }
}

}  // namespace
}  // namespace weir
