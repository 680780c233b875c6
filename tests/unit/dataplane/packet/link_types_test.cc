#include "tests/unit/dataplane/packet/layer.h"

namespace weir {
namespace {

using test::Hex;
using test::Layered;
using test::Octets;
using test::operator+;

struct Link {
  const char* name;
  LinkType link;
  Octets before;
};
std::vector<Link> Links() {
  return {
      {"raw IP", LinkType::kRawIp, {}},
      {"Linux cooked", LinkType::kLinuxSll, Hex("0000 0001 0006 000000000000 0000 0800")},
      {"Linux cooked 2", LinkType::kLinuxSll2, Hex("0800 0000 00000001 0001 00 06 0000000000000000")},
      {"null, little-endian", LinkType::kNull, Hex("02000000")},
      {"null, big-endian", LinkType::kNull, Hex("00000002")},
      {"loop", LinkType::kLoop, Hex("00000002")},
      {"PPP", LinkType::kPpp, Hex("ff03 0021")},
      {"PPP with direction", LinkType::kPppDir, Hex("00 ff03 0021")},
      {"PPP with direction, no framing", LinkType::kPppDir, Hex("00 0021")},
      {"802.11", LinkType::kIeee80211, Hex("0802 0000") + Octets(18) + Hex("0000 aaaa03000000 0800")},
      {"radiotap", LinkType::kRadiotap,
       Hex("00 00 0800 00000000 0802 0000") + Octets(18) + Hex("0000 aaaa03000000 0800")},
  };
}

TEST(LinkTypes, EachLeadsToTheSamePacket) {
  for (const Link& link : Links()) {
    const Layered frame(link.before + test::Packet(), link.link);
    EXPECT_EQ(frame.reason, DropReason::kNone) << link.name;
    EXPECT_EQ(frame.view.dst_port, 443) << link.name;
    EXPECT_EQ(frame.view.l3_off, link.before.size()) << link.name;
  }
}

TEST(LinkTypes, SurviveAnyCut) {
  for (const Link& link : Links()) {
    const Octets whole = link.before + test::Packet();
    for (std::size_t n = 0; n < whole.size(); ++n) {
      const Layered cut(Octets(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)), link.link);
      EXPECT_TRUE(cut.reason != DropReason::kNone || cut.view.ip_version == 0) << link.name << " " << n;
    }
  }
}

TEST(LinkTypes, WhatIsNotKnownIsNoIp) {
  const Layered frame(test::Packet(), LinkType::kUnsupported);
  EXPECT_EQ(frame.view.ip_version, 0);
}

}  // namespace
}  // namespace weir
