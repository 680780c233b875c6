#include <gtest/gtest.h>

#include "tests/unit/classifiers/payload/conversation.h"

namespace weir::test {
namespace {

Octets Initiation(const char* index) { return Hex("01000000") + Hex(index) + Sealed(124) + Zeros(16); }
Octets Response(const char* index, const char* to) { return Hex("02000000") + Hex(index) + Hex(to) + Sealed(80); }
Octets Data(const char* to, const char* counter) {
  return Hex("04000000") + Hex(to) + Hex(counter) + Zeros(4) + Sealed(32);
}

TEST(WireGuard, AHandshakeIsCertainOnceItsIndexIsRepeated) {
  Conversation flow;
  EXPECT_EQ(flow.Client(Initiation("11223344")).confidence, Confidence::kProbable);
  const PayloadFind find = flow.Server(Response("aabbccdd", "11223344"));
  EXPECT_EQ(find.app, "WireGuard");
  EXPECT_EQ(find.confidence, Confidence::kCertain);
}

TEST(WireGuard, AnInitiationWithACookieOrJunkBehindItWaitsForTheAnswer) {
  Conversation flow;
  EXPECT_FALSE(flow.Client(Hex("01000000 11223344") + Sealed(196)).known());
  EXPECT_EQ(flow.Server(Hex("02000000 aabbccdd 11223344") + Sealed(88)).confidence, Confidence::kCertain);
}

TEST(WireGuard, AnAnswerToAnotherIndexIsNone) {
  Conversation flow;
  (void)flow.Client(Initiation("11223344"));
  EXPECT_FALSE(flow.Server(Response("aabbccdd", "11223345")).known());
}

TEST(WireGuard, ReservedBytesAndLengthsAreFixed) {
  EXPECT_FALSE(Conversation().Client(Hex("01000001 11223344") + Sealed(124) + Zeros(16)).known());
  EXPECT_FALSE(Conversation().Client(Hex("01000000 11223344") + Sealed(123) + Zeros(16)).known());
}

TEST(WireGuard, DataAloneIsProbableAfterItsCountersWentOn) {
  Conversation flow;
  EXPECT_FALSE(flow.Client(Data("01020304", "05000000")).known());
  EXPECT_FALSE(flow.Client(Data("01020304", "06000000")).known());
  EXPECT_FALSE(flow.Server(Data("0a0b0c0d", "01000000")).known());
  EXPECT_EQ(flow.Server(Data("0a0b0c0d", "02000000")).confidence, Confidence::kProbable);
}

TEST(WireGuard, DataWhoseCountersJumpOrWhoseReceiverChangesIsNone) {
  Conversation jumps;
  Conversation changes;
  for (int i = 0; i < 10; ++i) {
    const char* const counter = i % 2 == 0 ? "05000010" : "05000070";
    EXPECT_FALSE(jumps.Client(Data("01020304", counter)).known());
    EXPECT_FALSE(changes
                     .Client(Hex("04000000") + Sealed(4, 7u + static_cast<std::uint32_t>(i)) +
                             Hex("05000000 00000000") + Sealed(16))
                     .known());
  }
}

TEST(Tailscale, DiscoveryIsItsMagicAndABoxOfAtLeastItsSize) {
  EXPECT_EQ(Conversation().Client(Hex("5453f09f92ac") + Sealed(32 + 24 + 18)).app, "Tailscale");
  EXPECT_FALSE(Conversation().Client(Hex("5453f09f92ac") + Sealed(32 + 24 + 17)).known());
  EXPECT_FALSE(Conversation().Client(Hex("5453f09f92ad") + Sealed(32 + 24 + 18)).known());
}

}  // namespace
}  // namespace weir::test
