#include <gtest/gtest.h>

#include "tests/unit/classifiers/payload/conversation.h"

namespace weir::test {
namespace {

Octets Framed(const Octets& m) { return Be16({static_cast<std::uint16_t>(m.size())}) + m; }

TEST(DnsCrypt, AskingForACertificateIsCertain) {
  const PayloadFind find = Conversation(443).Client(Question({"2", "dnscrypt-cert", "example", "net"}));
  EXPECT_EQ(find.app, "DNScrypt");
  EXPECT_EQ(find.confidence, Confidence::kCertain);
}

TEST(DnsCrypt, OverPort53ItIsAGuessAsForwardersAskEverythingFromOnePort) {
  EXPECT_EQ(Conversation(53).Client(Question({"2", "dnscrypt-cert", "example", "net"})).confidence, Confidence::kGuess);
}

TEST(DnsCrypt, OtherQuestionsAreNone) {
  EXPECT_FALSE(Conversation(443).Client(Question({"2", "dnscrypt-cert", "example", "net"}, "0001 0001")).known());
  EXPECT_FALSE(Conversation(443).Client(Question({"www", "dnscrypt-cert", "example", "net"})).known());
  EXPECT_FALSE(Conversation(443).Client(Question({"2", "dnscrypt-certs", "example", "net"})).known());
  EXPECT_FALSE(Conversation(443).Client(Question({"2", "dnscrypt-cert"})).known());
}

TEST(DnsCrypt, AvastsResolversAreToldByTheirName) {
  EXPECT_EQ(Conversation(443).Client(Question({"2", "SeCURednS", "aVasT", "CoM"})).app, "AVASTSecureDNS");
  EXPECT_FALSE(Conversation(443).Client(Question({"2", "securedns", "avasta", "com"})).known());
}

TEST(DnsCrypt, AnAnswerIsCertainIfItRepeatsTheNonce) {
  Conversation flow;
  EXPECT_FALSE(flow.Client(Query(5)).known());
  EXPECT_EQ(flow.Server(Answer(5)).confidence, Confidence::kCertain);
  EXPECT_EQ(flow.Server(Answer(6)).confidence, Confidence::kProbable);
}

TEST(DnsCrypt, AnAnswerIsItsMagic) {
  Conversation flow;
  (void)flow.Client(Query(5));
  EXPECT_FALSE(flow.Server(Text("r6fnvWj9") + Sealed(12, 5) + Sealed(180)).known());
  EXPECT_FALSE(flow.Server(Text("r6fnvWj8")).known());
}

TEST(DnsCrypt, OverTcpTheNonceIsRepeatedToo) {
  Conversation flow(443, 6);
  EXPECT_FALSE(flow.Client(Framed(Query(5))).known());
  EXPECT_EQ(flow.Server(Framed(Answer(5))).confidence, Confidence::kCertain);
  Conversation other(443, 6);
  (void)other.Client(Framed(Query(5)));
  EXPECT_FALSE(other.Server(Framed(Answer(6))).known());
}

TEST(DnsCrypt, ARelayIsToldWhereToSendTheQuery) {
  const Octets to = Hex("ffffffffffffffff 0000 00000000000000000000ffffc0000201 01bb");
  EXPECT_EQ(Conversation().Client(to + Query(5)).app, "DNScrypt");
  EXPECT_FALSE(Conversation().Client(to + Sealed(40)).known());
  EXPECT_FALSE(
      Conversation().Client(Hex("ffffffffffffffff 0001 00000000000000000000ffffc0000201 01bb") + Query(5)).known());
}

}  // namespace
}  // namespace weir::test
