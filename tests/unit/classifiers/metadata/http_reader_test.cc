#include "classifiers/metadata/http_reader.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builder.h"

namespace weir {
namespace {

TEST(HttpReaderProbe, KnowsHttpByItsFirstBytes) {
  struct Case {
    const char* start;
    int is;
  };
  for (const Case& c : {Case{"GET / HTTP/1.1\r\n", 1}, Case{"OPTIONS * HTTP/1.1", 1}, Case{"HTTP/1.0 200 OK", 1},
                        Case{"\r\nPOST /", 1}, Case{"GE", -1}, Case{"HTTP", -1}, Case{"", -1},
                        Case{"get / HTTP/1.1", 0}, Case{"\x16\x03\x01", 0}, Case{"SSH-2.0", 0}}) {
    EXPECT_EQ(HttpReader::Probe(AsBytes(std::string_view(c.start))), c.is) << c.start;
  }
}

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
  EXPECT_TRUE(reader.tunnels());
  reader.OnStream(Direction::kToServer, AsBytes(std::string_view("\x16\x03\x01")), found, result);
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

}  // namespace
}  // namespace weir
