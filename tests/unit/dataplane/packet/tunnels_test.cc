#include "tests/unit/dataplane/packet/layer.h"

namespace weir {
namespace {

using test::Hex;
using test::Layered;
using test::Octets;
using test::operator+;

constexpr std::string_view kLeft = "198.51.100.1", kRight = "198.51.100.2";

Octets Outer(std::uint8_t proto, const Octets& content) {
  return test::Ethernet(0x0800, test::Ipv4(proto, content, kLeft, kRight));
}
Octets OuterUdp(std::uint16_t port, const Octets& content) {
  return Outer(17, test::Udp(5555, port, content, kLeft, kRight));
}

struct Tunnel {
  const char* name;
  Octets frame;
};
std::vector<Tunnel> Tunnels() {
  const Octets packet = test::Packet();
  const Octets frame = test::Ethernet(0x0800, packet);
  return {
      {"IP in IP", Outer(4, packet)},
      {"GRE", Outer(47, Hex("0000 0800") + packet)},
      {"GRE with key and sequence", Outer(47, Hex("3000 0800 00000001 00000002") + packet)},
      {"GRE with Ethernet", Outer(47, Hex("0000 6558") + frame)},
      {"ERSPAN II", Outer(47, Hex("1000 88be 00000001 1001 0001 00000000") + frame)},
      {"VXLAN", OuterUdp(4789, Hex("0800 0000 000009 00") + frame)},
      {"Geneve", OuterUdp(6081, Hex("0000 6558 000009 00") + frame)},
      {"GRE of WCCP", Outer(47, Hex("0000 883e") + packet)},
      {"GRE of WCCP 2", Outer(47, Hex("0000 883e 00000000") + packet)},
      {"PPTP", Outer(47, Hex("3001 880b") + test::Be16({static_cast<std::uint16_t>(packet.size() + 1)}) +
                             Hex("0001 00000001 21") + packet)},
      {"PPTP with an acknowledgement", Outer(47, Hex("3081 880b 0000 0001 00000001 00000001 ff03 0021") + packet)},
      {"ERSPAN III", Outer(47, Hex("1000 22eb 00000001 20010001 00000000 00000000") + frame)},
      {"ERSPAN III with a subheader",
       Outer(47, Hex("1000 22eb 00000001 20010001 00000000 00000001 0000000000000000") + frame)},
      {"EtherIP", Outer(97, Hex("3000") + frame)},
      {"MPLS in IP", Outer(137, Hex("00064140") + packet)},
      {"VXLAN on Linux's port", OuterUdp(8472, Hex("0800 0000 000009 00") + frame)},
      {"VXLAN with reserved bits", OuterUdp(4789, Hex("0f00 0001 000009 ff") + frame)},
      {"VXLAN with a group policy", OuterUdp(4789, Hex("8800 0005 000009 00") + frame)},
      {"VXLAN GPE of IPv4", OuterUdp(4790, Hex("0c00 0001 000009 00") + packet)},
      {"VXLAN GPE of Ethernet", OuterUdp(4790, Hex("0c00 0003 000009 00") + frame)},
      {"Geneve with reserved bits", OuterUdp(6081, Hex("0001 6558 000009 01") + frame)},
      {"L2TP", OuterUdp(1701, Hex("0002 0001 0001 ff03 0021") + packet)},
      {"L2TP with length, sequence and offset",
       OuterUdp(1701, Hex("4a02 0000 0001 0001 0000 0000 0002 0000 0021") + packet)},
      {"GTP-U of another length", OuterUdp(2152, Hex("30ff 000a 00000001") + packet)},
      {"GTP-U", OuterUdp(2152, Hex("30ff") + test::Be16({static_cast<std::uint16_t>(packet.size())}) + Hex("00000001") +
                                   packet)},
  };
}

TEST(TunnelLayer, ShowsTheInnermostPacketAndSaysThatItWasCarried) {
  for (const Tunnel& tunnel : Tunnels()) {
    const Layered frame(tunnel.frame);
    EXPECT_EQ(frame.reason, DropReason::kNone) << tunnel.name;
    EXPECT_EQ(frame.view.dst_port, 443) << tunnel.name;
    EXPECT_TRUE(frame.view.tunnelled) << tunnel.name;
  }
}

TEST(TunnelLayer, ShowsTheOuterPacketWhereToldNotToPeel) {
  ParseOptions options;
  options.peel_tunnels = false;
  for (const Tunnel& tunnel : Tunnels()) {
    const Layered frame(tunnel.frame, LinkType::kEthernet, options);
    EXPECT_NE(frame.view.dst_port, 443) << tunnel.name;
    EXPECT_FALSE(frame.view.tunnelled) << tunnel.name;
  }
}

TEST(TunnelLayer, HasTheVirtualNetworkInTheView) {
  const Octets frame = test::Ethernet(0x0800, test::Packet());
  EXPECT_EQ(Layered(OuterUdp(4789, Hex("0800 0000 00abcd 00") + frame)).view.vni, 0xabcdu);
}

TEST(TunnelLayer, TakesWhatDoesNotParseInsideForPayload) {
  const Layered frame(OuterUdp(4789, Hex("0800 0000 000009 00") + Octets(10)));
  EXPECT_EQ(frame.reason, DropReason::kNone);
  EXPECT_EQ(frame.view.dst_port, 4789);
}

// Found by a random disguise: a null segment went on as the outer packet's payload, unread.
TEST(TunnelLayer, RefusesFlagsInsideThatNoHostTakes) {
  const Octets null = test::Ipv4(6, test::Tcp({.flags = 0}, Octets(30)));
  EXPECT_EQ(Layered(Outer(4, null)).reason, DropReason::kTcpBadFlags);
  EXPECT_EQ(Layered(Outer(47, Hex("0000 0800") + null)).reason, DropReason::kTcpBadFlags);
  EXPECT_EQ(Layered(OuterUdp(4789, Hex("0800 0000 000009 00") + test::Ethernet(0x0800, null))).reason,
            DropReason::kTcpBadFlags);
}

TEST(TunnelLayer, TakesNoQuicForVxlan) {
  for (const char* head : {"c000 0000 0108 0000", "8800 0000 0114 0000", "886b 3343 cf14 0000"}) {
    const Layered frame(OuterUdp(4789, Hex(head) + test::Ethernet(0x0800, test::Packet())));
    EXPECT_FALSE(frame.view.tunnelled) << head;
    EXPECT_EQ(frame.view.dst_port, 4789) << head;
  }
}

// Eight headers around a hello went past as a protocol that nobody reads.
TEST(TunnelLayer, RefusesMoreTunnelsThanItPeels) {
  Octets packet = test::Packet();
  for (int i = 0; i < 8; ++i) packet = test::Ipv4(4, packet, kLeft, kRight);
  EXPECT_EQ(Layered(test::Ethernet(0x0800, packet)).reason, DropReason::kTooManyLayers);
}

}  // namespace
}  // namespace weir
