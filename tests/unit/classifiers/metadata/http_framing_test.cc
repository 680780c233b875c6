#include "classifiers/metadata/http_framing.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace weir {
namespace {

struct Framing {
  std::vector<std::pair<std::string, std::string>> fields;
  bool chunked;
  std::uint64_t length;
  bool ambiguous;
};

TEST(BodyFraming, SaysWhereTheBodyEndsAndWhetherAllServersAgree) {
  const std::vector<Framing> cases = {
      {{}, false, 0, false},
      {{{"content-LENGTH", "5"}}, false, 5, false},
      {{{"Content-Length", "5"}, {"Content-Length", "5"}}, false, 5, false},
      {{{"Content-Length", "5"}, {"Content-Length", "6"}}, false, 5, true},
      {{{"Content-Length", "5, 5"}}, false, 5, true},
      {{{"Content-Length", "+5"}}, false, 0, true},
      {{{"Content-Length", "-1"}}, false, 0, true},
      {{{"Content-Length", "0x5"}}, false, 0, true},
      {{{"Content-Length", "5x"}}, false, 5, true},
      {{{"Content-Length", ""}}, false, 0, true},
      {{{"Content-Length", "\v5"}}, false, 5, true},
      {{{"Content-Length", "18446744073709551621"}}, false, 184467440737095516, true},
      {{{"Transfer-Encoding", "chunked"}}, true, 0, false},
      {{{"Transfer-Encoding", "gzip, Chunked"}}, true, 0, false},
      {{{"Transfer-Encoding", "xchunked"}}, true, 0, true},
      {{{"Transfer-Encoding", "chunked, identity"}}, true, 0, true},
      {{{"Transfer-Encoding", "chunked, chunked"}}, true, 0, true},
      {{{"Transfer-Encoding",
         "\x0b"
         "chunked"}},
       true,
       0,
       true},
      {{{"Transfer-Encoding", "chunked;q=1"}}, true, 0, true},
      {{{"Transfer-Encoding", "\"chunked\""}}, true, 0, true},
      {{{"Transfer-Encoding", "gzip"}}, false, 0, true},
      {{{"Transfer-Encoding", "gzip"}, {"Transfer-Encoding", "chunked"}}, true, 0, true},
      {{{"Transfer-Encoding", "chunked"}, {"Content-Length", "3"}}, true, 3, true},
  };
  for (const Framing& test_case : cases) {
    BodyFraming framing;
    std::string what;
    for (const auto& [name, value] : test_case.fields) {
      framing.OnField(name, value, false);
      what += name + ": " + value + "; ";
    }
    EXPECT_EQ(framing.chunked(), test_case.chunked) << what;
    EXPECT_EQ(framing.length().value_or(0), test_case.length) << what;
    EXPECT_EQ(framing.ambiguous(), test_case.ambiguous) << what;
  }
}

TEST(BodyFraming, DistrustsAFieldOfOddForm) {
  BodyFraming framing;
  framing.OnField("Transfer-Encoding", "chunked", true);
  EXPECT_TRUE(framing.ambiguous());
  BodyFraming other;
  other.OnField("Accept", "chunked", true);
  EXPECT_FALSE(other.ambiguous());
}

struct Chunks {
  std::string body;
  std::size_t taken;
  bool ambiguous;
};

TEST(ChunkedBody, EndsAtItsLastChunkInAnyPieces) {
  const std::vector<Chunks> cases = {
      {"5\r\nhello\r\n0\r\n", 13, false},
      {"5;a=\"b\"\r\nhello\r\n00;x\r\n", 22, false},
      {"5 \r\nhello\r\n0\r\n", 14, false},
      {"A\r\n0\r\n\r\n0\r\n..\r\n0\r\n", 18, false},
      {"5\nhello\r\n0\r\n", 12, true},
      {"5\r\nhello\n0\r\n", 12, true},
      {"5\r\nhello0\r\n", 11, true},
      {"+5\r\n", 4, true},
      {"0x5\r\n", 5, true},
      {" 5\r\nhello\r\n0\r\n", 14, true},
      {"5;\rx\r\nhello\r\n0\r\n", 16, true},
      {"5 5\r\nhello\r\n0\r\n", 15, true},
      {";x\r\n", 4, true},
  };
  for (const Chunks& test_case : cases) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
      ChunkedBody body;
      const std::string text = test_case.body + "GET ";
      std::size_t at = 0;
      while (at < text.size() && !body.done()) {
        at += body.Take(AsBytes(std::string_view(text).substr(at, piece)));
      }
      EXPECT_TRUE(body.done()) << test_case.body;
      EXPECT_EQ(at, test_case.taken) << test_case.body;
      EXPECT_EQ(body.ambiguous(), test_case.ambiguous) << test_case.body;
    }
  }
}

TEST(ChunkedBody, DistrustsASizeThatImplementationsWrap) {
  ChunkedBody body;
  body.Take(AsBytes(std::string_view("100000005\r\nhello\r\n0\r\n")));
  EXPECT_TRUE(body.ambiguous());
  EXPECT_FALSE(body.done());
}

TEST(ListHas, ComparesWholeElements) {
  EXPECT_TRUE(ListHas("websocket , H2C", "h2c"));
  EXPECT_FALSE(ListHas("h2cc, xh2c", "h2c"));
  EXPECT_FALSE(ListHas("", "h2c"));
}

}  // namespace
}  // namespace weir
