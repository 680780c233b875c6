#include <gtest/gtest.h>

#include "tests/unit/classifiers/payload/conversation.h"

namespace weir {
namespace {

using test::operator+;
using test::Conversation;
using test::Hex;
using test::Octets;
using test::Sealed;
using test::Text;
using test::Zeros;

constexpr std::uint16_t kAny = 40001;
constexpr std::uint8_t kTcp = 6;

// ---- WireGuard --------------------------------------------------------------------------------------

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

// ---- IPsec ------------------------------------------------------------------------------------------

Octets Ike(const char* initiator, const char* responder, const char* kind, std::uint8_t length) {
  return Hex(initiator) + Hex(responder) + Hex(kind) + Zeros(4) + Zeros(3) + Octets{std::byte{length}} +
         Sealed(length - 28u);
}

TEST(Ipsec, AnIkeHeaderOnItsPortIsCertain) {
  EXPECT_EQ(Conversation(500).Client(Ike("0102030405060708", "0000000000000000", "21202208", 100)).app, "IPSec");
  EXPECT_EQ(Conversation(500).Client(Ike("0102030405060708", "0000000000000000", "01100200", 100)).app, "IPSec");
  EXPECT_EQ(Conversation(4500).Client(Zeros(4) + Ike("0102030405060708", "1112131415161718", "2e202308", 100)).app,
            "IPSec");
}

TEST(Ipsec, OnAnotherPortTheInitiatorsSpiMustComeBack) {
  Conversation flow;
  EXPECT_FALSE(flow.Client(Ike("0102030405060708", "0000000000000000", "21202208", 100)).known());
  EXPECT_FALSE(flow.Client(Ike("0102030405060708", "0000000000000000", "21202208", 100)).known());
  EXPECT_EQ(flow.Server(Ike("0102030405060708", "1112131415161718", "21202220", 90)).confidence, Confidence::kCertain);
}

TEST(Ipsec, AWrongLengthVersionOrExchangeIsNone) {
  Octets longer = Ike("0102030405060708", "0000000000000000", "21202208", 100);
  longer.push_back(std::byte{0});
  EXPECT_FALSE(Conversation(500).Client(longer).known());
  EXPECT_FALSE(Conversation(500).Client(Ike("0102030405060708", "0000000000000000", "21302208", 100)).known());
  EXPECT_FALSE(Conversation(500).Client(Ike("0102030405060708", "0000000000000000", "21200108", 100)).known());
  EXPECT_FALSE(Conversation(500).Client(Ike("0000000000000000", "0000000000000000", "21202208", 100)).known());
}

TEST(Ipsec, EspInUdpIsProbableAfterThreeSequenceNumbers) {
  Conversation flow(4500);
  EXPECT_FALSE(flow.Client(Hex("c1020304 00000001") + Sealed(40)).known());
  EXPECT_FALSE(flow.Client(Hex("c1020304 00000002") + Sealed(40)).known());
  EXPECT_EQ(flow.Client(Hex("c1020304 00000003") + Sealed(40)).confidence, Confidence::kProbable);
  Conversation other(4501);
  for (const char* sequence : {"00000001", "00000002", "00000003", "00000004"})
    EXPECT_FALSE(other.Client(Hex("c1020304") + Hex(sequence) + Sealed(40)).known());
}

TEST(Ipsec, IsItsIpProtocols) {
  EXPECT_EQ(Conversation(0, 50).Client(Sealed(40)).app, "IPSec");
  EXPECT_EQ(Conversation(0, 51).Client(Sealed(40)).app, "IPSec");
  EXPECT_FALSE(Conversation(0, 89).Client(Sealed(40)).known());
}

// ---- PPTP, L2TP -------------------------------------------------------------------------------------

TEST(Pptp, AControlConnectionIsItsCookie) {
  EXPECT_EQ(Conversation(kAny, kTcp).Client(Hex("009c0001 1a2b3c4d 00010000 01000000") + Zeros(140)).app, "PPTP");
  EXPECT_FALSE(Conversation(kAny, kTcp).Client(Hex("009c0001 1a2b3c4e 00010000 01000000") + Zeros(140)).known());
}

TEST(Pptp, ItsDataIsGreOfVersionOne) {
  EXPECT_EQ(Conversation(0, 47).Client(Hex("3001880b 0010 0001") + Sealed(24)).app, "PPTP");
  EXPECT_FALSE(Conversation(0, 47).Client(Hex("20000800 00100001") + Sealed(24)).known());
}

TEST(L2tp, AControlMessageBeginsWithItsType) {
  const Octets request = Hex("c802 0014 0000 0000 0000 0000 8008 0000 0000 0001");
  EXPECT_EQ(Conversation(1701).Client(request).app, "L2TP");
  EXPECT_FALSE(Conversation(1701).Client(request + Zeros(1)).known());
  EXPECT_FALSE(Conversation(1701).Client(Hex("c802 0014 0000 0000 0000 0000 8008 0000 0000 0099")).known());
}

// ---- SoftEther, tinc --------------------------------------------------------------------------------

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
}  // namespace weir
