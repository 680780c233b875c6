#include <gtest/gtest.h>

#include "tests/unit/classifiers/payload/conversation.h"

namespace weir::test {
namespace {

Octets MmtlsHello(const char* type) { return Hex(type) + Hex("f104 0068 00000064 0103f1") + Sealed(97); }

TEST(WeChat, AnMmtlsHelloIsCertain) {
  EXPECT_EQ(Conversation(8080, 6).Client(MmtlsHello("16")).app, "WeChat");
  EXPECT_EQ(Conversation(8080, 6).Client(MmtlsHello("19")).confidence, Confidence::kCertain);
}

TEST(WeChat, RecordsAloneAreProbableAndBothWaysCertain) {
  Conversation flow(80, 6);
  EXPECT_EQ(flow.Client(Hex("17f104 0010") + Sealed(16) + Hex("17f104 0010") + Sealed(16)).confidence,
            Confidence::kProbable);
  EXPECT_EQ(flow.Server(Hex("17f104 0020") + Sealed(32)).confidence, Confidence::kCertain);
}

TEST(WeChat, TlsAndRecordsThatDoNotFollowEachOtherAreNone) {
  EXPECT_FALSE(Conversation(443, 6).Client(Hex("160301 0068 01000064 0303") + Sealed(98)).known());
  EXPECT_FALSE(Conversation(80, 6).Client(Hex("17f104 0010") + Sealed(16) + Hex("18f104 0010") + Sealed(16)).known());
}

TEST(Oicq, ACommandIsProbableOnItsPortAndCertainOnceAnswered) {
  const Octets command = Hex("02 3b0b 0001 1234 075bcd15") + Sealed(20) + Hex("03");
  Conversation flow(8000);
  EXPECT_EQ(flow.Client(command).confidence, Confidence::kProbable);
  EXPECT_EQ(flow.Server(Hex("02 3b0b 0001 1234 075bcd15") + Sealed(40) + Hex("03")).confidence, Confidence::kCertain);
  EXPECT_FALSE(Conversation(9000).Client(command).known());
}

TEST(Oicq, AnUnknownCommandOrNumberOrEndIsNone) {
  EXPECT_FALSE(Conversation(8000).Client(Hex("02 3b0b 0100 1234 075bcd15") + Sealed(20) + Hex("03")).known());
  EXPECT_FALSE(Conversation(8000).Client(Hex("02 3b0b 0001 1234 00000015") + Sealed(20) + Hex("03")).known());
  EXPECT_FALSE(Conversation(8000).Client(Hex("02 3b0b 0001 1234 075bcd15") + Sealed(20) + Hex("04")).known());
}

}  // namespace
}  // namespace weir::test
