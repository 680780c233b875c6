#include "tests/unit/dataplane/packet/layer.h"

namespace weir {
namespace {

using test::Hex;
using test::Layered;
using test::Octets;
using test::operator+;

// Ethernet padding behind the packet's own length is no payload.
TEST(IpLayer, CutsPadding) {
  const Octets small = test::Ipv4(6, test::Tcp({}, {}));
  const Layered frame(test::Ethernet(0x0800, small + Octets(20, std::byte{0xee})));
  EXPECT_EQ(frame.view.l3_len, small.size());
  EXPECT_EQ(frame.view.payload_len, 0u);
}

TEST(IpLayer, NamesEachDefectOfAnIpv4Header) {
  struct Case {
    std::size_t at;
    std::uint8_t value;
    DropReason reason;
  };
  // Version and header length, total length, checksum.
  for (const Case& c : {Case{0, 0x55, DropReason::kBadVersion}, Case{0, 0x44, DropReason::kBadLength},
                        Case{3, 10, DropReason::kBadLength}, Case{2, 0xff, DropReason::kTruncated},
                        Case{11, 0x00, DropReason::kBadIpChecksum}}) {
    Octets packet = test::Packet();
    if (packet[c.at] == static_cast<std::byte>(c.value)) packet[c.at] ^= std::byte{1};
    packet[c.at] = static_cast<std::byte>(c.value);
    EXPECT_EQ(Layered(test::Ethernet(0x0800, packet)).reason, c.reason) << c.at;
  }
}

TEST(IpLayer, FollowsIpv6ExtensionHeadersInAnyOrder) {
  const Octets tcp = test::Tcp({}, test::Text("x"), test::kClient6, test::kServer6);
  const Octets hop = Hex("3c00 0104 00000000");          // hop-by-hop, then destination options
  const Octets destination = Hex("2b00 0104 00000000");  // then routing
  const Octets routing = Hex("0600 0000 00000000");      // type 0, no segments left, then TCP
  const Layered frame(test::Ethernet(0x86dd, test::Ipv6(0, hop + destination + routing + tcp)));
  EXPECT_EQ(frame.reason, DropReason::kNone);
  EXPECT_EQ(frame.view.proto, kProtoTcp);
  EXPECT_EQ(frame.view.dst_port, 443);
}

TEST(IpLayer, LooksBehindAnAuthenticationHeaderOfIpv4) {
  const Octets segment = test::Tcp({}, test::Text("payload"));
  const Octets vouched = Hex("0604 0000 00000001 00000001 000000000000000000000000") + segment;
  const Layered frame(test::Ethernet(0x0800, test::Ipv4(51, vouched)));
  EXPECT_EQ(frame.reason, DropReason::kNone);
  EXPECT_EQ(frame.view.dst_port, 443);
}

TEST(IpLayer, DescribesFragmentsOfBothFamilies) {
  const Layered v4(test::Ethernet(0x0800, test::Ipv4(6, Octets(64), test::kClient, test::kServer, 0x2000 | 4)));
  EXPECT_TRUE(v4.view.is_fragment && v4.view.more_fragments);
  EXPECT_EQ(v4.view.fragment_off, 32);
  const Layered v6(test::Ethernet(0x86dd, test::Ipv6(44, Hex("0600 0021 0000002a") + Octets(64))));
  EXPECT_TRUE(v6.view.is_fragment && v6.view.more_fragments);
  EXPECT_EQ(v6.view.fragment_off, 32);
  EXPECT_EQ(v6.view.fragment_id, 42u);
}

}  // namespace
}  // namespace weir
