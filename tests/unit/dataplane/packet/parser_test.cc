#include "dataplane/packet/parser.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>

#include "tests/support/packet_builder.h"

namespace weir {
namespace {

using test::Ethernet;
using test::Hex;
using test::Ipv4;
using test::Ipv6;
using test::Octets;
using test::operator+;

// Parses from a heap block of exactly the frame's size, so that AddressSanitizer
// sees the first byte read past it.
DropReason ParseExact(Bytes frame, LinkType link, PacketView& view, std::unique_ptr<std::byte[]>& block) {
  block = std::make_unique<std::byte[]>(frame.size());
  if (!frame.empty()) std::memcpy(block.get(), frame.data(), frame.size());
  return Parse({block.get(), frame.size()}, link, ParseOptions{}, view);
}

// Names a test after its case.
struct CaseName {
  template <class Info>
  std::string operator()(const Info& test) const {
    return test.param.name;
  }
};

struct Carried {
  std::string name;
  Octets frame;
  LinkType link = LinkType::kEthernet;
  bool tunnelled = false;
  std::uint32_t vni = 0;
};

Octets Segment() { return test::Tcp({}, test::Text("hello")); }
Octets Segment6() { return test::Tcp({}, test::Text("hello"), test::kClient6, test::kServer6); }
Octets Inner() { return Ipv4(6, Segment()); }

std::vector<Carried> AllShapes() {
  const Octets inner_frame = Ethernet(0x0800, Inner());
  const Octets vxlan = Hex("08000000 00002a00") + inner_frame;
  const Octets geneve = Hex("0100 6558 00002a00 01020304") + inner_frame;
  const Octets gtp = Hex("30ff") + test::Be16({static_cast<std::uint16_t>(Inner().size())}) + Hex("00000007") + Inner();
  const auto udp = [](std::uint16_t port, const Octets& payload) {
    return Ethernet(0x0800, Ipv4(17, test::Udp(5000, port, payload)));
  };
  return {
      {"Ipv4", Ethernet(0x0800, Inner())},
      {"Ipv6", Ethernet(0x86dd, Ipv6(6, Segment6()))},
      {"OneTag", Ethernet(0x8100, Hex("0028 0800") + Inner())},
      {"QinQ", Ethernet(0x88a8, Hex("0028 8100 0029 0800") + Inner())},
      {"ThreeTags", Ethernet(0x9100, Hex("0028 8100 0029 8100 002a 0800") + Inner())},
      {"Mpls", Ethernet(0x8847, Hex("0001 0040 0002 0140") + Inner())},
      {"Pppoe", Ethernet(0x8864, Hex("11000007") + test::Be16({static_cast<std::uint16_t>(Inner().size() + 2)}) +
                                     Hex("0021") + Inner())},
      {"Snap", Ethernet(static_cast<std::uint16_t>(Inner().size() + 8), Hex("aaaa03 000000 0800") + Inner())},
      {"TrailingPadding", Ethernet(0x0800, Inner()) + Hex("000000000000")},
      {"HopByHopAndDestination",
       Ethernet(0x86dd, Ipv6(0, Hex("3c00 010400000000") + Hex("0600 010400000000") + Segment6()))},
      {"AtomicFragment", Ethernet(0x86dd, Ipv6(44, Hex("0600 0000 00000001") + Segment6()))},
      {"Gre", Ethernet(0x0800, Ipv4(47, Hex("0000 0800") + Inner())), LinkType::kEthernet, true},
      {"GreKeyed", Ethernet(0x0800, Ipv4(47, Hex("2000 0800 00000001") + Inner())), LinkType::kEthernet, true},
      {"GreBridging", Ethernet(0x0800, Ipv4(47, Hex("0000 6558") + inner_frame)), LinkType::kEthernet, true},
      {"Erspan2", Ethernet(0x0800, Ipv4(47, Hex("1000 88be 00000001 1001000000000000") + inner_frame)),
       LinkType::kEthernet, true},
      {"IpInIp", Ethernet(0x0800, Ipv4(4, Inner())), LinkType::kEthernet, true},
      {"SixInFour", Ethernet(0x0800, Ipv4(41, Ipv6(6, Segment6()))), LinkType::kEthernet, true},
      {"FourInSix", Ethernet(0x86dd, Ipv6(4, Inner())), LinkType::kEthernet, true},
      {"Vxlan", udp(4789, vxlan), LinkType::kEthernet, true, 42},
      {"Geneve", udp(6081, geneve), LinkType::kEthernet, true, 42},
      {"GtpU", udp(2152, gtp), LinkType::kEthernet, true},
      {"Teredo", udp(3544, Ipv6(6, Segment6())), LinkType::kEthernet, true},
      {"RawIp", Inner(), LinkType::kRawIp},
      {"LinuxSll", Hex("0000 0001 0006 000000000000 0000 0800") + Inner(), LinkType::kLinuxSll},
      {"LinuxSll2", Hex("0800 0000 00000002 0001 00 06 0000000000000000") + Inner(), LinkType::kLinuxSll2},
      {"Null", Hex("02000000") + Inner(), LinkType::kNull},
      {"PppHdlc", Hex("ff03 0021") + Inner(), LinkType::kPpp},
      {"Ieee80211Qos", Hex("8801 0000") + Octets(22) + Hex("aaaa03 000000 0800") + Inner(), LinkType::kIeee80211},
      {"Radiotap", Hex("0000 0800 00000000 0800") + Octets(22) + Hex("aaaa03 000000 0800") + Inner(),
       LinkType::kRadiotap},
  };
}

class ParseFinds : public testing::TestWithParam<Carried> {};

TEST_P(ParseFinds, TheInnermostSegment) {
  PacketView view;
  std::unique_ptr<std::byte[]> block;
  ASSERT_EQ(ParseExact(GetParam().frame, GetParam().link, view, block), DropReason::kNone);
  EXPECT_EQ(view.proto, kProtoTcp);
  EXPECT_EQ(view.src_port, 40000);
  EXPECT_EQ(view.dst_port, 443);
  EXPECT_EQ(AsText(view.payload()), "hello");
  EXPECT_EQ(view.tunnelled, GetParam().tunnelled);
  EXPECT_EQ(view.vni, GetParam().vni);
  EXPECT_FALSE(view.is_fragment);
}

// Cut anywhere, the frame is refused or seen as what its whole headers say; it is
// never read past its end (AddressSanitizer) and never carries more than there is.
TEST_P(ParseFinds, NothingPastTheEndOfACutFrame) {
  const Bytes whole = GetParam().frame;
  for (std::size_t n = 0; n < whole.size(); ++n) {
    PacketView view;
    std::unique_ptr<std::byte[]> block;
    if (ParseExact(whole.first(n), GetParam().link, view, block) != DropReason::kNone) continue;
    EXPECT_LE(view.payload_off + std::size_t{view.payload_len}, n) << "cut at " << n;
    EXPECT_LE(view.l3_off + std::size_t{view.l3_len}, n) << "cut at " << n;
  }
}

TEST_P(ParseFinds, NothingPastTheEndOfAMutatedFrame) {
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    Octets frame = GetParam().frame;
    for (int k = 0; k < 3; ++k) frame[random() % frame.size()] = static_cast<std::byte>(random());
    PacketView view;
    std::unique_ptr<std::byte[]> block;
    if (ParseExact(frame, GetParam().link, view, block) != DropReason::kNone) continue;
    ASSERT_LE(view.payload_off + std::size_t{view.payload_len}, frame.size());
    ASSERT_LE(view.l3_off + std::size_t{view.l3_len}, frame.size());
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, ParseFinds, testing::ValuesIn(AllShapes()), CaseName{});

struct Defect {
  std::string name;
  Octets frame;
  DropReason want;
};
class ParseRejects : public testing::TestWithParam<Defect> {};

TEST_P(ParseRejects, WithItsReason) {
  PacketView view;
  EXPECT_EQ(Parse(GetParam().frame, LinkType::kEthernet, ParseOptions{}, view), GetParam().want);
}

Octets Spoil(Octets frame, std::size_t at) {
  frame[at] ^= std::byte{1};
  return frame;
}

std::vector<Defect> AllDefects() {
  const Octets good = Ethernet(0x0800, Inner());
  Octets many = Inner();
  for (int i = 0; i < 20; ++i) many = Hex("0001 8100") + many;
  return {
      {"ThirteenBytes", Octets(13), DropReason::kTruncated},
      {"TagCutShort", Ethernet(0x8100, Hex("0028")), DropReason::kTruncated},
      {"IpLongerThanFrame", {good.begin(), good.end() - 1}, DropReason::kTruncated},
      {"VersionSixUnderIpv4Type", Ethernet(0x0800, Ipv6(6, Segment6())), DropReason::kBadVersion},
      {"IpHeaderSpoiled", Spoil(good, 22), DropReason::kBadIpChecksum},
      {"TcpPayloadSpoiled", Spoil(good, good.size() - 1), DropReason::kBadL4Checksum},
      {"NoFlags", Ethernet(0x0800, Ipv4(6, test::Tcp({.flags = 0}, {}))), DropReason::kTcpBadFlags},
      {"SynFin", Ethernet(0x0800, Ipv4(6, test::Tcp({.flags = 3}, {}))), DropReason::kTcpBadFlags},
      {"TwentyTags", Ethernet(0x8100, many), DropReason::kTooManyLayers},
      {"UdpLengthBeyondIp", Ethernet(0x0800, Ipv4(17, Hex("0001 0002 0063 0000"))), DropReason::kBadLength},
  };
}

INSTANTIATE_TEST_SUITE_P(Defects, ParseRejects, testing::ValuesIn(AllDefects()), CaseName{});

TEST(Parse, LeavesArpAlone) {
  PacketView view;
  EXPECT_EQ(Parse(Ethernet(0x0806, Octets(28)), LinkType::kEthernet, ParseOptions{}, view), DropReason::kNone);
  EXPECT_EQ(view.ip_version, 0);
}

TEST(Parse, DescribesAFragmentWithoutPorts) {
  PacketView view;
  const Octets frame = Ethernet(0x0800, Ipv4(6, Octets(16), test::kClient, test::kServer, 0x2003));
  EXPECT_EQ(Parse(frame, LinkType::kEthernet, ParseOptions{}, view), DropReason::kNone);
  EXPECT_TRUE(view.is_fragment);
  EXPECT_TRUE(view.more_fragments);
  EXPECT_EQ(view.fragment_off, 24);
  EXPECT_EQ(view.payload_len, 16u);
}

TEST(Parse, ReadsWindowScaleAndTimestamps) {
  PacketView view;
  const Octets frame = Ethernet(0x0800, Ipv4(6, test::Tcp({.options = Hex("03 03 07 08 0a 0000002a 00000000")}, {})));
  ASSERT_EQ(Parse(frame, LinkType::kEthernet, ParseOptions{}, view), DropReason::kNone);
  EXPECT_EQ(view.tcp_wscale, 7);
  EXPECT_TRUE(view.has_tcp_ts);
  EXPECT_EQ(view.tcp_tsval, 42u);
}

TEST(Parse, KeepsTheOuterPacketWhereATunnelsInsideDoesNotParse) {
  PacketView view;
  const Octets frame = Ethernet(0x0800, Ipv4(17, test::Udp(5000, 4789, Hex("08000000 00002a00") + Octets(14))));
  EXPECT_EQ(Parse(frame, LinkType::kEthernet, ParseOptions{}, view), DropReason::kNone);
  EXPECT_FALSE(view.tunnelled);
  EXPECT_EQ(view.dst_port, 4789);
}

TEST(Parse, BelievesABadChecksumOnlyWhenTold) {
  PacketView view;
  const Octets frame = Ethernet(0x0800, Inner());
  EXPECT_EQ(Parse(Spoil(frame, frame.size() - 1), LinkType::kEthernet, {.verify_checksums = false}, view),
            DropReason::kNone);
}

}  // namespace
}  // namespace weir
