#include <gtest/gtest.h>

#include "tests/unit/classifiers/payload/conversation.h"

namespace weir::test {
namespace {

constexpr std::uint16_t kAny = 40001;
constexpr std::uint8_t kTcp = 6;

TEST(Pptp, AControlConnectionIsItsCookie) {
  EXPECT_EQ(Conversation(kAny, kTcp).Client(Hex("009c0001 1a2b3c4d 00010000 01000000") + Zeros(140)).app, "PPTP");
  EXPECT_FALSE(Conversation(kAny, kTcp).Client(Hex("009c0001 1a2b3c4e 00010000 01000000") + Zeros(140)).known());
}

TEST(L2tp, AControlMessageBeginsWithItsType) {
  const Octets request = Hex("c802 0014 0000 0000 0000 0000 8008 0000 0000 0001");
  EXPECT_EQ(Conversation(1701).Client(request).app, "L2TP");
  EXPECT_FALSE(Conversation(1701).Client(request + Zeros(1)).known());
  EXPECT_FALSE(Conversation(1701).Client(Hex("c802 0014 0000 0000 0000 0000 8008 0000 0000 0099")).known());
}

TEST(SoftEther, AnAddressQueryIsCertainOnceAnswered) {
  Conversation flow(5004);
  EXPECT_FALSE(flow.Client(Text("A")).known());
  EXPECT_EQ(flow.Server(Text("IP=203.0.113.9,PORT=51381")).confidence, Confidence::kCertain);
}

TEST(SoftEther, TheAnswerAloneOrAnotherTextIsNone) {
  Conversation flow(5004);
  EXPECT_FALSE(flow.Server(Text("IP=203.0.113.9,PORT=51381")).known());
  (void)flow.Client(Text("A"));
  EXPECT_FALSE(flow.Server(Text("IP=example.net,PORT=51381")).known());
  EXPECT_FALSE(flow.Server(Text("IP=203.0.113.9,PORT=x")).known());
}

TEST(SoftEther, ANatPackIsItsFirstElement) {
  const Octets pack = Hex("00000003 00000007") + Text("opcode") + Hex("00000002 00000001 00000009") + Text("get_token");
  EXPECT_EQ(Conversation(5004).Client(pack).app, "Softether");
  EXPECT_FALSE(Conversation(5005).Client(pack).known());
  EXPECT_FALSE(Conversation(5004).Client(Hex("00000003 00000007") + Text("opcoda") + Hex("00000002 00000001")).known());
}

TEST(Tinc, IsCertainWhenBothIdentifyThemselves) {
  Conversation flow(655, kTcp);
  EXPECT_EQ(flow.Client(Text("0 alpha 17.7\n")).confidence, Confidence::kProbable);
  EXPECT_EQ(flow.Server(Text("0 beta_2 17\n1 94 64 0 0 8C")).confidence, Confidence::kCertain);
}

TEST(Tinc, AnotherLineIsNone) {
  EXPECT_FALSE(Conversation(655, kTcp).Client(Text("0 alpha 18\n")).known());
  EXPECT_FALSE(Conversation(655, kTcp).Client(Text("0 al pha 17\n")).known());
  EXPECT_FALSE(Conversation(655, kTcp).Client(Text("0 alpha 17.7")).known());
}

}  // namespace
}  // namespace weir::test
