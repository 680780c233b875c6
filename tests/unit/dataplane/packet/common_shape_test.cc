// What is read by the short cut is what the walk would have read; what is not plain is left to it.
#include <gtest/gtest.h>

#include <random>

#include "dataplane/packet/walk.h"
#include "tests/support/packet_builder.h"

namespace weir {
namespace {

using test::Ethernet;
using test::Hex;
using test::Ipv4;
using test::Ipv6;
using test::Octets;
using test::operator+;

Octets Tagged(std::uint16_t tag, const Octets& frame) {
  return Octets(frame.begin(), frame.begin() + 12) + test::Be16({0x8100, tag}) +
         Octets(frame.begin() + 12, frame.end());
}

Octets SumLess(Octets datagram) {
  datagram[6] = datagram[7] = std::byte{0};
  return datagram;
}

std::vector<Octets> PlainFrames() {
  const Octets payload = test::Text("GET / HTTP/1.1");
  const Octets options = Hex("0101080a 00000001 00000002");
  std::vector<Octets> frames = {
      Ethernet(0x0800, Ipv4(6, test::Tcp({}, payload))),
      Ethernet(0x0800, Ipv4(6, test::Tcp({.options = options}, payload))),
      Ethernet(0x0800, Ipv4(6, test::Tcp({.flags = kTcpSyn}, {}))),
      Ethernet(0x0800, Ipv4(17, test::Udp(5000, 443, payload))),
      Ethernet(0x0800, Ipv4(17, SumLess(test::Udp(5000, 443, payload)))),
      Ethernet(0x86dd, Ipv6(6, test::Tcp({}, payload, test::kClient6, test::kServer6))),
      Ethernet(0x86dd, Ipv6(17, test::Udp(5000, 443, payload, test::kClient6, test::kServer6))),
  };
  for (std::size_t i = 0, n = frames.size(); i < n; ++i) {
    frames.push_back(Tagged(0x2028, frames[i]));
    frames.push_back(Tagged(0x2000, frames[i]));
    frames.push_back(frames[i] + Octets(7));  // padding
  }
  return frames;
}

// Frames in heap blocks of their size: AddressSanitizer sees what is read behind them.
void Compare(const Octets& frame, const ParseOptions& options) {
  const Octets block(frame);
  PacketView quick, walked;
  const DropReason defect = ParseWalking(block, LinkType::kEthernet, options, walked);
  if (!ReadCommonShape(block, options, quick)) return;
  ASSERT_EQ(defect, DropReason::kNone);
  ASSERT_EQ(quick, walked);
}

TEST(CommonShape, TakesPlainFramesAndReadsThemAsTheWalkDoes) {
  for (const Octets& frame : PlainFrames()) {
    PacketView view;
    EXPECT_TRUE(ReadCommonShape(frame, {}, view));
    Compare(frame, {});
  }
}

TEST(CommonShape, AgreesWithTheWalkOnAnyByteChangedAndAnyLength) {
  std::mt19937 random(11);
  for (const Octets& frame : PlainFrames()) {
    for (const bool verify : {false, true}) {
      const ParseOptions options{.verify_checksums = verify};
      for (std::size_t n = 0; n <= frame.size(); ++n)
        Compare(Octets(frame.begin(), frame.begin() + static_cast<long>(n)), options);
      for (std::size_t i = 0; i < frame.size(); ++i) {
        Octets changed = frame;
        for (int value = 0; value < 256; value += verify ? 17 : 1) {
          changed[i] = static_cast<std::byte>(value);
          Compare(changed, options);
        }
        changed[random() % changed.size()] = static_cast<std::byte>(random());
        Compare(changed, options);
      }
    }
  }
}

// Whose lengths agree; a sanitizer sees what is read behind them (found by fuzzing).
TEST(CommonShape, ReadsNoFurtherThanATcpHeaderThatIsCut) {
  const Octets v4 = test::Tcp({}, {}), v6 = test::Tcp({}, {}, test::kClient6, test::kServer6);
  for (std::ptrdiff_t n = 0; n < 20; ++n) {
    PacketView view;
    EXPECT_FALSE(ReadCommonShape(Ethernet(0x0800, Ipv4(6, Octets(v4.begin(), v4.begin() + n))), {}, view)) << n;
    EXPECT_FALSE(ReadCommonShape(Ethernet(0x86dd, Ipv6(6, Octets(v6.begin(), v6.begin() + n))), {}, view)) << n;
  }
}

TEST(CommonShape, LeavesWhatIsNotPlainToTheWalk) {
  const Octets inside = Ethernet(0x0800, Ipv4(6, test::Tcp({}, test::Text("x"))));
  const std::vector<std::pair<std::string_view, Octets>> frames = {
      {"fragment", Ethernet(0x0800, Ipv4(6, test::Tcp({}, {}), test::kClient, test::kServer, 0x2000))},
      {"two tags", Tagged(1, Tagged(2, inside))},
      {"VXLAN", Ethernet(0x0800, Ipv4(17, test::Udp(5000, 4789, Hex("08000000 00002a00") + inside)))},
      {"Teredo answer", Ethernet(0x0800, Ipv4(17, test::Udp(3544, 5000, test::Text("0123456789"))))},
      {"extension header",
       Ethernet(0x86dd, Ipv6(0, Hex("06000104 00000000") + test::Tcp({}, {}, test::kClient6, test::kServer6)))},
      {"flags of no segment", Ethernet(0x0800, Ipv4(6, test::Tcp({.flags = 0}, {})))},
      {"UDP over IPv6 without a sum",
       Ethernet(0x86dd, Ipv6(17, SumLess(test::Udp(5000, 443, test::Text("x"), test::kClient6, test::kServer6))))},
      {"no IP", Ethernet(0x0806, Octets(28))},
  };
  for (const auto& [name, frame] : frames) {
    PacketView view;
    EXPECT_FALSE(ReadCommonShape(frame, {}, view)) << name;
  }
}

}  // namespace
}  // namespace weir
