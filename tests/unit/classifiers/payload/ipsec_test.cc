#include <gtest/gtest.h>

#include "tests/unit/classifiers/payload/conversation.h"

namespace weir::test {
namespace {

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

}  // namespace
}  // namespace weir::test
