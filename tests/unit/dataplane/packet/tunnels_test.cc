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

}  // namespace
}  // namespace weir
