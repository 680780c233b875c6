#include "dataplane/core/flow_key.h"

#include <gtest/gtest.h>

#include "dataplane/core/packet_view.h"

namespace weir {
namespace {

PacketView View(std::uint8_t src, std::uint16_t sport, std::uint8_t dst, std::uint16_t dport) {
  PacketView view;
  view.ip_version = 4;
  view.proto = 6;
  view.src.octets = {10, 0, 0, src};
  view.dst.octets = {10, 0, 0, dst};
  view.src_port = sport;
  view.dst_port = dport;
  return view;
}

TEST(KeyOf, IsOneForBothDirectionsAndSaysWhichOneItIs) {
  const DirectedKey there = KeyOf(View(1, 40000, 2, 443), true);
  const DirectedKey back = KeyOf(View(2, 443, 1, 40000), true);
  EXPECT_EQ(there.key, back.key);
  EXPECT_NE(there.reversed, back.reversed);
}

TEST(KeyOf, OrdersTheSameAddressByPort) {
  EXPECT_EQ(KeyOf(View(1, 40000, 1, 443), true).key, KeyOf(View(1, 443, 1, 40000), true).key);
}

TEST(KeyOf, HasTheVlanOnlyWhereTold) {
  PacketView tagged = View(1, 1, 2, 2);
  tagged.vlan = {40, 0, 0};
  tagged.vlan_count = 1;
  EXPECT_NE(KeyOf(tagged, true).key, KeyOf(View(1, 1, 2, 2), true).key);
  EXPECT_EQ(KeyOf(tagged, false).key, KeyOf(View(1, 1, 2, 2), false).key);
}

TEST(KeyOf, TellsNetworksAndProtocolsApart) {
  PacketView vxlan = View(1, 1, 2, 2);
  vxlan.vni = 9;
  PacketView udp = View(1, 1, 2, 2);
  udp.proto = 17;
  EXPECT_NE(KeyOf(vxlan, true).key, KeyOf(View(1, 1, 2, 2), true).key);
  EXPECT_NE(KeyOf(udp, true).key, KeyOf(View(1, 1, 2, 2), true).key);
}

}  // namespace
}  // namespace weir
