#include "tests/unit/dataplane/packet/layer.h"

namespace weir {
namespace {

using test::Hex;
using test::Layered;
using test::Octets;
using test::operator+;

Layered Tcp(const test::TcpHeader& header, const Octets& payload = {}) {
  return Layered(test::Ethernet(0x0800, test::Ipv4(6, test::Tcp(header, payload))));
}

TEST(TransportLayer, RefusesFlagsThatNoStackSends) {
  for (const int flags : {0x00, 0x03, 0x06, 0x07}) {
    EXPECT_EQ(Tcp({.flags = static_cast<std::uint8_t>(flags)}).reason, DropReason::kTcpBadFlags) << flags;
  }
  for (const int flags : {0x02, 0x12, 0x10, 0x11, 0x14, 0x04, 0x18, 0xc2}) {
    EXPECT_EQ(Tcp({.flags = static_cast<std::uint8_t>(flags)}).reason, DropReason::kNone) << flags;
  }
}

TEST(TransportLayer, ReadsTheOptionsThatTheStreamNeeds) {
  const Layered syn = Tcp({.flags = 2, .options = Hex("020405b4 01 030307 080a 00000011 00000000")});
  EXPECT_EQ(syn.view.tcp_wscale, 7);
  EXPECT_TRUE(syn.view.has_tcp_ts);
  EXPECT_EQ(syn.view.tcp_tsval, 0x11u);
}

TEST(TransportLayer, TellsAPathThatJoinsFromOneThatMayBeJoined) {
  const auto joins = [](const char* options) {
    const Layered frame(test::Ethernet(0x0800, test::Ipv4(6, test::Tcp({.flags = 2, .options = Hex(options)}, {}))));
    return frame.view.tcp_joins;
  };
  EXPECT_TRUE(joins("1e0c 1000 00000001 00000002"));
  EXPECT_FALSE(joins("1e0c 0081 0000000000000001"));
  EXPECT_FALSE(joins("1e02"));
}

TEST(TransportLayer, EndsOptionsThatRunPastTheHeader) {
  EXPECT_EQ(Tcp({.flags = 2, .options = Hex("08ff0000")}).reason, DropReason::kNone);
  EXPECT_FALSE(Tcp({.flags = 2, .options = Hex("08ff0000")}).view.has_tcp_ts);
  EXPECT_EQ(Tcp({.flags = 2, .options = Hex("0300 0101")}).reason, DropReason::kNone);  // an option of length 0
}

TEST(TransportLayer, BelievesNoWrongChecksumOrLength) {
  Octets udp = test::Udp(4000, 53, test::Text("query"));
  udp[6] ^= std::byte{1};
  EXPECT_EQ(Layered(test::Ethernet(0x0800, test::Ipv4(17, udp))).reason, DropReason::kBadL4Checksum);
  udp = test::Udp(4000, 53, test::Text("query"));
  udp[5] = std::byte{200};
  EXPECT_EQ(Layered(test::Ethernet(0x0800, test::Ipv4(17, udp))).reason, DropReason::kBadLength);
  udp = test::Udp(4000, 53, test::Text("query"));
  udp[6] = udp[7] = std::byte{0};  // none, over IPv4 (RFC 768)
  EXPECT_EQ(Layered(test::Ethernet(0x0800, test::Ipv4(17, udp))).reason, DropReason::kNone);
}

}  // namespace
}  // namespace weir
