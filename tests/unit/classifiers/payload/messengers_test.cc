#include <gtest/gtest.h>

#include "tests/unit/classifiers/payload/conversation.h"

namespace weir::test {
namespace {

TEST(DiscordVoice, ADiscoveryThatIsAnsweredWithItsSsrcIsCertain) {
  Conversation flow(50004);
  EXPECT_EQ(flow.Client(Hex("0001 0046 0000ace3") + Zeros(64) + Hex("6f74")).confidence, Confidence::kProbable);
  const PayloadFind find = flow.Server(Hex("0002 0046 0000ace3") + Text("203.0.113.9") + Zeros(53) + Hex("c350"));
  EXPECT_EQ(find.app, "Discord");
  EXPECT_EQ(find.confidence, Confidence::kCertain);
}

TEST(DiscordVoice, AnAnswerToAnotherSsrcOrWithoutAnAddressIsNone) {
  Conversation flow(50004);
  (void)flow.Client(Hex("0001 0046 0000ace3") + Zeros(66));
  EXPECT_FALSE(flow.Server(Hex("0002 0046 0000ace4") + Text("203.0.113.9") + Zeros(53) + Hex("c350")).known());
  EXPECT_FALSE(flow.Server(Hex("0002 0046 0000ace3") + Sealed(64) + Hex("c350")).known());
}

TEST(DiscordVoice, ADiscoveryWithAnythingBehindItsHeadIsNone) {
  EXPECT_FALSE(Conversation(50004).Client(Hex("0001 0046 0000ace3") + Sealed(66)).known());
  EXPECT_FALSE(Conversation(50004).Client(Hex("0001 0046 0000ace3") + Zeros(62)).known());
}

TEST(DiscordVoice, ARegionProbeCountsOnlyWhenItIsRepeated) {
  Conversation flow(50004);
  EXPECT_FALSE(flow.Client(Hex("1337cafe 0e000000")).known());
  EXPECT_FALSE(flow.Server(Hex("1337cafe 0f000000")).known());
  EXPECT_EQ(flow.Server(Hex("1337cafe 0e000000")).confidence, Confidence::kProbable);
}

TEST(Viber, ASessionOpensWithItsLengthAndMarks) {
  const Octets opening = Hex("6000 2e0eea14 fcff 0380 59001b00") + Sealed(0x60 - 14);
  EXPECT_EQ(Conversation(4244, 6).Client(opening).confidence, Confidence::kCertain);
  EXPECT_EQ(Conversation(9999, 6).Client(opening).confidence, Confidence::kProbable);
}

TEST(Viber, ALengthThatIsNotTheMessagesIsNone) {
  EXPECT_FALSE(Conversation(4244, 6).Client(Hex("6000 2e0eea14 fcff 0380 59001b00")).known());
  EXPECT_FALSE(Conversation(4244, 6).Client(Hex("6000 2e0eea14 fcfe 0380 59001b00") + Sealed(0x60 - 14)).known());
}

Octets KeyRequest(const char* constructor) {
  return Zeros(8) + Hex("0100 0000 5f3a 1c66") + Hex("14000000") + Hex(constructor) + Sealed(16);
}

TEST(Telegram, AKeyExchangeIsCertainInEveryTransport) {
  for (const char* constructor : {"f18e7ebe", "78974660"}) {
    const Octets request = KeyRequest(constructor);
    EXPECT_EQ(Conversation(443, 6).Client(Hex("ef0a") + request).confidence, Confidence::kCertain);
    EXPECT_EQ(Conversation(443, 6).Client(Hex("eeeeeeee 28000000") + request).confidence, Confidence::kCertain);
    EXPECT_EQ(Conversation(443, 6).Client(Hex("dddddddd 2c000000") + request).confidence, Confidence::kCertain);
    EXPECT_EQ(Conversation(443, 6).Client(Hex("34000000 00000000") + request).confidence, Confidence::kCertain);
  }
}

TEST(Telegram, RandomBytesBehindItsMarkAreNone) {
  EXPECT_FALSE(Conversation(443, 6).Client(Hex("ef0a") + Sealed(40)).known());
  EXPECT_FALSE(Conversation(443, 6).Client(Hex("ef0a") + KeyRequest("f18e7ebf")).known());
}

TEST(KakaoTalk, AKeyExchangeIsProbable) {
  const Octets exchange = Hex("00010000 0c000000 02000000") + Sealed(244);
  EXPECT_EQ(Conversation(443, 6).Client(exchange).app, "KakaoTalk");
  EXPECT_EQ(Conversation(443, 6).Client(exchange).confidence, Confidence::kProbable);
}

TEST(KakaoTalk, OtherKindsOfKeysAreNone) {
  EXPECT_FALSE(Conversation(443, 6).Client(Hex("00010000 0c000000 00000000") + Sealed(244)).known());
  EXPECT_FALSE(Conversation(443, 6).Client(Hex("00010000 0c000000 02000000") + Zeros(244)).known());
}

}  // namespace
}  // namespace weir::test
