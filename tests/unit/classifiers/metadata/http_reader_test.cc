#include "classifiers/metadata/http_reader.h"

#include <gtest/gtest.h>

#include "tests/unit/classifiers/metadata/reading.h"

namespace weir {
namespace {

TEST(HttpReader, ReadsTheFieldsOfRequestAndResponse) {
  const ReaderLimits limits;
  HttpReader reader(limits);
  Metadata found;
  Inspection result;
  reader.OnStream(Direction::kToServer,
                  AsBytes(std::string_view(
                      "GET /a?b HTTP/1.1\r\nHost: A.example\r\nUser-Agent: curl/8\r\nReferer: http://r/\r\n\r\n")),
                  found, result);
  reader.OnStream(
      Direction::kToClient,
      AsBytes(std::string_view("HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n")),
      found, result);
  EXPECT_EQ(found.First(BufferId::kHttpMethod, 0), "GET");
  EXPECT_EQ(found.First(BufferId::kHttpUri, 0), "/a?b");
  EXPECT_EQ(found.First(BufferId::kHttpHost, 0), "a.example");
  EXPECT_EQ(found.First(BufferId::kHttpUserAgent, 0), "curl/8");
  EXPECT_EQ(found.First(BufferId::kHttpReferer, 0), "http://r/");
  EXPECT_EQ(found.First(BufferId::kHttpStatus, 0), "404");
  EXPECT_EQ(found.First(BufferId::kHttpContentType, 0), "text/html");
}

TEST(HttpReader, SaysHowManyBytesOfAConnectWereItsOwn) {
  const ReaderLimits limits;
  HttpReader reader(limits);
  Metadata found;
  Inspection result;
  const std::string_view request = "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n";
  reader.OnStream(Direction::kToServer, AsBytes(request), found, result);
  EXPECT_EQ(reader.consumed(), request.size());
  reader.OnStream(Direction::kToClient, AsBytes(std::string_view("HTTP/1.1 200 OK\r\n\r\n")), found, result);
  EXPECT_FALSE(reader.tunnels());
  reader.OnStream(Direction::kToServer, AsBytes(std::string_view("\x16\x03\x01")), found, result);
  EXPECT_TRUE(reader.tunnels());
  EXPECT_EQ(reader.consumed(), 0u);
}

TEST(HttpReader, KeepsItsMemoryWithinTheLimitWhateverComes) {
  ReaderLimits limits;
  limits.http_head_bytes = 4096;
  HttpReader reader(limits);
  Metadata found;
  Inspection result;
  const std::string junk(1000, 'x');
  reader.OnStream(Direction::kToServer, AsBytes(std::string_view("GET / HTTP/1.1\r\nX: ")), found, result);
  for (int i = 0; i < 100; ++i) reader.OnStream(Direction::kToServer, AsBytes(std::string_view(junk)), found, result);
  EXPECT_LE(reader.memory_bytes(), 3 * 4096u);
  EXPECT_NE(result.events & Bit(ReaderEvent::kHttpHeadBudget), 0);
}

using test::StreamReading;
using test::operator+;
using Names = std::vector<std::string>;
constexpr auto kC = Direction::kToServer;
constexpr auto kS = Direction::kToClient;
constexpr std::string_view kBlocked = "GET / HTTP/1.1\r\nHost: blocked.example\r\n\r\n";
const std::string kInBody = "GET / HTTP/1.1\r\nHost: body.example\r\n\r\n";  // 38 bytes

// Two servers read two requests, or one none: the name is found all the same, and the flow is known to be odd.
struct Odd {
  std::string name;
  std::string bytes;
};
class HttpOdd : public testing::TestWithParam<Odd> {};

TEST_P(HttpOdd, IsNamedInEachReadingAndRaised) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
    StreamReading r;
    r.Feed(kC, test::Text(GetParam().bytes), piece);
    EXPECT_TRUE(r.Names("blocked.example")) << piece;
    EXPECT_TRUE(r.Raised(ReaderEvent::kHttpBadRequest)) << piece;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, HttpOdd,
    testing::Values(
        Odd{"NulAfterTheHost", std::string("GET / HTTP/1.1\r\nHost: blocked.example\0.x\r\n\r\n", 44)},
        Odd{"NulInTheName", std::string("GET / HTTP/1.1\r\nHo\0st: blocked.example\r\n\r\n", 43)},
        Odd{"ControlInTheName", "GET / HTTP/1.1\r\nHost\x0b: blocked.example\r\n\r\n"},
        Odd{"ControlInTheHost", "GET / HTTP/1.1\r\nHost: blocked.example\x01\r\n\r\n"},
        Odd{"CommaInTheHost", "GET / HTTP/1.1\r\nHost: a.example,blocked.example\r\n\r\n"},
        Odd{"BlankInTheHost", "GET / HTTP/1.1\r\nHost: a.example blocked.example\r\n\r\n"},
        Odd{"UserInTheHost", "GET / HTTP/1.1\r\nHost: a.example@blocked.example\r\n\r\n"},
        Odd{"PathInTheHost", "GET / HTTP/1.1\r\nHost: blocked.example/a.example\r\n\r\n"},
        Odd{"BareCrOnly", "GET / HTTP/1.1\rHost: blocked.example\r\r"},
        Odd{"BareCrEndsAField", "GET / HTTP/1.1\r\nX: y\rHost: blocked.example\r\n\r\n"},
        Odd{"BareCrEndsTheHost", "GET / HTTP/1.1\r\nHost: blocked.example\rX\r\n\r\n"},
        Odd{"BareCrEndsAFoldedHost", "GET / HTTP/1.1\r\nHost:\r\n blocked.example\rX: y\r\n\r\n"},
        Odd{"BareCrInTheRequestLine", "GET / HTTP/1.1\rHost: blocked.example\r\nX: y\r\n\r\n"},
        Odd{"BareCrsInTheRequestLine", "GET / HTTP/1.1\r\rHost: blocked.example\r\n\r\n"},
        Odd{"BareCrBeforeTheEnd", "GET / HTTP/1.1\r\nHost: blocked.example\r\n\rX"},
        Odd{"BlanksEndTheHead", "GET / HTTP/1.1\r\nHost: blocked.example\r\n \r\n"},
        Odd{"BlanksInAFold", "GET / HTTP/1.1\r\nHost:\r\n \r\n\tblocked.example\r\n\r\n"},
        Odd{"BlanksInAFoldBareLf", "GET / HTTP/1.1\nHost:\n \n blocked.example\n\n"},
        Odd{"TwoLengths", "POST / HTTP/1.1\r\nHost: blocked.example\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n"},
        Odd{"LengthAndCoding",
            "POST / HTTP/1.1\r\nHost: blocked.example\r\nContent-Length: 9\r\nTransfer-Encoding: "
            "chunked\r\n\r\n"},
        Odd{"CodingWithABlank", "POST / HTTP/1.1\r\nHost: blocked.example\r\nTransfer-Encoding : chunked\r\n\r\n"},
        Odd{"CodingFolded", "POST / HTTP/1.1\r\nHost: blocked.example\r\nTransfer-Encoding:\r\n chunked\r\n\r\n"},
        Odd{"CodingInHttp10", "POST / HTTP/1.0\r\nHost: blocked.example\r\nTransfer-Encoding: chunked\r\n\r\n"},
        Odd{"ConnectWithABody", "CONNECT blocked.example:443 HTTP/1.1\r\nContent-Length: 5\r\n\r\n"},
        Odd{"ChunkWithBareLf",
            "POST / HTTP/1.1\r\nHost: blocked.example\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello"}),
    [](const testing::TestParamInfo<Odd>& test_case) { return test_case.param.name; });

// Odd to look at, but every server that takes it reads the same.
struct Agreed {
  std::string name;
  std::string bytes;
  Names hosts;
};
class HttpAgreed : public testing::TestWithParam<Agreed> {};

TEST_P(HttpAgreed, IsReadTheSameAtEverySplitAndNotRaised) {
  const test::Octets bytes = test::Text(GetParam().bytes);
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    StreamReading r;
    r.Feed(kC, bytes, piece);
    ASSERT_EQ(r.All(BufferId::kHttpHost), GetParam().hosts) << piece;
    ASSERT_FALSE(r.Raised(ReaderEvent::kHttpBadRequest)) << piece;
    ASSERT_EQ(r.last.state, ReaderState::kNameMayCome);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, HttpAgreed,
    testing::Values(
        Agreed{"UnknownMethod", "FOO / HTTP/1.1\r\nHost: a.example\r\n\r\n", {"a.example"}},
        Agreed{"LowerCaseMethod", "get / http/1.1\r\nhost: a.example\r\n\r\n", {"a.example"}},
        Agreed{"TabsAndBlanks", "GET \t /\t HTTP/1.1\r\nHost\t :\t a.example\t\r\n\r\n", {"a.example"}},
        Agreed{"FoldedBareLf", "GET / HTTP/1.1\nHost:\n\ta.example\n\n", {"a.example"}},
        Agreed{"BlankBeforeTheFirstField", "GET / HTTP/1.1\r\n Host: a.example\r\n\r\n", {"a.example"}},
        Agreed{"Http10", "GET / HTTP/1.0\r\nHost: a.example\r\n\r\n", {"a.example"}},
        Agreed{"Http09", "GET http://a.example/x\r\n", {"a.example"}},
        Agreed{"Http09WithFields", "GET /x\r\nHost: a.example\r\n\r\n", {"a.example"}},
        Agreed{"ManyEmptyLines", std::string(3000, '\n') + "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", {"a.example"}},
        Agreed{"SchemeUpperCaseAndUser", "GET HTTP://u:p@a.example:80?q HTTP/1.1\r\n\r\n", {"a.example"}},
        Agreed{"NetworkPath", "GET //a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n", {"a.example", "b.example"}},
        Agreed{"PercentEncoded", "GET / HTTP/1.1\r\nHost: %61.example\r\n\r\n", {"a.example"}},
        Agreed{"ForwardedIsNoName",
               "GET / HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-Host: b.example\r\nForwarded: "
               "host=c.example\r\n\r\n",
               {"a.example"}},
        Agreed{
            "LengthBody", "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 38\r\n\r\n" + kInBody, {"a.example"}},
        Agreed{"ChunkedBodyAndTrailer",
               "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n26;x=y\r\n" + kInBody +
                   "\r\n0\r\nHost: trailer.example\r\n\r\nGET / HTTP/1.1\r\nHost: b.example\r\n\r\n",
               {"a.example", "b.example"}},
        Agreed{"Continue100",
               "PUT / HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 38\r\n\r\n" + kInBody +
                   std::string(kBlocked),
               {"a.example", "blocked.example"}},
        Agreed{"Pipelined", std::string(kBlocked) + std::string(kBlocked), {"blocked.example", "blocked.example"}}),
    [](const testing::TestParamInfo<Agreed>& test_case) { return test_case.param.name; });

TEST(HttpReader, ReadsOnWhenConnectIsRefused) {
  for (const std::string_view length : {"Content-Length: 400\r\n", "Transfer-Encoding: chunked\r\n"}) {
    StreamReading r;
    r.Client("CONNECT a.example:443 HTTP/1.1\r\n\r\n");
    r.Server("HTTP/1.1 407 Proxy Authentication Required\r\n" + std::string(length) + "\r\n");
    r.Server(length.starts_with("C") ? std::string(400, 'x') : "190\r\n" + std::string(400, 'x') + "\r\n0\r\n\r\n");
    r.Client(kBlocked);
    EXPECT_TRUE(r.Names("blocked.example"));
    r.Server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(r.All(BufferId::kHttpStatus), (Names{"407", "200"}));
    r.Client("CONNECT a.example:443 HTTP/1.1\r\n\r\n").Server("HTTP/1.1 200 OK\r\n\r\n");
    r.Feed(kC, test::Records(test::ClientHelloMessage(test::ServerName("inner.example"))), 2);
    EXPECT_EQ(r.All(BufferId::kTlsSni), Names{"inner.example"});
    EXPECT_EQ(r.events, 0);
  }
}

TEST(HttpReader, ReadsATunnelBeforeItsAnswerAndWithAServerThatSpeaksFirst) {
  const test::Octets hello = test::Records(test::ClientHelloMessage(test::ServerName("inner.example")));
  StreamReading eager;
  eager.Client("CONNECT a.example:443 HTTP/1.1\r\n\r\n").Feed(kC, hello, 1);
  EXPECT_EQ(eager.All(BufferId::kTlsSni), Names{"inner.example"});
  StreamReading slow;
  slow.Client("CONNECT a.example:443 HTTP/1.1\r\n\r\n").Server("HTTP/1.1 200 OK\r\n\r\n~ welcome ~\r\n");
  slow.Feed(kC, hello, 1);
  EXPECT_EQ(slow.All(BufferId::kTlsSni), Names{"inner.example"});
}

TEST(HttpReader, ReadsAnyNumberOfPipelinedConnects) {
  StreamReading r;
  for (int i = 0; i < 50; ++i) r.Client("CONNECT a.example:443 HTTP/1.1\r\n\r\n");
  r.Client(kBlocked);
  EXPECT_TRUE(r.Names("blocked.example"));
}

TEST(HttpReader, ReadsNoHttpFromAWebSocketButANameFromTlsInsideAnUpgrade) {
  const std::string ask = "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  const std::string answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
  StreamReading r;
  r.Client(ask).Server(answer);
  r.Feed(kS, test::Hex("81 05") + test::Text("hello"));
  r.Feed(kC, test::Hex("81 a6 00000000") + test::Text(kInBody));
  EXPECT_EQ(r.All(BufferId::kHttpHost), Names{"a.example"});
  EXPECT_EQ(r.events, 0);
  StreamReading tls;
  tls.Client(ask).Server(answer);
  tls.Feed(kC, test::Records(test::ClientHelloMessage(test::ServerName("inner.example"))), 3);
  EXPECT_EQ(tls.All(BufferId::kTlsSni), Names{"inner.example"});
}

TEST(HttpReader, KnowsResponsesWithoutABody) {
  StreamReading r;
  r.Client("HEAD / HTTP/1.1\r\n\r\nGET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n");
  r.Server("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 X\r\nContent-Length: 99\r\n\r\n");
  r.Server("HTTP/1.1 204 X\r\n\r\nHTTP/1.1 304 X\r\nContent-Length: 99\r\n\r\nHTTP/1.1 202 X\r\n\r\n");
  r.Server("HTTP/1.1 999 not a response: the body until the connection closes\r\n\r\n");
  EXPECT_EQ(r.All(BufferId::kHttpStatus), (Names{"100", "201", "204", "304", "202"}));
  EXPECT_EQ(r.found.First(BufferId::kHttpStatus, 3), "202");
}

TEST(HttpReader, LeavesAnotherProtocolAlone) {
  StreamReading r;
  r.Client("OPTIONS rtsp://camera.example/ RTSP/1.0\r\nCSeq: 1\r\n\r\n");
  EXPECT_EQ(r.last.state, ReaderState::kProbing) << "no last word before the server's first";
  r.Server("RTSP/1.0 200 OK\r\n\r\n");
  EXPECT_EQ(r.last.state, ReaderState::kUnknown);
  EXPECT_EQ(r.last.proto, AppProto::kUnknown);
  EXPECT_EQ(r.events, 0);
  EXPECT_EQ(r.All(BufferId::kHttpHost), Names{});
}

TEST(HttpReader, KeepsNothingOfAnswersThatNobodyAskedFor) {
  StreamReading r;
  r.Client("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
  const std::string answer = "HTTP/1.1 200 OK\r\nX: " + std::string(1000, 'x') + "\r\nContent-Length: 0\r\n\r\n";
  for (int i = 0; i < 1000; ++i) r.Server(answer);
  EXPECT_EQ(r.All(BufferId::kHttpStatus), Names{"200"});
  EXPECT_LT(r.found.memory_bytes(), 10'000u);
}

TEST(HttpReader, KeepsItsMemoryWhenNobodyAnswers) {
  StreamReading r;
  for (int i = 0; i < 5000; ++i) {
    r.Client("CONNECT a.example:443 HTTP/1.1\r\n\r\n");
    r.found.DropBefore(r.last.tx + 1);
  }
  EXPECT_EQ(r.last.tx, 4999u);
  EXPECT_LT(r.inspector.memory_bytes(), 10'000u);
}

}  // namespace
}  // namespace weir
