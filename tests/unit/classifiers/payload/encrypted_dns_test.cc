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

Octets Label(const std::string& text) { return Octets{static_cast<std::byte>(text.size())} + Text(text); }
Octets Question(const std::vector<std::string>& labels, const char* type = "0010 0001") {
  Octets out = Hex("1234 0100 0001 0000 0000 0000");
  for (const std::string& label : labels) out = out + Label(label);
  return out + Hex("00") + Hex(type);
}
Octets Query(std::uint32_t nonce) { return Sealed(40) + Sealed(12, nonce) + Sealed(256); }
Octets Answer(std::uint32_t nonce) { return Text("r6fnvWj8") + Sealed(12, nonce) + Sealed(180, 9); }
Octets Framed(const Octets& m) { return test::Be16({static_cast<std::uint16_t>(m.size())}) + m; }

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

}  // namespace
}  // namespace weir
