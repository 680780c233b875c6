#include "tests/unit/dataplane/packet/layer.h"

namespace weir {
namespace {

using test::Hex;
using test::Layered;
using test::Octets;
using test::operator+;

TEST(EthernetLayer, ReadsUpToThreeTagsOutermostFirst) {
  const Octets addresses(12);
  const Octets packet = Hex("0800") + test::Packet();
  const Layered three(addresses + Hex("88a8 0007 8100 0028 8100 6fff") + packet);
  EXPECT_EQ(three.reason, DropReason::kNone);
  EXPECT_EQ(three.view.vlan_count, 3);
  EXPECT_EQ(three.view.vlan, (std::array<std::uint16_t, 3>{7, 40, 0xfff}));  // the priority is no part of the id
  EXPECT_EQ(three.view.dst_port, 443);
}

// Half of a hello behind a priority tag was another flow's.
TEST(EthernetLayer, TakesAPriorityTagForNoVlan) {
  const Octets addresses(12);
  const Octets packet = Hex("0800") + test::Packet();
  for (const char* tags : {"8100 0005", "8100 e000 8100 0005", "8100 0005 8100 0000", "88a8 0000 8100 2005"}) {
    const Layered frame(addresses + Hex(tags) + packet);
    EXPECT_EQ(frame.view.vlan_count, 1) << tags;
    EXPECT_EQ(frame.view.vlan[0], 5) << tags;
  }
  EXPECT_EQ(Layered(addresses + Hex("8100 e000") + packet).view.vlan_count, 0);
}

TEST(EthernetLayer, LooksBehindMplsLabelsAndPppoe) {
  const Octets addresses(12);
  EXPECT_EQ(Layered(addresses + Hex("8847 00010040 00011140") + test::Packet()).view.dst_port, 443);
  const Octets packet = test::Packet();
  const auto length = static_cast<std::uint16_t>(packet.size() + 2);
  EXPECT_EQ(Layered(addresses + Hex("8864 1100 0001") + test::Be16({length}) + Hex("0021") + packet).view.dst_port,
            443);
}

TEST(EthernetLayer, FindsAPseudowiresFrameWithAndWithoutAControlWord) {
  const Octets inner = Hex("0800") + test::Packet();
  for (const char* wire : {"00112233445566778899aabb", "4c112233445566778899aabb", "6c112233445566778899aabb",
                           "fc112233445566778899aabb"}) {
    const Octets labels = Octets(12) + Hex("8847 00011140");
    EXPECT_EQ(Layered(labels + Hex(wire) + inner).view.dst_port, 443) << wire;
    EXPECT_EQ(Layered(labels + Hex("00000000") + Hex(wire) + inner).view.dst_port, 443) << wire;
  }
}

TEST(EthernetLayer, KnowsTheOldTagsAndTheSnapOfBridges) {
  const Octets addresses(12);
  const Octets packet = test::Packet();
  for (const char* tag : {"9100 0007", "9200 0007", "9300 0007"})
    EXPECT_EQ(Layered(addresses + Hex(tag) + Hex("0800") + packet).view.dst_port, 443) << tag;
  const Octets snap = test::Be16({static_cast<std::uint16_t>(packet.size() + 8)}) + Hex("aaaa03 0000f8 0800");
  EXPECT_EQ(Layered(addresses + snap + packet).view.dst_port, 443);
}

TEST(EthernetLayer, LeavesWhatCarriesNoIpAlone) {
  for (const char* type : {"0806", "88cc", "0026", "8863", "88f7"}) {
    const Layered frame(Octets(12) + Hex(type) + Octets(46));
    EXPECT_EQ(frame.reason, DropReason::kNone) << type;
    EXPECT_EQ(frame.view.ip_version, 0) << type;
  }
}

TEST(EthernetLayer, StopsAtMoreLayersThanItPeels) {
  Octets frame(12);
  for (int i = 0; i < 40; ++i) frame = frame + Hex("8100 0001");
  EXPECT_EQ(Layered(frame + Hex("0800") + test::Packet()).reason, DropReason::kTooManyLayers);
}

}  // namespace
}  // namespace weir
