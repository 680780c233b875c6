#include "classifiers/metadata/inspector.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir {
namespace {

using test::Hex;
using test::Octets;
using test::operator+;

constexpr auto kC = Direction::kToServer;
constexpr auto kS = Direction::kToClient;
const Octets kPlainRandom(32, std::byte{1});
const Octets kRetryRandom = Hex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c");

struct Reading {
  Inspector inspector{ReaderLimits{}, 6};
  Metadata found;
  Inspection last;
  std::uint16_t events = 0;

  Reading& Feed(Direction direction, const Octets& bytes, std::size_t piece = SIZE_MAX) {
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t n = std::min(piece, bytes.size() - at);
      last = inspector.OnStream(direction, Bytes(bytes).subspan(at, n), found);
      events |= last.events;
      at += n;
    }
    return *this;
  }
  [[nodiscard]] std::vector<std::string> All(BufferId id) const {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found.field(i).id == id) values.emplace_back(found.value(found.field(i)));
    }
    return values;
  }
};
using Names = std::vector<std::string>;

Octets Hello(std::string_view name) { return test::ClientHelloMessage(test::ServerName(name)); }

TEST(InspectorTls, FindsTheNameInPiecesAndRecordsOfAnySize) {
  for (const std::size_t record : {1u, 2u, 7u, 64u, 16384u}) {
    for (const std::size_t piece : {1u, 3u, 50u, 5000u}) {
      Reading r;
      r.Feed(kC, test::Records(Hello("Web.WhatsApp.com."), record), piece);
      EXPECT_EQ(r.All(BufferId::kTlsSni), Names{"web.whatsapp.com"}) << record << " " << piece;
      EXPECT_EQ(r.last.state, ReaderState::kNameMayCome);
    }
  }
}

TEST(InspectorTls, KnowsThatNoNameComesAfterTheServersHello) {
  Reading r;
  r.Feed(kC, test::Records(Hello("a.example")));
  r.Feed(kS, test::Records(test::ServerHelloMessage(kPlainRandom, test::Extension(43, Hex("0304")))));
  EXPECT_EQ(r.last.state, ReaderState::kNoMoreNames);
  EXPECT_TRUE(r.last.tx_complete);
  EXPECT_EQ(r.All(BufferId::kTlsVersion), Names{"TLS 1.3"});
}

TEST(InspectorTls, ReadsTheSecondHelloAfterARetryRequest) {
  Reading r;
  r.Feed(kC, test::Records(Hello("first.example")));
  r.Feed(kS, test::Records(test::ServerHelloMessage(kRetryRandom, test::Extension(43, Hex("0304")))));
  EXPECT_EQ(r.last.state, ReaderState::kNameMayCome);
  r.Feed(kC, Hex("14 0303 0001 01") + test::Records(Hello("second.example")));
  EXPECT_EQ(r.All(BufferId::kTlsSni), (Names{"first.example", "second.example"}));
}

TEST(InspectorTls, GoesPastOtherRecordsBeforeTheHello) {
  Reading r;
  r.Feed(kC, Hex("14 0303 0001 01  15 0303 0002 0100") + test::Records(Hello("late.example")));
  EXPECT_EQ(r.All(BufferId::kTlsSni), Names{"late.example"});
}

TEST(InspectorTls, TellsOfSeveralNamesAndOfEch) {
  Reading r;
  r.Feed(kC, test::Records(test::ClientHelloMessage(test::ServerName("a.example") + test::ServerName("b.example") +
                                                    test::Extension(0xfe0d, Hex("00")))));
  EXPECT_EQ(r.All(BufferId::kTlsSni), (Names{"a.example", "b.example"}));
  EXPECT_EQ(r.events, Bit(ReaderEvent::kSeveralNames) | Bit(ReaderEvent::kEchOffered));
}

TEST(InspectorTls, EndsAHandshakeBeyondItsBudget) {
  Reading r;
  r.Feed(kC,
         test::Records(test::ClientHelloMessage(Octets(60'000)) + test::ClientHelloMessage(Octets(60'000)) +
                       test::ClientHelloMessage(Octets(60'000)) + test::ClientHelloMessage(Octets(60'000))),
         1);
  EXPECT_EQ(r.events & Bit(ReaderEvent::kTlsHandshakeBudget), Bit(ReaderEvent::kTlsHandshakeBudget));
  EXPECT_LT(r.inspector.memory_bytes(), 300'000u);
}

TEST(InspectorTls, IgnoresANameThatIsOnlyInTheSessionId) {
  const Octets body = Hex("0303") + Octets(32) + test::Sized(1, test::ServerName("blocked.example")) +
                      Hex("0002 1301 0100") + test::Sized(2, test::ServerName("other.example"));
  Reading r;
  r.Feed(kC, test::Records(Hex("01") + test::Sized(3, body)));
  EXPECT_EQ(r.All(BufferId::kTlsSni), Names{"other.example"});
}

struct Request {
  std::string name;
  std::string head;
  Names hosts;
};
class InspectorHttp : public testing::TestWithParam<Request> {};

TEST_P(InspectorHttp, ReadsTheHost) {
  for (const std::size_t piece : {std::size_t{1}, SIZE_MAX}) {
    Reading r;
    r.Feed(kC, test::Text(GetParam().head), piece);
    EXPECT_EQ(r.last.proto, AppProto::kHttp);
    EXPECT_EQ(r.All(BufferId::kHttpHost), GetParam().hosts);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, InspectorHttp,
    testing::Values(
        Request{"Plain", "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", {"a.example"}},
        Request{"CaseDotAndPort", "GET / HTTP/1.1\r\nhOsT: A.Example.:8080\r\n\r\n", {"a.example"}},
        Request{"NoSpace", "GET / HTTP/1.1\r\nHost:a.example\r\n\r\n", {"a.example"}},
        Request{"SpaceBeforeColon", "GET / HTTP/1.1\r\nHost : a.example\r\n\r\n", {"a.example"}},
        Request{"BareLf", "GET / HTTP/1.1\nHost: a.example\n\n", {"a.example"}},
        Request{"EmptyLinesFirst", "\r\n\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n", {"a.example"}},
        Request{"Folded", "GET / HTTP/1.1\r\nHost:\r\n a.example\r\n\r\n", {"a.example"}},
        Request{
            "AbsoluteUri", "GET http://b.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n", {"b.example", "a.example"}},
        Request{"Two", "GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n", {"a.example", "b.example"}},
        Request{"AfterALengthBody",
                "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: "
                "b.example\r\n\r\n",
                {"a.example", "b.example"}},
        Request{"AfterAChunkWhoseSizeBeginsWithManyZeros",
                "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(90, '0') +
                    "2D ;x\r\nGET / HTTP/1.1\r\nHost: body.example\r\n\r\n.......\r\n0\r\n\r\n"
                    "GET / HTTP/1.1\r\nHost: blocked.example\r\n\r\n",
                {"a.example", "blocked.example"}},
        Request{"AfterAChunkedBody",
                "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\n\r\n"
                "GET / HTTP/1.1\r\nHost: b.example\r\n\r\n",
                {"a.example", "b.example"}}),
    [](const testing::TestParamInfo<Request>& test_case) { return test_case.param.name; });

TEST(InspectorHttp, FollowsConnectIntoTheTunnel) {
  Reading r;
  r.Feed(kC, test::Text("CONNECT proxy.example:443 HTTP/1.1\r\nHost: proxy.example:443\r\n\r\n"));
  r.Feed(kS, test::Text("HTTP/1.1 200 OK\r\n\r\n"));
  r.Feed(kC, test::Records(Hello("inner.example")), 9);
  EXPECT_EQ(r.All(BufferId::kTlsSni), Names{"inner.example"});
  EXPECT_EQ(r.last.proto, AppProto::kTls);
}

TEST(InspectorHttp, TakesNoHelloFromABody) {
  Reading r;
  const Octets hello = test::Records(Hello("blocked.example"));
  r.Feed(kC, test::Text("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: " + std::to_string(hello.size()) +
                        "\r\n\r\n") +
                 hello);
  EXPECT_EQ(r.All(BufferId::kTlsSni), Names{});
}

// One piece or many: what the client says first is not the last word on a flow.
TEST(Inspector, HasNoLastWordBeforeTheServersFirstHoweverTheClientsIsSplit) {
  for (const Octets& said : {test::Text("HTTP/1..nothing of the kind\n\n"), test::Hex("16030400020000 500000")}) {
    for (const std::size_t piece : {std::size_t{1}, SIZE_MAX}) {
      Reading r;
      r.Feed(kC, said, piece);
      EXPECT_TRUE(r.last.state == ReaderState::kProbing || r.last.state == ReaderState::kNameMayCome) << piece;
    }
  }
}

TEST(Inspector, BelievesAGreetingAlsoWhereMuchComesWithIt) {
  for (const std::size_t piece : {std::size_t{100}, SIZE_MAX}) {
    Reading r;
    r.Feed(kS, test::Text("220 mail")).Feed(kC, test::Text("GET / HTTP/1.0\r\n\r\nSTARTTLS\r\n"));
    r.Feed(kS, test::Text(" here\r\n500 what\r\n220 go\r\n" + std::string(5000, '-')), piece);
    r.Feed(kC, test::Records(Hello("a.example"), 9000));
    EXPECT_EQ(r.All(BufferId::kTlsSni), Names{"a.example"}) << piece;
  }
}

TEST(Inspector, IsSettledByMuchOfAClientHoweverItIsSplit) {
  const Octets much = test::Records(Hello("a.example"), 9000) + Octets(4097, std::byte{0x17});
  for (const std::size_t piece : {std::size_t{500}, SIZE_MAX}) {
    Reading r;
    r.Feed(kC, much, piece).Feed(kS, Hex("0a0a00000a5858585858"));  // as MySQL greets
    EXPECT_EQ(r.last.proto, AppProto::kTls) << piece;
  }
}

TEST(Inspector, ReadsARequestWithAMailCommandForItsMethodHoweverItIsSplit) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{6}, SIZE_MAX}) {
    Reading r;
    r.Feed(kC, test::Text("EHLO a HTTP/1.1\r\nHost: blocked.example\r\n\r\n"), piece);
    EXPECT_EQ(r.All(BufferId::kHttpHost), Names{"blocked.example"}) << piece;
  }
}

// Whatever a piece ends with, the same reader is found.
TEST(Inspector, FindsOneReaderHoweverALongLineIsSplit) {
  const Octets client = test::Text("EHLO " + std::string(600, 'x') + " HTTP/1.1\r\n\r\n");
  const Octets server = test::Text(":irc.example 001\r\n:irc.example NOTICE a\r\n");
  std::vector<AppProto> found;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{300}, SIZE_MAX}) {
    Reading by_client;
    by_client.Feed(kC, client, piece);
    found.push_back(by_client.last.proto);
    Reading by_server;
    by_server.Feed(kC, Octets(8), piece).Feed(kS, server, piece);
    found.push_back(by_server.last.proto);
    Reading odd_tag;
    odd_tag.Feed(kS, Octets(8), piece).Feed(kC, Hex("ffffff31") + test::Text(" LOGIN a b\r\n"), piece);
    found.push_back(odd_tag.last.proto);
  }
  for (std::size_t i = 3; i < found.size(); ++i) EXPECT_EQ(found[i], found[i % 3]) << i;
}

TEST(Inspector, SaysWhenNobodyKnowsTheProtocol) {
  Reading r;
  r.Feed(kC, Octets(100, std::byte{0xee}));
  EXPECT_EQ(r.last.state, ReaderState::kProbing);  // a server that speaks first may not have spoken yet
  r.Feed(kS, Octets(100, std::byte{0xee}));
  EXPECT_EQ(r.last.state, ReaderState::kUnknown);
  EXPECT_EQ(r.last.proto, AppProto::kUnknown);
}

Octets DnsMessage(std::uint16_t flags, const Octets& answers, std::uint16_t answer_count) {
  return test::Be16({7, flags, 1, answer_count, 0, 0}) + Hex("03") + test::Text("WWW") + Hex("07") +
         test::Text("example") + Hex("00 0001 0001") + answers;
}

TEST(InspectorDns, ReadsQuestionsAndAnswers) {
  Inspector inspector(ReaderLimits{}, 17);
  Metadata found;
  const Octets query = DnsMessage(0x0100, {}, 0);
  EXPECT_TRUE(inspector.OnDatagram(kC, query, found).tx_complete);
  EXPECT_EQ(found.First(BufferId::kDnsQuery, 0), "www.example");
  const Octets answer = DnsMessage(0x8180, Hex("c00c 0001 0001 0000003c 0004 c0000201"), 1);
  const Inspection second = inspector.OnDatagram(kS, answer, found);
  EXPECT_EQ(second.tx, 1u);
  EXPECT_EQ(found.First(BufferId::kDnsAnswer, 1), "192.0.2.1");
}

TEST(InspectorDns, IsNotTakenForAnUnknownQuicVersion) {
  Octets answer = DnsMessage(0x8180, Octets(1300), 1);
  answer[0] = std::byte{0xd2};
  Inspector inspector(ReaderLimits{}, 17);
  Metadata found;
  const Inspection inspection = inspector.OnDatagram(kS, answer, found);
  EXPECT_EQ(inspection.proto, AppProto::kDns);
  EXPECT_EQ(inspection.events, 0);
}

TEST(InspectorDns, IsNotTrappedByPointerLoops) {
  Inspector inspector(ReaderLimits{}, 17);
  Metadata found;
  const Octets loop = test::Be16({7, 0x0100, 1, 0, 0, 0}) + Hex("c00c 0001 0001");
  EXPECT_EQ(inspector.OnDatagram(kC, loop, found).proto, AppProto::kUnknown);
}

TEST(InspectorDns, ReadsMessagesOverTcp) {
  Reading r;
  const Octets query = DnsMessage(0x0100, {}, 0);
  r.Feed(kC, test::Sized(2, query) + test::Sized(2, query), 5);
  EXPECT_EQ(r.All(BufferId::kDnsQuery), (Names{"www.example", "www.example"}));
}

// AMQP, VNC and others that have no reader here.
TEST(InspectorUnknown, FindsTlsThatADialogueWeDoNotKnowGoesOnTo) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{50}, SIZE_MAX}) {
    Reading r;
    r.Feed(kC, Hex("ff020304 05060708"), piece).Feed(kS, Hex("ff060708 01020304"), piece);
    EXPECT_EQ(r.last.state, ReaderState::kUnknown);
    const Octets hello = test::Records(Hello("a.example"), 9000);
    r.Feed(kC, Octets(hello.begin(), hello.begin() + 60), piece);
    EXPECT_EQ(r.last.state, ReaderState::kNameMayCome);
    r.Feed(kC, Octets(hello.begin() + 60, hello.end()), piece);
    EXPECT_EQ(r.All(BufferId::kTlsSni), Names{"a.example"}) << piece;
    EXPECT_EQ(r.last.state, ReaderState::kUnknown);
  }
}

TEST(InspectorUnknown, TakesNoAnswerOfAServerForTheEndOfIt) {
  const Octets hello = test::Records(Hello("a.example"), 9000);
  Reading r;
  r.Feed(kS, Hex("ff060708 16030300 2a020000 26030300"));
  r.Feed(kC, Hex("ff020304") + Octets(hello.begin(), hello.begin() + 60));
  r.Feed(kS, Hex("16030300 2a020000 26030300"));
  r.Feed(kC, Octets(hello.begin() + 60, hello.end()));
  EXPECT_EQ(r.All(BufferId::kTlsSni), Names{"a.example"});
  r.Feed(kS, Hex("16030300 2a020000 26030300")).Feed(kC, test::Records(Hello("b.example"), 9000));
  EXPECT_EQ(r.All(BufferId::kTlsSni), (Names{"a.example", "b.example"}));
}

TEST(InspectorUnknown, StopsNothingForALikenessOfTls) {
  Reading r;
  r.Feed(kC, Hex("01020304")).Feed(kS, Hex("05060708"));
  for (int i = 0; i < 20; ++i) r.Feed(kC, Hex("1603010040 01ffffff 0303") + Octets(60, std::byte{7}));
  EXPECT_EQ(r.events, 0);
}

TEST(Inspector, SaysTheProtocolOnTheBytesThatShowIt) {
  EXPECT_EQ(Reading{}.Feed(kC, test::Sized(2, DnsMessage(0x0100, {}, 0))).last.proto, AppProto::kDns);
  EXPECT_EQ(Reading{}.Feed(kC, test::Records(Hello("a.example"), 9000)).last.proto, AppProto::kTls);
}

// Whatever the bytes, nothing is read out of bounds (AddressSanitizer) and the
// memory stays within the limits.
TEST(Inspector, WithstandsMutatedInput) {
  std::mt19937 random(11);
  const std::vector<Octets> seeds = {
      test::Records(Hello("a.example"), 9),
      test::Text("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
      test::Sized(2, DnsMessage(0x8180, Hex("c00c 0005 0001 0000003c 0002 c00c"), 1)),
      DnsMessage(0x8180, Hex("c00c 0005 0001 0000003c 0002 c00c"), 1)};
  for (int i = 0; i < 20'000; ++i) {
    Octets bytes = seeds[static_cast<std::size_t>(i) % seeds.size()];
    for (int k = 0; k < 4; ++k) bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    bytes.resize(random() % (bytes.size() + 1));
    bytes.shrink_to_fit();
    Reading r;
    r.Feed(i % 2 == 0 ? kC : kS, bytes, 1 + random() % 20);
    (void)r.inspector.OnDatagram(kC, bytes, r.found);
    ASSERT_LT(r.inspector.memory_bytes(), 300'000u);
  }
}

// What a server says may settle the protocol or wait for more; either way nothing is read twice or lost.
TEST(Inspector, ReadsAServersFirstWordsHoweverTheyAreSplit) {
  for (const char* greeting :
       {"220 mail.example ESMTP\r\n", "2", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "SSH-2.0-x\r\n"}) {
    std::vector<std::string> first;
    for (const std::size_t piece : {1000u, 2u, 1u}) {
      Reading r;
      r.Feed(kC, test::Text("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"));
      r.Feed(kS, test::Text(greeting), piece);
      r.Feed(kC, test::Text("GET / HTTP/1.1\r\nHost: b.example\r\n\r\n"));
      std::vector<std::string> read = r.All(BufferId::kHttpHost);
      read.push_back(std::to_string(static_cast<int>(r.last.proto)) + " " + std::to_string(r.events));
      if (first.empty()) first = read;
      EXPECT_EQ(read, first) << greeting << piece;
    }
  }
}

}  // namespace
}  // namespace weir
