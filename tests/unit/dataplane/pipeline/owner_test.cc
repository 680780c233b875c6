#include "dataplane/pipeline/owner.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/packet_builder.h"

namespace weir {
namespace {

using test::Octets;

std::size_t Owner(Octets frame, std::size_t workers = 16) {
  FrameRef ref;
  ref.data = frame.data();
  ref.len = static_cast<std::uint32_t>(frame.size());
  return OwnerOf(ref, {}, workers);
}

Octets Frame(const std::string& src, const std::string& dst, const Octets& segment, std::uint16_t fragment = 0) {
  return test::Ethernet(0x0800, test::Ipv4(6, segment, src, dst, fragment));
}

TEST(OwnerOf, IsTheSameForBothDirectionsAllPortsAndAllFragments) {
  const Octets segment = test::Tcp({}, Octets(64), "10.1.2.3", "192.0.2.9");
  const std::size_t owner = Owner(Frame("10.1.2.3", "192.0.2.9", segment));
  EXPECT_EQ(Owner(Frame("192.0.2.9", "10.1.2.3", test::Tcp({.sport = 443, .dport = 1}, {}, "192.0.2.9", "10.1.2.3"))),
            owner);
  EXPECT_EQ(Owner(Frame("10.1.2.3", "192.0.2.9", segment, 0x2000)), owner);
  EXPECT_EQ(Owner(Frame("10.1.2.3", "192.0.2.9", Octets(64, std::byte{1}), 8)), owner);
}

TEST(OwnerOf, SpreadsNeighbouringAddresses) {
  std::set<std::size_t> owners;
  for (int host = 1; host < 200; ++host) {
    const std::string src = "10.1.2." + std::to_string(host);
    owners.insert(Owner(Frame(src, "192.0.2.9", test::Tcp({}, {}, src, "192.0.2.9"))));
  }
  EXPECT_EQ(owners.size(), 16u);
}

TEST(OwnerOf, IsWorkerZeroForWhatHasNoAddresses) {
  EXPECT_EQ(Owner(test::Ethernet(0x0806, Octets(46))), 0u);
  EXPECT_EQ(Owner(Octets(3)), 0u);
}

}  // namespace
}  // namespace weir
