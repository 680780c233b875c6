#include "classifiers/metadata/http2_reader.h"

#include <gtest/gtest.h>

#include "tests/unit/classifiers/metadata/http2_builder.h"
#include "tests/unit/classifiers/metadata/reading.h"

namespace weir {
namespace {

using test::ClientStart;
using test::Get;
using test::HeaderFields;
using test::Headers;
using test::Hex;
using test::HpackEncoder;
using test::Http2Frame;
using test::Octets;
using test::PlainBlock;
using test::StreamReading;
using test::operator+;

constexpr auto kC = Direction::kToServer;
constexpr auto kS = Direction::kToClient;
using Names = std::vector<std::string>;

TEST(Http2, ReadsRequestAndResponseIntoTheBuffersOfHttp1) {
  HpackEncoder client, server;
  StreamReading r;
  r.Feed(kC, ClientStart() + Headers(1, client.Block({{":method", "GET"},
                                                      {":scheme", "http"},
                                                      {":path", "/a?b"},
                                                      {":authority", "A.Example:8080"},
                                                      {"user-agent", "curl/8"},
                                                      {"referer", "http://r/"}})));
  EXPECT_TRUE(r.last.tx_complete);
  EXPECT_EQ(r.last.proto, AppProto::kHttp2);
  EXPECT_EQ(r.last.state, ReaderState::kNameMayCome);
  r.Feed(kS, test::Settings() + Headers(1, server.Block({{":status", "404"}, {"content-type", "text/html"}})));
  EXPECT_EQ(r.found.First(BufferId::kHttpMethod, 0), "GET");
  EXPECT_EQ(r.found.First(BufferId::kHttpUri, 0), "/a?b");
  EXPECT_EQ(r.found.First(BufferId::kHttpHost, 0), "a.example");
  EXPECT_EQ(r.found.First(BufferId::kHttpHostRaw, 0), "A.Example:8080");
  EXPECT_EQ(r.found.First(BufferId::kHttpUserAgent, 0), "curl/8");
  EXPECT_EQ(r.found.First(BufferId::kHttpReferer, 0), "http://r/");
  EXPECT_EQ(r.found.First(BufferId::kHttpProtocol, 0), "HTTP/2");
  EXPECT_EQ(r.found.First(BufferId::kHttpStatus, 0), "404");
  EXPECT_EQ(r.found.First(BufferId::kHttpContentType, 0), "text/html");
  EXPECT_EQ(r.events, 0);
}

TEST(Http2, CountsATransactionForEachRequestOnAnyStream) {
  HpackEncoder client, server;
  StreamReading r;
  r.Feed(kC, ClientStart());
  for (std::uint32_t stream : {1u, 3u, 9u}) {
    r.Feed(kC, Headers(stream, client.Block(Get("host" + std::to_string(stream) + ".example"))));
  }
  EXPECT_EQ(r.last.tx, 2u);
  r.Feed(kS, Headers(9, server.Block({{":status", "209"}})) + Headers(1, server.Block({{":status", "201"}})));
  EXPECT_EQ(r.All(BufferId::kHttpHost), (Names{"host1.example", "host3.example", "host9.example"}));
  EXPECT_EQ(r.found.First(BufferId::kHttpStatus, 0), "201");
  EXPECT_EQ(r.found.First(BufferId::kHttpStatus, 2), "209");
}

TEST(Http2, TakesTheHostFieldBesideTheAuthority) {
  StreamReading r;
  r.Feed(kC, ClientStart() + Headers(1, PlainBlock({{":method", "GET"},
                                                    {":path", "http://c.example/"},
                                                    {"host", "b.example"},
                                                    {":authority", "a.example"}})));
  EXPECT_EQ(r.All(BufferId::kHttpHost), (Names{"a.example", "c.example", "b.example"}));
  EXPECT_TRUE(r.Raised(ReaderEvent::kSeveralNames));
}

// Blocks in every dress a sender may choose; each must read the same at every split.
struct Dressed {
  std::string name;
  Octets frames;
};
std::vector<Dressed> Dresses() {
  const HeaderFields fields = Get("blocked.example", "/p");
  const Octets plain = PlainBlock(fields);
  const auto part = [&](std::size_t from, std::size_t to) {
    return Octets(plain.begin() + static_cast<std::ptrdiff_t>(from), plain.begin() + static_cast<std::ptrdiff_t>(to));
  };
  Octets bytewise = Headers(1, {}, 0x1);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    bytewise = bytewise + Http2Frame(9, i + 1 == plain.size() ? 0x4 : 0, 1, part(i, i + 1));
  }
  HpackEncoder encoder;
  return {{"Huffman", Headers(1, encoder.Block(fields))},
          {"Plain", Headers(1, plain)},
          {"Padded", Headers(1, Hex("05") + plain + Octets(5), 0x0d)},
          {"OnlyPadding", Headers(1, Hex("02 0000"), 0x09) + Http2Frame(9, 0x4, 1, plain)},
          {"Priority", Headers(1, Hex("80000000 ff") + plain, 0x25)},
          {"PaddedPriority", Headers(1, Hex("03 00000000 10") + plain + Octets(3), 0x2d)},
          {"Continued", Headers(1, part(0, 9), 0x1) + Http2Frame(9, 0, 1, {}) + Http2Frame(9, 0, 1, part(9, 30)) +
                            Http2Frame(9, 0x4, 1, part(30, plain.size()))},
          {"ContinuedBytewise", bytewise},
          {"AfterUnknownFrames",
           Http2Frame(0xee, 0xff, 7, Octets(20)) + Http2Frame(8, 0, 0, Octets(4)) + Headers(1, plain)},
          {"ReservedBit", Http2Frame(1, 0x5, 0x80000001, plain)},
          {"SizeUpdateFirst", Headers(1, Hex("20 3fe11f") + plain)}};
}

TEST(Http2, ReadsABlockInEveryDressAtEverySplit) {
  for (const Dressed& dressed : Dresses()) {
    const Octets stream = ClientStart() + dressed.frames;
    StreamReading whole;
    whole.Feed(kC, stream);
    EXPECT_EQ(whole.All(BufferId::kHttpHost), Names{"blocked.example"}) << dressed.name;
    EXPECT_EQ(whole.events, 0) << dressed.name;
    for (std::size_t at = 1; at < stream.size(); ++at) {
      StreamReading split;
      split.Feed(kC, Octets(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(at)));
      split.Feed(kC, Octets(stream.begin() + static_cast<std::ptrdiff_t>(at), stream.end()));
      ASSERT_EQ(split.Everything(), whole.Everything()) << dressed.name << " at " << at;
    }
    StreamReading bytes;
    bytes.Feed(kC, stream, 1);
    EXPECT_EQ(bytes.Everything(), whole.Everything()) << dressed.name;
  }
}

TEST(Http2, KeepsTheTableOverRequestsAndItsSizeUpdates) {
  HpackEncoder client(65536);
  StreamReading r;
  r.Feed(kC, ClientStart());
  for (std::uint32_t i = 0; i < 200; ++i) {
    if (i == 50) client.ChangeTable(100);
    if (i == 100) client.ChangeTable(0);
    if (i == 150) client.ChangeTable(4096);
    r.Feed(kC, Headers(1 + 2 * i, client.Block(Get("h" + std::to_string(i % 60) + ".example"))));
    EXPECT_EQ(r.found.First(BufferId::kHttpHost, i), "h" + std::to_string(i % 60) + ".example");
  }
  EXPECT_EQ(r.events, 0);
}

TEST(Http2, TakesNoRequestFromDataOrTrailers) {
  StreamReading r;
  const Octets inner = Headers(3, PlainBlock(Get("body.example")));
  r.Feed(kC, ClientStart() + Headers(1, PlainBlock(Get("a.example")), 0x4) + Http2Frame(0, 0, 1, inner) +
                 Http2Frame(0, 0x8, 1, Hex("02") + inner + Octets(2)) +
                 Headers(1, PlainBlock({{"host", "trailer.example"}})) + Headers(3, PlainBlock(Get("b.example"))));
  EXPECT_EQ(r.All(BufferId::kHttpHost), (Names{"a.example", "b.example"}));
  EXPECT_EQ(r.events, 0);
}

TEST(Http2, ReadsASecondRequestOnOneStreamAndSaysSo) {
  StreamReading r;
  r.Feed(kC, ClientStart() + Headers(5, PlainBlock(Get("a.example")), 0x4) + Headers(5, PlainBlock(Get("b.example"))) +
                 Headers(3, PlainBlock(Get("c.example"))));
  EXPECT_EQ(r.All(BufferId::kHttpHost), (Names{"a.example", "b.example", "c.example"}));
  EXPECT_TRUE(r.Raised(ReaderEvent::kHttpBadRequest));
}

TEST(Http2, ReadsPushedRequests) {
  StreamReading r;
  r.Feed(kC, ClientStart() + Headers(1, PlainBlock(Get("a.example"))));
  const Octets push = PlainBlock(Get("pushed.example"));
  r.Feed(kS, Http2Frame(5, 0x8, 1, Hex("03 00000002") + Octets(push.begin(), push.begin() + 10) + Octets(3)) +
                 Http2Frame(9, 0x4, 1, Octets(push.begin() + 10, push.end())) +
                 Headers(2, PlainBlock({{":status", "200"}})));
  EXPECT_EQ(r.All(BufferId::kHttpHost), (Names{"a.example", "pushed.example"}));
  EXPECT_EQ(r.found.First(BufferId::kHttpStatus, 1), "200");
}

TEST(Http2, NamesTheAuthorityOfConnectAndFollowsTheTunnel) {
  const Octets hello = test::Records(test::ClientHelloMessage(test::ServerName("inner.example")));
  const HeaderFields connect = {{":method", "CONNECT"}, {":authority", "proxy.example:443"}};
  StreamReading r;
  r.Feed(kC, ClientStart() + Headers(1, PlainBlock(connect), 0x4));
  r.Feed(kS, Headers(1, PlainBlock({{":status", "200"}}), 0x4));
  r.Feed(kC, Http2Frame(0, 0, 1, Octets(hello.begin(), hello.begin() + 40)) +
                 Headers(3, PlainBlock(Get("other.example"))) +
                 Http2Frame(0, 0x8, 1, Hex("07") + Octets(hello.begin() + 40, hello.end()) + Octets(7)));
  EXPECT_EQ(r.All(BufferId::kHttpHost), (Names{"proxy.example", "other.example"}));
  EXPECT_EQ(r.All(BufferId::kTlsSni), Names{"inner.example"});
}

TEST(Http2, TakesWebSocketOverConnectForNoTunnel) {
  const HeaderFields connect = {
      {":method", "CONNECT"}, {":protocol", "websocket"}, {":path", "/chat"}, {":authority", "ws.example"}};
  StreamReading r;
  r.Feed(kC, ClientStart() + Headers(1, PlainBlock(connect), 0x4) +
                 Http2Frame(0, 0, 1, test::Text("GET / HTTP/1.1\r\nHost: body.example\r\n\r\n")));
  EXPECT_EQ(r.All(BufferId::kHttpHost), Names{"ws.example"});
}

TEST(Http2, IsBrokenByADefectAndSaysSo) {
  const std::vector<Dressed> defects = {{"BadIndex", Headers(1, Hex("ff ffff ff7f"))},
                                        {"IndexZero", Headers(1, Hex("80"))},
                                        {"CutLiteral", Headers(1, Hex("00 05 41"))},
                                        {"TableTooLarge", Headers(1, Hex("3f e1ff ff 03 82"))},
                                        {"Interleaved", Headers(1, Hex("82"), 0x1) + Http2Frame(0, 0, 3, {})},
                                        {"OtherContinuation", Headers(1, Hex("82"), 0x1) + Http2Frame(9, 4, 3, {})},
                                        {"LoneContinuation", Http2Frame(9, 4, 1, Hex("82"))},
                                        {"PaddingTooLong", Headers(1, Hex("09 82"), 0x0d)},
                                        {"NoRoomForPriority", Headers(1, Hex("82"), 0x25)},
                                        {"StreamZero", Headers(0, Hex("82"))},
                                        {"PushFromClient", Http2Frame(5, 4, 1, Hex("00000002 82"))}};
  for (const Dressed& defect : defects) {
    StreamReading r;
    r.Feed(kC, ClientStart() + defect.frames + Headers(1, PlainBlock(Get("late.example"))), 7);
    EXPECT_TRUE(r.Raised(ReaderEvent::kHttp2Broken)) << defect.name;
    EXPECT_TRUE(r.Raised(ReaderEvent::kHttpBadRequest)) << defect.name;
    EXPECT_NE(r.last.state, ReaderState::kNameMayCome) << defect.name;
  }
  StreamReading r;
  r.Client("PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n");
  EXPECT_TRUE(r.Raised(ReaderEvent::kHttp2Broken));
}

TEST(Http2, NamesWhatStoodBeforeADefect) {
  StreamReading r;
  r.Feed(kC, ClientStart() + Headers(1, PlainBlock(Get("blocked.example")) + Hex("80")));
  EXPECT_TRUE(r.Names("blocked.example"));
}

TEST(Http2, GoesOnReadingTheClientWhenTheServerIsBroken) {
  StreamReading r;
  r.Feed(kC, ClientStart()).Feed(kS, Headers(1, Hex("80")));
  EXPECT_TRUE(r.Raised(ReaderEvent::kHttpBadRequest));
  EXPECT_FALSE(r.Raised(ReaderEvent::kHttp2Broken));
  r.Feed(kC, Headers(1, PlainBlock(Get("a.example"))));
  EXPECT_EQ(r.All(BufferId::kHttpHost), Names{"a.example"});
}

TEST(Http2, EndsAHeaderBlockBeyondItsBudget) {
  StreamReading r;
  r.Feed(kC, ClientStart() + Headers(1, {}, 0x1));
  for (int i = 0; i < 10; ++i) r.Feed(kC, Http2Frame(9, 0, 1, Octets(10'000, std::byte{0x82})));
  EXPECT_TRUE(r.Raised(ReaderEvent::kHttpHeadBudget));
  EXPECT_EQ(r.last.state, ReaderState::kNoMoreNames);
  EXPECT_LT(r.inspector.memory_bytes(), 200'000u);
}

// A table entry of 4000 bytes, then a byte for each repetition of it.
TEST(Http2, BoundsWhatASmallBlockUnpacksTo) {
  const Octets entry = Hex("40 01 78 7f a11e") + Octets(4000, std::byte{'v'});
  StreamReading r;
  r.Feed(kC, ClientStart() + Headers(1, PlainBlock(Get("a.example")) + entry));
  const std::size_t before = r.found.memory_bytes();
  r.Feed(kC, Headers(3, PlainBlock(Get("b.example")) + Octets(60'000, std::byte{0xbe})));
  EXPECT_TRUE(r.Raised(ReaderEvent::kHttpHeadBudget));
  EXPECT_LT(r.found.memory_bytes() - before, 300'000u);
  EXPECT_TRUE(r.Names("b.example"));

  StreamReading many;
  Octets bomb = ClientStart() + Headers(1, PlainBlock(Get("a.example")) + entry);
  for (std::uint32_t i = 1; i < 400; ++i) bomb = bomb + Headers(1 + 2 * i, Octets(14, std::byte{0xbe}));
  many.Feed(kC, bomb);
  EXPECT_TRUE(many.Raised(ReaderEvent::kHttpHeadBudget));
  EXPECT_LT(many.found.memory_bytes(), 2'000'000u);
}

TEST(Http2, KeepsItsMemoryWhenNobodyAnswers) {
  StreamReading r;
  r.Feed(kC, ClientStart());
  HpackEncoder client;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    r.Feed(kC, Headers(1 + 2 * i, client.Block(Get("a.example"))));
    r.found.DropBefore(r.last.tx + 1);
  }
  EXPECT_LT(r.inspector.memory_bytes(), 200'000u);
  EXPECT_EQ(r.last.tx, 19'999u);
  EXPECT_EQ(r.events, 0);
}

TEST(Http2, RefusesMoreTunnelsThanItFollows) {
  StreamReading r;
  r.Feed(kC, ClientStart());
  for (std::uint32_t i = 0; i < 65; ++i) {
    r.Feed(kC, Headers(1 + 2 * i, PlainBlock({{":method", "CONNECT"}, {":authority", "a.example:443"}}), 0x4));
  }
  EXPECT_TRUE(r.Raised(ReaderEvent::kHttpHeadBudget));
  EXPECT_NE(r.last.state, ReaderState::kNameMayCome);
}

// CONNECT within CONNECT within ...: the stack is not the attacker's.
TEST(Http2, EndsTunnelsWithinTunnels) {
  Octets bytes = Headers(1, PlainBlock(Get("deep.example")));
  for (int i = 0; i < 200; ++i) {
    const Octets inner = ClientStart() + bytes;
    bytes = Headers(1, PlainBlock({{":method", "CONNECT"}, {":authority", "a.example:443"}}), 0x4);
    bytes = bytes + Http2Frame(0, 0, 1, inner);
  }
  StreamReading r;
  r.Feed(kC, ClientStart() + bytes);
  EXPECT_TRUE(r.Raised(ReaderEvent::kHttpHeadBudget));
}

TEST(Http2, FollowsTheUpgradeFromHttp1) {
  const std::string ask =
      "GET /first HTTP/1.1\r\nHost: first.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
      "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
  const Octets answer = test::Text("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n") +
                        test::Settings() + Headers(1, PlainBlock({{":status", "203"}}));
  const Octets second = ClientStart() + Headers(3, PlainBlock(Get("second.example")));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, SIZE_MAX}) {
    for (const bool eager : {false, true}) {
      StreamReading r;
      r.Feed(kC, test::Text(ask), piece);
      if (eager) r.Feed(kC, second, piece);
      r.Feed(kS, answer, piece);
      if (!eager) r.Feed(kC, second, piece);
      r.Feed(kS, Headers(3, PlainBlock({{":status", "204"}})), piece);
      EXPECT_EQ(r.All(BufferId::kHttpHost), (Names{"first.example", "second.example"})) << piece << eager;
      EXPECT_EQ(r.found.First(BufferId::kHttpStatus, 0), "101");
      EXPECT_EQ(r.All(BufferId::kHttpStatus), (Names{"101", "203", "204"}));
      EXPECT_EQ(r.found.First(BufferId::kHttpHost, 1), "second.example");
      EXPECT_EQ(r.last.proto, AppProto::kHttp2);
      EXPECT_EQ(r.events, 0);
    }
  }
}

TEST(Http2, ReadsOnAsHttp1WhenTheUpgradeIsRefused) {
  StreamReading r;
  r.Client("GET / HTTP/1.1\r\nHost: a.example\r\nUpgrade: h2c\r\n\r\n");
  r.Server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  r.Client("GET / HTTP/1.1\r\nHost: b.example\r\n\r\n");
  EXPECT_EQ(r.All(BufferId::kHttpHost), (Names{"a.example", "b.example"}));
  EXPECT_EQ(r.last.proto, AppProto::kHttp);
}

TEST(Http2, IsFoundAfterHttp1RequestsInATunnelAndWithLenientLineEnds) {
  const Octets frames = test::Settings() + Headers(1, PlainBlock(Get("blocked.example")));
  const std::vector<std::string> starts = {
      test::kHttp2Preface, "\r\n\r\n" + test::kHttp2Preface, "PRI * HTTP/2.0\n\nSM\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n" + test::kHttp2Preface,
      "CONNECT a.example:80 HTTP/1.1\r\nHost: a.example\r\n\r\n" + test::kHttp2Preface};
  for (const std::string& start : starts) {
    StreamReading r;
    r.Feed(kC, test::Text(start) + frames, 3);
    EXPECT_TRUE(r.Names("blocked.example")) << start;
    EXPECT_EQ(r.last.proto, AppProto::kHttp2) << start;
  }
}

TEST(Http2, ReadsAServerThatSpeaksFirst) {
  StreamReading r;
  r.Feed(kS, test::Settings());
  r.Client("PRI * HT");
  r.Feed(kS, Http2Frame(8, 0, 0, Octets(4)));
  r.Feed(kC, test::Text("TP/2.0\r\n\r\nSM\r\n\r\n") + Headers(1, PlainBlock(Get("a.example"))));
  r.Feed(kS, Headers(1, PlainBlock({{":status", "200"}})));
  EXPECT_EQ(r.All(BufferId::kHttpStatus), Names{"200"});
}

}  // namespace
}  // namespace weir
