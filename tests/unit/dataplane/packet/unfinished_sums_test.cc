#include "dataplane/packet/unfinished_sums.h"

#include <gtest/gtest.h>

#include "dataplane/packet/checksum.h"
#include "dataplane/packet/parser.h"
#include "tests/support/packet_builder.h"

namespace weir {
namespace {

using test::Octets;

constexpr std::size_t kIp = 14;
constexpr std::size_t kIpSum = kIp + 10;
constexpr std::size_t kTcpSum = kIp + 20 + 16;
constexpr std::size_t kUdpSum = kIp + 20 + 6;

Octets TcpFrame(const Octets& payload, std::uint16_t sport = 40000) {
  return test::Ethernet(0x0800, test::Ipv4(6, test::Tcp({.sport = sport, .ack = 1}, payload)));
}
Octets UdpFrame(const Octets& payload) {
  return test::Ethernet(0x0800, test::Ipv4(17, test::Udp(40000, 443, payload)));
}
void Put16(Octets& frame, std::size_t at, std::uint16_t value) { StoreBe16(&frame[at], value); }

// What Linux leaves for a NIC: the folded sum of the pseudo header.
Octets Offloaded(Octets frame, std::size_t sum_at) {
  PacketView view;
  EXPECT_EQ(Parse(frame, LinkType::kEthernet, {}, view), DropReason::kNone);
  const auto length = static_cast<std::uint32_t>(frame.size() - kIp - 20);
  Put16(frame, sum_at, ChecksumFold(PseudoHeaderSum(view, view.proto, length)));
  return frame;
}
Octets Readdressed(Octets frame, std::byte last = std::byte{77}) {
  frame[kIp + 15] = last;  // the client's address, sums left as they were
  return frame;
}

TEST(UnfinishedSums, AFrameWithGoodSumsNeedsNoVouching) {
  UnfinishedSums sums;
  EXPECT_FALSE(sums.Vouches(TcpFrame(test::Text("hello")), LinkType::kEthernet));
}

TEST(UnfinishedSums, WhatTheNicHadYetToFinishIsVouchedFor) {
  UnfinishedSums sums;
  EXPECT_TRUE(sums.Vouches(Offloaded(TcpFrame(test::Text("hello")), kTcpSum), LinkType::kEthernet));
  EXPECT_TRUE(sums.Vouches(Offloaded(UdpFrame(test::Text("hello")), kUdpSum), LinkType::kEthernet));
}

TEST(UnfinishedSums, AnAbsentHeaderSumIsVouchedForWithIt) {
  UnfinishedSums sums;
  Octets frame = Offloaded(TcpFrame(test::Text("hello")), kTcpSum);
  Put16(frame, kIpSum, 0);
  EXPECT_TRUE(sums.Vouches(frame, LinkType::kEthernet));
}

TEST(UnfinishedSums, AnAbsentHeaderSumAboveAGoodOneIsVouchedFor) {
  UnfinishedSums sums;
  Octets frame = TcpFrame(test::Text("hello"));
  Put16(frame, kIpSum, 0);
  EXPECT_TRUE(sums.Vouches(frame, LinkType::kEthernet));
}

TEST(UnfinishedSums, AnySumThatIsMerelyWrongIsNot) {
  UnfinishedSums sums;
  Octets frame = TcpFrame(test::Text("hello"));
  const std::uint16_t good = LoadBe16(&frame[kTcpSum]);
  int vouched = 0;
  for (std::uint32_t value = 0; value < 65536; ++value) {
    Put16(frame, kTcpSum, static_cast<std::uint16_t>(value));
    Put16(frame, 34, static_cast<std::uint16_t>(value));  // a flow of its own: nothing is known of it
    if (value != good && sums.Vouches(frame, LinkType::kEthernet)) ++vouched;
  }
  EXPECT_LE(vouched, 4);  // the pseudo header's sum, with and without length, in both forms of zero
}

TEST(UnfinishedSums, RewrittenAddressesLeaveTheSameErrorInBothSums) {
  UnfinishedSums sums;
  EXPECT_TRUE(sums.Vouches(Readdressed(TcpFrame(test::Text("hello"))), LinkType::kEthernet));
  EXPECT_TRUE(sums.Vouches(Readdressed(UdpFrame(test::Text("hello"))), LinkType::kEthernet));
  EXPECT_TRUE(sums.Vouches(Readdressed(Offloaded(UdpFrame(test::Text("x")), kUdpSum)), LinkType::kEthernet));
}

TEST(UnfinishedSums, APayloadThatWasChangedAfterwardsIsNoRewrittenAddress) {
  UnfinishedSums sums;
  Octets frame = Readdressed(TcpFrame(test::Text("hello")));
  frame.back() ^= std::byte{1};
  EXPECT_FALSE(sums.Vouches(frame, LinkType::kEthernet));
}

TEST(UnfinishedSums, InAFlowThatBeganWithGoodSumsADecoyIsNotVouchedFor) {
  UnfinishedSums sums;
  EXPECT_FALSE(sums.Vouches(TcpFrame(test::Text("hello")), LinkType::kEthernet));
  EXPECT_FALSE(sums.Vouches(Offloaded(TcpFrame(test::Text("decoy")), kTcpSum), LinkType::kEthernet));
  Octets absent = TcpFrame(test::Text("decoy"));
  Put16(absent, kIpSum, 0);
  EXPECT_FALSE(sums.Vouches(absent, LinkType::kEthernet));
}

TEST(UnfinishedSums, FragmentsAreVouchedForBetweenHostsThatWereFoundRewritten) {
  UnfinishedSums sums;
  const Octets fragment =
      Readdressed(test::Ethernet(0x0800, test::Ipv4(17, test::Text("12345678"), test::kClient, test::kServer, 0x2000)));
  EXPECT_FALSE(sums.Vouches(fragment, LinkType::kEthernet));
  EXPECT_TRUE(sums.Vouches(Readdressed(UdpFrame(test::Text("hello"))), LinkType::kEthernet));
  EXPECT_TRUE(sums.Vouches(fragment, LinkType::kEthernet));
  EXPECT_FALSE(sums.Vouches(Readdressed(fragment, std::byte{78}), LinkType::kEthernet));
}

TEST(UnfinishedSums, EveryLengthOfAFrameIsReadWithinItsBounds) {
  const Octets frame = Readdressed(UdpFrame(test::Text("hello")));
  for (std::size_t n = 0; n < frame.size(); ++n) {
    UnfinishedSums sums;
    const Octets cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_FALSE(sums.Vouches(cut, LinkType::kEthernet)) << n;
  }
}

}  // namespace
}  // namespace weir
