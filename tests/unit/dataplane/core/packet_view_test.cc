#include "dataplane/core/packet_view.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

PacketView Udp(std::uint8_t last_octet_src, std::uint16_t sport, std::uint8_t last_octet_dst, std::uint16_t dport) {
  PacketView view;
  const std::uint8_t src[4] = {10, 0, 0, last_octet_src};
  const std::uint8_t dst[4] = {10, 0, 0, last_octet_dst};
  view.src = IpAddress::V4(src);
  view.dst = IpAddress::V4(dst);
  view.src_port = sport;
  view.dst_port = dport;
  view.proto = kProtoUdp;
  view.ip_version = 4;
  return view;
}

TEST(KeyOf, BothDirectionsGiveOneKey) {
  const DirectedKey there = KeyOf(Udp(1, 4000, 2, 53), true);
  const DirectedKey back = KeyOf(Udp(2, 53, 1, 4000), true);
  EXPECT_EQ(there.key, back.key);
  EXPECT_NE(there.reversed, back.reversed);
}

TEST(KeyOf, PortsBreakTheTieBetweenEqualAddresses) {
  EXPECT_EQ(KeyOf(Udp(1, 9, 1, 7), true).key, KeyOf(Udp(1, 7, 1, 9), true).key);
}

TEST(KeyOf, VlanIsPartOfTheKeyOnlyWhenAsked) {
  PacketView tagged = Udp(1, 1, 2, 2);
  tagged.vlan_count = 1;
  tagged.vlan[0] = 40;
  EXPECT_NE(KeyOf(tagged, true).key, KeyOf(Udp(1, 1, 2, 2), true).key);
  EXPECT_EQ(KeyOf(tagged, false).key, KeyOf(Udp(1, 1, 2, 2), false).key);
}

}  // namespace
}  // namespace weir
