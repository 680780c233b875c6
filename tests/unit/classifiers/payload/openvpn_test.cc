#include <gtest/gtest.h>

#include "tests/unit/classifiers/payload/conversation.h"

namespace weir::test {
namespace {

const Octets kOurs = Hex("0102030405060708");
const Octets kTheirs = Hex("a1a2a3a4a5a6a7a8");

Octets Framed(const Octets& m) { return Be16({static_cast<std::uint16_t>(m.size())}) + m; }

TEST(OpenVpn, AHardResetThatIsAcknowledgedIsCertain) {
  Conversation flow;
  EXPECT_EQ(flow.Client(Hex("38") + kOurs + Hex("00 00000000")).confidence, Confidence::kProbable);
  const PayloadFind find = flow.Server(Hex("40") + kTheirs + Hex("01 00000000") + kOurs + Hex("00000000"));
  EXPECT_EQ(find.app, "OpenVPN");
  EXPECT_EQ(find.confidence, Confidence::kCertain);
}

TEST(OpenVpn, SoItIsWithTlsAuthOfAnyDigest) {
  for (const std::size_t hmac : {16u, 20u, 28u, 32u, 48u, 64u}) {
    const Octets auth = Sealed(hmac) + Hex("00000001 5fc1a157");
    Conversation flow;
    EXPECT_EQ(flow.Client(Hex("38") + kOurs + auth + Hex("00 00000000")).confidence, Confidence::kProbable) << hmac;
    EXPECT_EQ(flow.Server(Hex("40") + kTheirs + auth + Hex("01 00000000") + kOurs + Hex("00000000")).confidence,
              Confidence::kCertain)
        << hmac;
  }
}

TEST(OpenVpn, WithTlsCryptTheSessionsMustGoOn) {
  Conversation flow;
  EXPECT_EQ(flow.Client(Hex("38") + kOurs + Hex("00000001 5fc1a157") + Sealed(37)).confidence, Confidence::kProbable);
  EXPECT_FALSE(flow.Server(Hex("40") + kTheirs + Hex("00000001 5fc1a157") + Sealed(49)).known());
  EXPECT_EQ(flow.Client(Hex("28") + kOurs + Hex("00000002 5fc1a157") + Sealed(45)).confidence, Confidence::kCertain);
}

TEST(OpenVpn, AnotherSessionThatGoesOnIsNone) {
  Conversation flow;
  (void)flow.Client(Hex("38") + kOurs + Sealed(45));
  (void)flow.Server(Hex("40") + kTheirs + Sealed(57));
  EXPECT_FALSE(flow.Client(Hex("28") + Hex("0102030405060709") + Sealed(53)).known());
}

TEST(OpenVpn, ARandomDatagramWithItsOpcodeIsNone) {
  EXPECT_FALSE(Conversation().Client(Hex("38") + Sealed(13)).known());
  EXPECT_FALSE(Conversation().Client(Hex("38") + Sealed(41)).known());
  EXPECT_FALSE(Conversation().Client(Hex("38") + kOurs + Sealed(20) + Hex("00000002 5fc1a157 00 00000000")).known());
}

TEST(OpenVpn, OverTcpEachMessageHasItsLength) {
  Conversation flow(443, 6);
  EXPECT_EQ(flow.Client(Framed(Hex("38") + kOurs + Hex("00 00000000"))).confidence, Confidence::kProbable);
  EXPECT_EQ(flow.Server(Framed(Hex("40") + kTheirs + Hex("01 00000000") + kOurs + Hex("00000000"))).confidence,
            Confidence::kCertain);
  Conversation wrong(443, 6);
  EXPECT_FALSE(wrong.Client(Hex("000f 38") + kOurs + Hex("00 00000000")).known());
}

TEST(OpenVpn, WhoIsHeardFromItsServersResetOnIsFoundToo) {
  Conversation flow;  // the first that is heard counts as the client
  EXPECT_EQ(flow.Client(Hex("40") + kTheirs + Hex("01 00000000") + kOurs + Hex("00000000")).confidence,
            Confidence::kProbable);
}

}  // namespace
}  // namespace weir::test
