// Pools, rings and ports of a real DPDK environment, without huge pages and with
// virtual devices only: one EAL for all tests of this file.
#include "dataplane/io/eal.h"

#include <gtest/gtest.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <numeric>

#include "dataplane/io/handoff.h"
#include "dataplane/io/port.h"

namespace weir {
namespace {

class DpdkEnvironment : public testing::Environment {
 public:
  static inline std::unique_ptr<Eal> eal;
  static inline std::string error;
  void SetUp() override {
    EalOptions options;
    options.name = "weir-eal-test-" + std::to_string(getpid());
    options.devices = {"net_ring0", "net_null0,copy=1"};
    options.memory_mb = 128;
    options.huge_pages = false;
    auto started = Eal::Start(options);
    if (started)
      eal = std::move(*started);
    else
      error = started.error().what;
  }
  void TearDown() override { eal.reset(); }
};
const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new DpdkEnvironment());

std::vector<std::byte> Counting(std::size_t n) {
  std::vector<std::byte> bytes(n);
  for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::byte>(i * 7);
  return bytes;
}

class Dpdk : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(DpdkEnvironment::eal, nullptr) << DpdkEnvironment::error;
    auto made = FramePool::Create({"pool" + std::to_string(++number_), 1024, 2048, 9728});
    ASSERT_TRUE(made) << made.error().what;
    pool_ = std::move(*made);
  }
  void TearDown() override {
    ASSERT_EQ(pool_->in_use(), 0u) << "a frame was not given back";
    pool_.reset();
  }
  // An mbuf chain of segments of `each` bytes.
  rte_mbuf* Chain(const std::vector<std::byte>& bytes, std::size_t each) {
    rte_mbuf* head = nullptr;
    for (std::size_t at = 0; at < bytes.size(); at += each) {
      const std::size_t n = std::min(each, bytes.size() - at);
      rte_mbuf* segment = rte_pktmbuf_alloc(pool_->get());
      std::memcpy(rte_pktmbuf_append(segment, static_cast<std::uint16_t>(n)), bytes.data() + at, n);
      if (head == nullptr)
        head = segment;
      else
        EXPECT_EQ(rte_pktmbuf_chain(head, segment), 0);
    }
    return head;
  }
  std::unique_ptr<FramePool> pool_;
  static inline int number_ = 0;
};

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
  EXPECT_EQ(pool_->Make(Counting(5000)).handle, nullptr);
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

TEST_F(Dpdk, AHandoffKeepsTheOrderAndRefusesWhenFull) {
  auto ring = Handoff::Create("ring" + std::to_string(number_), 64);
  ASSERT_TRUE(ring) << ring.error().what;
  std::vector<FrameRef> sent;
  for (;;) {
    const FrameRef frame = pool_->Make(Counting(60 + sent.size()));
    if (!(*ring)->Push(frame)) {
      Free(frame);
      break;
    }
    sent.push_back(frame);
  }
  EXPECT_EQ(sent.size(), 63u);
  std::array<FrameRef, 32> got;
  std::size_t seen = 0;
  while (const std::size_t n = (*ring)->Pop(Timestamp{9}, got)) {
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(got[i].handle, sent[seen++].handle);
      EXPECT_EQ(got[i].time, Timestamp{9});
      Free(got[i]);
    }
  }
  EXPECT_EQ(seen, sent.size());
}

TEST_F(Dpdk, APortGivesBackWhatItWasSentAndCountsIt) {
  auto port = Port::Find("net_ring0");  // its transmit ring is its receive ring
  ASSERT_TRUE(port) << port.error().what;
  ASSERT_TRUE((*port)->Start({}, *pool_));
  EXPECT_TRUE((*port)->link_up());
  std::vector<FrameRef> sent;
  for (std::size_t i = 0; i < 40; ++i) sent.push_back(pool_->Make(Counting(60 + i)));
  ASSERT_EQ((*port)->Transmit(QueueId{0}, sent), 40u);
  std::array<FrameRef, 32> got;
  std::size_t seen = 0;
  while (const std::size_t n = (*port)->Receive(QueueId{0}, Timestamp{3}, got)) {
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(got[i].len, 60 + seen++);
      EXPECT_EQ(got[i].in_port, (*port)->id());
      Free(got[i]);
    }
  }
  EXPECT_EQ((*port)->counters().tx_packets, 40u);
  EXPECT_EQ((*port)->counters().rx_packets, 40u);
  (*port)->Stop();
}

TEST_F(Dpdk, APortSaysWhatItLacks) {
  EXPECT_NE(Port::Find("net_nowhere3").error().what.find("no port 'net_nowhere3'"), std::string::npos);
  auto port = Port::Find("net_null0,copy=1");
  ASSERT_TRUE(port);
  PortOptions options;
  options.rx_queues = 4000;
  const auto started = (*port)->Start(options, *pool_);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::kUnsupported);
  EXPECT_NE(started.error().what.find("4000 receive"), std::string::npos) << started.error().what;
}

TEST(DeviceText, IsNamedTypedAndSized) {
  EXPECT_EQ(DeviceName("net_af_packet0,iface=x"), "net_af_packet0");
  EXPECT_EQ(DeviceName("0000:03:00.0"), "0000:03:00.0");
  EXPECT_TRUE(IsPciAddress("0000:03:00.0,arg=1"));
  EXPECT_TRUE(IsPciAddress("03:00.0"));
  EXPECT_FALSE(IsPciAddress("net_tap0"));
  EXPECT_FALSE(IsPciAddress("net_null"));
  EXPECT_NE(WithRingSizes("net_af_packet0,iface=x").find("framesz=10240"), std::string::npos);
  EXPECT_EQ(WithRingSizes("net_af_packet0,iface=x,framesz=4096"), "net_af_packet0,iface=x,framesz=4096");
  EXPECT_EQ(WithRingSizes("net_tap0"), "net_tap0");
}

}  // namespace
}  // namespace weir
