#include "classifiers/payload/payload.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builder.h"

namespace weir {
namespace {

using test::Hex;
using test::Octets;
using test::Text;
using test::operator+;

// A conversation between two hosts, and the last thing that was found in it.
struct Talk {
  FlowView view;
  PayloadMemory memory;
  PayloadFinding last;

  explicit Talk(std::uint16_t server_port = 40001) {
    view.client_port = 40000;
    view.server_port = server_port;
  }
  std::string_view Client(const Octets& bytes, bool stream = false) { return Say(Direction::kToServer, bytes, stream); }
  std::string_view Server(const Octets& bytes, bool stream = false) { return Say(Direction::kToClient, bytes, stream); }

 private:
  std::string_view Say(Direction direction, const Octets& bytes, bool stream) {
    view.direction = direction;
    last = stream ? DetectStreamStart(view, bytes, memory) : DetectDatagram(view, bytes, memory);
    return last.app;
  }
};

Octets Padding(std::size_t n, unsigned value = 0x5a) { return Octets(n, std::byte(value)); }
Octets Number(std::uint32_t value) {
  Octets out(4);
  StoreBe32(out.data(), value);
  return out;
}

Octets Ike(std::string_view head, std::size_t body) {
  return Hex(head) + Number(static_cast<std::uint32_t>(28 + body)) + Padding(body);
}
constexpr std::string_view kInit = "1122334455667788 0000000000000000 21202208 00000000";
constexpr std::string_view kReply = "1122334455667788 99aabbccddeeff00 21202220 00000000";

TEST(Ike, IsCertainOnceBothSidesSpeakItWithOneSpi) {
  Talk talk(500);
  EXPECT_EQ(talk.Client(Ike(kInit, 200)), "IPSec");
  EXPECT_EQ(talk.last.confidence, Confidence::kProbable);
  EXPECT_EQ(talk.Server(Ike(kReply, 100)), "IPSec");
  EXPECT_EQ(talk.last.confidence, Confidence::kCertain);
}
TEST(Ike, IsFoundOnOtherPortsAndBehindTheNonEspMarkerWithTheAnswer) {
  Talk talk;
  EXPECT_EQ(talk.Client(Hex("00000000") + Ike(kInit, 200)), "");
  EXPECT_EQ(talk.Server(Hex("00000000") + Ike(kReply, 100)), "IPSec");
}
TEST(Ike, IsNotAHeaderOfAnotherLengthVersionOrSpi) {
  Talk talk(500);
  EXPECT_EQ(talk.Client(Ike(kInit, 200) + Padding(1)), "");
  EXPECT_EQ(talk.Client(Ike("1122334455667788 0000000000000000 21302208 00000000", 200)), "");
  EXPECT_EQ(talk.Client(Ike("0000000000000000 0000000000000000 21202208 00000000", 200)), "");
  Talk other;
  other.Client(Ike(kInit, 200));
  EXPECT_EQ(other.Server(Ike("1122334455667789 99aabbccddeeff00 21202220 00000000", 100)), "");
}

TEST(WireGuard, IsCertainWhenTheAnswerRepeatsTheIndex) {
  Talk talk;
  EXPECT_EQ(talk.Client(Hex("01000000 a1b2c3d4") + Padding(140)), "");
  EXPECT_EQ(talk.Server(Hex("02000000 01020304 a1b2c3d4") + Padding(80)), "WireGuard");
  EXPECT_EQ(talk.last.confidence, Confidence::kCertain);
}
TEST(WireGuard, IsNotAnAnswerToAnotherIndexOrOfAnotherLength) {
  Talk talk;
  talk.Client(Hex("01000000 a1b2c3d4") + Padding(140));
  EXPECT_EQ(talk.Server(Hex("02000000 01020304 a1b2c3d5") + Padding(80)), "");
  EXPECT_EQ(talk.Server(Hex("02000000 01020304 a1b2c3d4") + Padding(81)), "");
}
TEST(WireGuard, IsSeenInDataThatCountsOnBothWays) {
  Talk talk;
  const auto data = [](std::string_view index, unsigned n) {
    return Hex("04000000") + Hex(index) + Octets{std::byte(n)} + Padding(7, 0) + Padding(32);
  };
  for (unsigned n = 1; n <= 3; ++n) {
    EXPECT_EQ(talk.Client(data("a1b2c3d4", n)), "");
    EXPECT_EQ(talk.Server(data("01020304", n)), n == 3 ? "WireGuard" : "");
  }
  Talk still;  // the same counter again and again counts nothing
  for (unsigned n = 1; n <= 9; ++n) {
    still.Client(data("a1b2c3d4", 1));
    EXPECT_EQ(still.Server(data("01020304", 1)), "");
  }
}

const Octets kSession = Hex("0102030405060708");

TEST(OpenVpn, IsCertainWhenTheServerRepeatsTheSession) {
  Talk talk;
  EXPECT_EQ(talk.Client(Hex("38") + kSession + Hex("00 00000000")), "");
  EXPECT_EQ(talk.Server(Hex("40 a1a2a3a4a5a6a7a8 01 00000000") + kSession + Hex("00000000")), "OpenVPN");
  EXPECT_EQ(talk.last.confidence, Confidence::kCertain);
  Talk tcp;
  tcp.Client(Hex("000e 38") + kSession + Hex("00 00000000"), true);
  EXPECT_EQ(tcp.Server(Hex("001a 40 a1a2a3a4a5a6a7a8 01 00000000") + kSession + Hex("00000000"), true), "OpenVPN");
}
TEST(OpenVpn, UnderTlsCryptIsKnownByTheTime) {
  for (const auto& [time, app] : {std::pair("625a9e98", "OpenVPN"), std::pair("635a9e98", "")}) {
    Talk talk;
    EXPECT_EQ(talk.Client(Hex("50") + kSession + Hex("0f000001 625a9e97") + Padding(60)), "");
    EXPECT_EQ(talk.Server(Hex("40 a1a2a3a4a5a6a7a8 00000001") + Hex(time) + Padding(60)), app);
  }
}
TEST(OpenVpn, IsNotAnAnswerThatRepeatsNothing) {
  Talk talk;
  talk.Client(Hex("38") + kSession + Hex("00 00000000"));
  EXPECT_EQ(talk.Server(Hex("40 a1a2a3a4a5a6a7a8 01 00000000 1112131415161718 00000000")), "");
  Talk alone;
  EXPECT_EQ(alone.Server(Hex("40 a1a2a3a4a5a6a7a8 01 00000000") + kSession + Hex("00000000")), "");
}

TEST(Tailscale, IsKnownByItsMagicAndLeastLength) {
  Talk talk;
  EXPECT_EQ(talk.Client(Hex("5453f09f92ac") + Padding(86)), "Tailscale");
  EXPECT_EQ(talk.Client(Hex("5453f09f92ac") + Padding(20)), "");
  EXPECT_EQ(talk.Client(Hex("5453f09f92ad") + Padding(86)), "");
}

TEST(SoftEther, IsKnownByTheAnswer) {
  Talk talk;
  EXPECT_EQ(talk.Server(Text("IP=192.0.2.1,PORT=51381")), "") << "nobody asked";
  talk.Client(Text("A"));
  EXPECT_EQ(talk.Server(Text("IP=192.0.2.1,PORT=")), "");
  EXPECT_EQ(talk.Server(Text("IP=example,PORT=1")), "");
  EXPECT_EQ(talk.Server(Text("IP=192.0.2.1,PORT=51381")), "Softether");
}

Octets Address(std::string_view head, const Octets& text) { return Hex(head) + text + Padding(66 - text.size(), 0); }

TEST(Discord, VoiceIsKnownWhenTheServerAnswersTheDiscovery) {
  Talk talk;
  EXPECT_EQ(talk.Client(Address("00010046 0003cfa8", {})), "") << "the question alone may be anything";
  EXPECT_EQ(talk.Server(Address("00020046 0003cfa9", Text("192.0.2.1"))), "") << "another SSRC";
  EXPECT_EQ(talk.Server(Address("00020046 0003cfa8", Text("192.0.2.1"))), "Discord");
  EXPECT_EQ(talk.last.confidence, Confidence::kCertain);
}
TEST(Discord, PingsComeBackUnchanged) {
  Talk talk;
  EXPECT_EQ(talk.Client(Hex("1337cafe 0e000000")), "");
  EXPECT_EQ(talk.Server(Hex("1337cafe 0f000000")), "");
  talk.Client(Hex("1337cafe 0e000000"));
  EXPECT_EQ(talk.Server(Hex("1337cafe 0e000000")), "Discord");
}

TEST(Viber, SpeaksMessagesThatBeginWithTheirLength) {
  Talk talk(4244);
  EXPECT_EQ(talk.Client(Hex("2000 0a 00 0000") + Padding(26), true), "");
  EXPECT_EQ(talk.Server(Hex("2100 0a 00 0000") + Padding(26), true), "") << "another length";
  EXPECT_EQ(talk.Server(Hex("2000 0b 00 0000") + Padding(26), true), "Viber");
  Talk elsewhere(443);
  elsewhere.Client(Hex("2000 0a 00 0000") + Padding(26), true);
  EXPECT_EQ(elsewhere.Server(Hex("2000 0b 00 0000") + Padding(26), true), "");
}

const Octets kQuestion = Hex("1234 0100 0001 0000 0000 0000 01 32 0d") + Text("dnSCRYPT-cert") + Hex("07") +
                         Text("example") + Hex("00 0010 0001");
Octets Certificate(Octets question, std::string_view magic) {
  question[2] = std::byte{0x81};
  question[7] = std::byte{1};
  return question + Hex("c00c 0010 0001 00000e10 007d 7c") + Hex(magic) + Padding(118);
}

TEST(DnsCrypt, AsksForTheCertificateAndGetsIt) {
  Talk talk(443);
  EXPECT_EQ(talk.Client(kQuestion), "DNScrypt");
  EXPECT_EQ(talk.last.confidence, Confidence::kProbable);
  EXPECT_EQ(talk.Server(Certificate(kQuestion, "444e5343 0002 0000")), "DNScrypt");
  EXPECT_EQ(talk.last.confidence, Confidence::kCertain);
}
TEST(DnsCrypt, IsNotAnyTextNorAnyName) {
  Talk talk(443);
  EXPECT_EQ(talk.Server(Certificate(kQuestion, "444e5344 0002 0000")), "");
  const Octets other = Hex("1234 0100 0001 0000 0000 0000 01 32 07") + Text("example") + Hex("00 0010 0001");
  EXPECT_EQ(talk.Client(other), "");
  EXPECT_EQ(Talk(53).Client(kQuestion), "") << "anybody's resolver may be asked";
}
TEST(DnsCrypt, NamesAvastByItsProvider) {
  const Octets question = Hex("1234 0100 0001 0000 0000 0000 01 32 09") + Text("SecureDNS") + Hex("05") +
                          Text("Avast") + Hex("03") + Text("com") + Hex("00 0010 0001");
  Talk talk(443);
  EXPECT_EQ(talk.Client(question), "AVASTSecureDNS");
  EXPECT_EQ(talk.Server(Certificate(question, "444e5343 0001 0000")), "AVASTSecureDNS");
}
TEST(DnsCrypt, ReadsNoNameBeyondTheMessage) {
  for (std::size_t n = 0; n < kQuestion.size(); ++n) {
    const auto cut = std::make_unique<std::byte[]>(n);
    std::copy_n(kQuestion.begin(), n, cut.get());
    Talk talk(443);
    EXPECT_EQ(DetectDatagram(talk.view, {cut.get(), n}, talk.memory).app, "");
  }
}

TEST(Tor, IsACertificateOfTwoRandomNames) {
  EXPECT_TRUE(IsTorCertificate("CN=www.abcdefgh234.net", "CN=www.zyxwvuts567.com"));
  EXPECT_FALSE(IsTorCertificate("CN=www.abcdefgh234.com", "CN=www.zyxwvuts567.com"));
  EXPECT_FALSE(IsTorCertificate("CN=www.example.net", "CN=www.example2.com"));
  EXPECT_FALSE(IsTorCertificate("CN=www.abcdefgh.net", "CN=www.abcdefgh.com")) << "signed by its own name";
  EXPECT_FALSE(IsTorCertificate("CN=www.abcdefgh189.net", "CN=www.zyxwvuts567.com"));
  EXPECT_FALSE(IsTorCertificate("O = Shop, CN=www.abcdefgh234.net", "CN=www.zyxwvuts567.com"));
}

}  // namespace
}  // namespace weir
