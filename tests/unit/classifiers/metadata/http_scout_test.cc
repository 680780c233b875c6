#include "classifiers/metadata/http_scout.h"

#include <gtest/gtest.h>

#include "tests/unit/classifiers/metadata/reading.h"

namespace weir {
namespace {

using test::StreamReading;
constexpr std::string_view kBlocked = "GET / HTTP/1.1\r\nHost: blocked.example\r\n\r\n";  // 41 bytes

struct Hidden {
  const char* name;
  std::string head;  // all but the first line and the Host field
  std::string method;
  std::string before;  // the request, in the body
};
class HttpScoutReads : public testing::TestWithParam<Hidden> {};

// A server that goes by the other length finds a request where we see content.
TEST_P(HttpScoutReads, TheRequestThatAnotherServerFinds) {
  const Hidden& hidden = GetParam();
  const std::string bytes = hidden.method + " / HTTP/1.1\r\nHost: a.example\r\n" + hidden.head + "\r\n" +
                            hidden.before + std::string(kBlocked);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{13}, SIZE_MAX}) {
    StreamReading r;
    r.Feed(Direction::kToServer, test::Text(bytes), piece);
    EXPECT_TRUE(r.Names("blocked.example")) << piece;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, HttpScoutReads,
    testing::Values(Hidden{"LengthOfAGet", "Content-Length: 300\r\n", "GET", ""},
                    Hidden{"LengthOfAnOptionsAndEmptyLines", "Content-Length: 300\r\n", "OPTIONS", "\r\n\r\n"},
                    Hidden{"LongerLengthFirst", "Content-Length: 300\r\nContent-Length: 0\r\n", "POST", ""},
                    Hidden{"ListOfLengths", "Content-Length: 300, 0\r\n", "POST", ""},
                    Hidden{"BlankBeforeTheColon", "Content-Length : 300\r\n", "POST", ""},
                    Hidden{"CodingThatIsNone", "Content-Length: 300\r\nTransfer-Encoding: xchunked\r\n", "POST", ""},
                    Hidden{"IdentityAndLength", "Transfer-Encoding: identity\r\nContent-Length: 300\r\n", "POST", ""},
                    Hidden{"LengthWithinAChunk", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "POST",
                           "40\r\n"}),
    [](const testing::TestParamInfo<Hidden>& test_case) { return std::string(test_case.param.name); });

TEST(HttpScout, ReadsOnFromWhereTheServerAnswersBeforeTheBody) {
  for (const std::string_view body : {"Content-Length: 300\r\n", "Transfer-Encoding: chunked\r\n"}) {
    StreamReading r;
    r.Client("PUT / HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\n" + std::string(body) + "\r\n");
    r.Server("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n").Client(kBlocked);
    EXPECT_TRUE(r.Names("blocked.example")) << body;
  }
}

TEST(HttpScout, BeginsAtTheSameByteHoweverABadChunkIsCut) {
  const std::string bytes =
      "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5 B C HTTP/1.1\nHost: d\n";
  std::string whole;
  for (const std::size_t piece : {SIZE_MAX, std::size_t{1}, std::size_t{7}, std::size_t{70}}) {
    StreamReading r;
    r.Feed(Direction::kToServer, test::Text(bytes), piece);
    std::string found;
    for (std::size_t i = 0; i < r.found.size(); ++i) found += std::string(r.found.value(r.found.field(i))) + "|";
    if (piece == SIZE_MAX) whole = found;
    EXPECT_EQ(found, whole) << piece;
  }
}

TEST(HttpScout, ReadsNoBodyThatIsAgreedOnOrBeginsOtherwise) {
  for (const std::string_view request : {"POST / HTTP/1.1\r\nContent-Length: 41\r\n\r\n",
                                         "PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 41\r\n\r\n",
                                         "GET / HTTP/1.1\r\nContent-Length: 53\r\n\r\nsome=content",
                                         "GET / HTTP/1.1\r\nContent-Length: 69\r\n\r\nHost: blocked.example\r\n"}) {
    StreamReading r;
    r.Client(request).Client(kBlocked);
    EXPECT_FALSE(r.Names("blocked.example")) << request;
  }
}

TEST(HttpScout, JoinsAFoldedHostAndCountsNames) {
  StreamReading r;
  r.Client("POST / HTTP/1.1\r\nContent-Length: 9000\r\nContent-Length: 9\r\n\r\n");
  r.Client("GET / HTTP/1.1\nHost:\n blocked.example\n\n");
  EXPECT_TRUE(r.Names("blocked.example"));
  EXPECT_FALSE(r.Raised(ReaderEvent::kHttpHeadBudget));
  for (unsigned i = 0; i < HttpScout::kMostNames; ++i) r.Client("Host: a.example\n");
  EXPECT_TRUE(r.Raised(ReaderEvent::kHttpHeadBudget));
}

TEST(HttpScout, HoldsOneLineAtMost) {
  HttpScout scout;
  Metadata found;
  Inspection result;
  scout.Begin(HttpScout::Look::kAll);
  const std::string junk(1000, 'x');
  for (int i = 0; i < 50; ++i) scout.OnBytes(AsBytes(std::string_view(junk)), 0, found, result);
  EXPECT_LE(scout.memory_bytes(), 2 * HttpScout::kMaxLine + 64);
}

}  // namespace
}  // namespace weir
