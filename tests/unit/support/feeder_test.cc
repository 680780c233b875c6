#include "tests/support/feeder.h"

#include <gtest/gtest.h>

#include "dataplane/core/sanitizer.h"
#include "dataplane/packet/parser.h"
#include "tests/support/mend.h"
#include "tests/support/packet_builder.h"

namespace weir::test {
namespace {

std::shared_ptr<const Generation> PassAll() {
  StartupOptions options;
  options.policy = "none";
  return LoadStartup(options).value().generation;
}

EngineSettings Small() {
  EngineSettings settings;
  settings.flow_capacity = 16;
  settings.use_ndpi = false;
  return settings;
}

const Octets kSyn = Ethernet(0x0800, Ipv4(6, Tcp({.seq = 0, .flags = 2}, {})));

TEST(Feeder, TellsEachFramesFate) {
  Feeder feeder(Small(), PassAll(), true);
  feeder.Add(kSyn, LinkType::kEthernet);
  feeder.Add(Bytes(kSyn).first(20), LinkType::kEthernet);
  feeder.Add(Ethernet(0x0800, Ipv4(6, Octets(24), kClient, kServer, 0x2000)), LinkType::kEthernet);
  feeder.Finish();
  EXPECT_EQ(feeder.fates(), (std::vector<std::string_view>{"forwarded", "truncated", "shutdown"}));
  EXPECT_NE(feeder.events().find("\"event_type\":\"flow\""), std::string::npos);
}

// The parser is given a frame as if it were a byte longer: what a bug in it would read. It must be seen.
TEST(Feeder, HasAPlantedOverReadOfOneByteSeen) {
  if (!kAddressSanitizer) GTEST_SKIP() << "not a sanitizer build (scripts/test-mutations runs it in one)";
  Octets longer = Ethernet(0x0800, Ipv4(17, Udp(1, 2, Text("payload."))));
  longer.pop_back();
  const std::unique_ptr<std::byte[]> block = Copy(longer);
  PacketView view;
  const Bytes over(block.get(), longer.size() + 1);
  EXPECT_DEATH((void)Parse(over, LinkType::kEthernet, {}, view), "heap-buffer-overflow");
}

TEST(MendChecksums, MakesAChangedPacketGoodAgain) {
  for (const bool v6 : {false, true}) {
    for (const bool tcp : {false, true}) {
      const auto [src, dst] = v6 ? std::pair(kClient6, kServer6) : std::pair(kClient, kServer);
      const Octets inner = tcp ? Tcp({}, Text("abc"), src, dst) : Udp(5, 6, Text("abc"), src, dst);
      const std::uint8_t proto = tcp ? 6 : 17;
      Octets frame = v6 ? Ethernet(0x86dd, Ipv6(proto, inner)) : Ethernet(0x0800, Ipv4(proto, inner));
      frame.back() ^= std::byte{1};
      frame[v6 ? 30 : 28] ^= std::byte{0x11};
      PacketView view;
      EXPECT_NE(Parse(frame, LinkType::kEthernet, {}, view), DropReason::kNone);
      MendChecksums(frame, LinkType::kEthernet);
      EXPECT_EQ(Parse(frame, LinkType::kEthernet, {}, view), DropReason::kNone);
    }
  }
}

}  // namespace
}  // namespace weir::test
