#include <gtest/gtest.h>

#include "tests/unit/classifiers/payload/conversation.h"

namespace weir::test {
namespace {

TEST(Detectors, ReadWithinTheBoundsOfEveryPrefixOfEverything) {
  const std::vector<Octets> all = {Question({"2", "dnscrypt-cert", "example", "net"}),
                                   Query(5),
                                   Answer(5),
                                   Sealed(300),
                                   Hex("ffffffffffffffff 0000") + Sealed(300),
                                   Hex("38") + Sealed(60),
                                   Hex("02000000") + Sealed(100),
                                   Hex("0001 0046") + Sealed(70)};
  for (const Octets& whole : all) {
    for (std::size_t n = 0; n <= whole.size(); ++n) {
      const Octets cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
      for (const int proto : {6, 17, 47, 50}) {
        Conversation flow(4500, static_cast<std::uint8_t>(proto));
        (void)flow.Client(cut);
        (void)flow.Server(cut);
      }
    }
  }
}

TEST(Detectors, AMillionRandomDatagramsAndStreamsAreNone) {
  for (std::uint32_t seed = 1; seed <= 250000; ++seed) {
    const Octets bytes = Sealed(20 + seed % 180, seed * 2654435761u);
    Conversation datagrams(static_cast<std::uint16_t>(seed));
    ASSERT_FALSE(datagrams.Client(bytes).known()) << seed;
    ASSERT_FALSE(datagrams.Server(bytes).known()) << seed;
    Conversation streams(static_cast<std::uint16_t>(seed), 6);
    ASSERT_FALSE(streams.Client(bytes).known()) << seed;
    ASSERT_FALSE(streams.Server(bytes).known()) << seed;
  }
}

TEST(Ipsec, IsItsIpProtocols) {
  EXPECT_EQ(Conversation(0, 50).Client(Sealed(40)).app, "IPSec");
  EXPECT_EQ(Conversation(0, 51).Client(Sealed(40)).app, "IPSec");
  EXPECT_FALSE(Conversation(0, 89).Client(Sealed(40)).known());
}

TEST(Pptp, ItsDataIsGreOfVersionOne) {
  EXPECT_EQ(Conversation(0, 47).Client(Hex("3001880b 0010 0001") + Sealed(24)).app, "PPTP");
  EXPECT_FALSE(Conversation(0, 47).Client(Hex("20000800 00100001") + Sealed(24)).known());
}

}  // namespace
}  // namespace weir::test
