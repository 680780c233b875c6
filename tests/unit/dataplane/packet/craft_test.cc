#include "dataplane/packet/craft.h"

#include <gtest/gtest.h>

#include "dataplane/packet/parser.h"
#include "tests/support/packet_builder.h"

namespace weir {
namespace {

using test::Octets;
using test::operator+;

struct Packet {
  explicit Packet(Octets frame, LinkType link = LinkType::kEthernet) : bytes(std::move(frame)) {
    ref.data = bytes.data();
    ref.len = static_cast<std::uint32_t>(bytes.size());
    ref.link = link;
    EXPECT_EQ(Parse(ref.bytes(), link, {}, view), DropReason::kNone);
  }
  Octets bytes;
  FrameRef ref;
  PacketView view;
};

Octets V4() {
  return test::Ethernet(0x8100,
                        test::Hex("0028 0800") + test::Ipv4(6, test::Tcp({.seq = 7, .ack = 9}, test::Text("abc"))));
}
Octets V6() {
  return test::Ethernet(0x86dd, test::Ipv6(6, test::Tcp({.seq = 7, .ack = 9}, {}, test::kClient6, test::kServer6)));
}

// The parser verifies every checksum of what was made.
TEST(CraftTcpReset, GoesBothWaysWithTheNumbersAsked) {
  for (const Octets& frame : {V4(), V6()}) {
    Packet packet(frame);
    const Packet back(CraftTcpReset(packet.ref, packet.view, true, 9, 10));
    EXPECT_EQ(back.view.tcp_flags, kTcpRst | kTcpAck);
    EXPECT_EQ(back.view.tcp_seq, 9u);
    EXPECT_EQ(back.view.src, packet.view.dst);
    EXPECT_EQ(back.view.dst_port, packet.view.src_port);
    EXPECT_EQ(back.view.vlan_count, packet.view.vlan_count);
    EXPECT_TRUE(std::equal(back.bytes.begin(), back.bytes.begin() + 6, frame.begin() + 6))
        << "to the sender's MAC address";
    const Packet onward(CraftTcpReset(packet.ref, packet.view, false, 7, 9));
    EXPECT_EQ(onward.view.src, packet.view.src);
    EXPECT_EQ(onward.view.tcp_seq, 7u);
  }
}

TEST(CraftProhibited, QuotesTheDatagramItAnswers) {
  Packet v4(test::Ethernet(0x0800, test::Ipv4(17, test::Udp(4000, 443, Octets(1000)))));
  const Packet answer(CraftProhibited(v4.ref, v4.view));
  EXPECT_EQ(answer.view.proto, kProtoIcmp);
  EXPECT_EQ(answer.view.l3_len, 576u);
  EXPECT_EQ(answer.view.payload()[1], std::byte{13});
  Packet v6(test::Ethernet(0x86dd, test::Ipv6(17, test::Udp(4000, 443, Octets(10), test::kClient6, test::kServer6))));
  const Packet answer6(CraftProhibited(v6.ref, v6.view));
  EXPECT_EQ(answer6.view.proto, kProtoIcmp6);
  EXPECT_EQ(answer6.view.payload()[0], std::byte{1});
}

TEST(CraftProhibited, IsSilentTowardsMulticastAndTunnels) {
  Packet multicast(test::Ethernet(
      0x0800, test::Ipv4(17, test::Udp(1, 2, {}, test::kClient, "224.0.0.251"), test::kClient, "224.0.0.251")));
  EXPECT_TRUE(CraftProhibited(multicast.ref, multicast.view).empty());
  Packet tunnel(test::Ethernet(0x0800, test::Ipv4(4, test::Ipv4(17, test::Udp(1, 2, {})))));
  EXPECT_TRUE(CraftProhibited(tunnel.ref, tunnel.view).empty());
}

TEST(ClearUrgent, LeavesAValidSegmentWithoutUrg) {
  Packet packet(test::Ethernet(0x0800, test::Ipv4(6, test::Tcp({.flags = 0x38, .urgent = 3}, test::Text("abc")))));
  EXPECT_TRUE(ClearUrgent(packet.ref, packet.view, {}));
  const Packet after(packet.bytes);
  EXPECT_EQ(after.view.tcp_flags, 0x18);
  EXPECT_EQ(after.view.tcp_urgent, 0);
}

// Found by fuzzing: headers within headers, of which one that did not parse shares the bytes that are cleared.
TEST(ClearUrgent, SaysWhereTheFrameWouldReadAsAnotherPacketAfterwards) {
  Octets frame = test::Hex(
      "0000000000000002001cd55286dd6005fdc7001f895b5170a86060000f00000000000060aaaa03004460cb0000001800"
      "18181c000000000060605160604460cb0000001800008486dd2f60fd0700005e89b029944faf08004500003c3b1c4000"
      "400629c4c0a958038ff42d3cde1601bb542609080000515e605286dd6005fdc7001f895b51703c3c3c3c34270000a061"
      "00001c680800006000d58486dd2f60fd05c7000000a02329000004a7008100001603001e8911ee446000037894b42404"
      "a06038e000600a080045680028003000004011d7e50a7408410aeefa3321680dd8001144000001000000000000000000"
      "22348802faf0a1a00000020405b464c700001e02080a05ad921f00020405b41e020307");
  const ParseOptions options{.verify_checksums = false};
  FrameRef ref;
  ref.data = frame.data();
  ref.len = static_cast<std::uint32_t>(frame.size());
  PacketView view;
  ASSERT_EQ(Parse(ref.bytes(), ref.link, options, view), DropReason::kNone);
  ASSERT_EQ(view.proto, kProtoTcp);
  EXPECT_FALSE(ClearUrgent(ref, view, options));
}

}  // namespace
}  // namespace weir
