#include "classifiers/metadata/http_head.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

struct Line {
  std::string text, method, target, version;
};

TEST(RequestLine, IsTakenAsServersTakeIt) {
  const std::vector<Line> cases = {{"GET / HTTP/1.1", "GET", "/", "HTTP/1.1"},
                                   {"GET  /a \t HTTP/1.0", "GET", "/a", "HTTP/1.0"},
                                   {"GET\t/a\tHTTP/1.1", "GET", "/a", "HTTP/1.1"},
                                   {"GET\v/a\fHTTP/1.1  ", "GET", "/a", "HTTP/1.1"},
                                   {"get /a http/1.1", "get", "/a", "http/1.1"},
                                   {"FOO / HTTP/1.1", "FOO", "/", "HTTP/1.1"},
                                   {"M-SEARCH * HTTP/1.1", "M-SEARCH", "*", "HTTP/1.1"},
                                   {"GET /a b HTTP/1.1", "GET", "/a b", "HTTP/1.1"},
                                   {"GET /old", "GET", "/old", ""},
                                   {"GET / HTTP/1.1 x", "GET", "/ HTTP/1.1 x", ""},
                                   {"EHLO mail.example", "", "", ""},
                                   {"get key", "", "", ""},
                                   {"GET", "", "", ""},
                                   {"G<T / HTTP/1.1", "", "", ""},
                                   {"DESCRIBE rtsp://cam/ RTSP/1.0", "", "", ""},
                                   {"GET / RTSP/1.0", "", "", ""},
                                   {"", "", "", ""}};
  for (const Line& line : cases) {
    const RequestLine read = ReadRequestLine(line.text);
    EXPECT_EQ(read.method, line.method) << line.text;
    EXPECT_EQ(read.target, line.target) << line.text;
    EXPECT_EQ(read.version, line.version) << line.text;
  }
}

TEST(TargetAuthorities, AreEveryReadingOfTheTarget) {
  using Found = std::vector<std::string_view>;
  const std::vector<std::pair<std::string, Found>> cases = {
      {"/", {}},
      {"/redirect?to=http://other.example/", {}},
      {"*", {}},
      {"http://a.example", {"a.example"}},
      {"HTTP://a.example:80/x", {"a.example:80"}},
      {"http://user:pw@a.example/", {"a.example"}},
      {"http://[2001:db8::1]:80/", {"[2001:db8::1]:80"}},
      {"http://a.example?x", {"a.example"}},
      {"http:/\\a.example/", {"a.example"}},
      {"http:a.example/", {"a.example"}},
      {"http://x@b.example@a.example/", {"a.example", "b.example@a.example"}},
      {"http://b.example\\@a.example/", {"a.example", "b.example"}},
      {"very-long-scheme+x://a.example/", {"a.example"}},
      {"mailto:x", {}},
      {"//a.example/x", {"a.example"}},
      {"//images/x.png", {}},
  };
  for (const auto& [target, found] : cases) EXPECT_EQ(TargetAuthorities(target, false), found) << target;
  EXPECT_EQ(TargetAuthorities("a.example:443", true), Found{"a.example:443"});
  EXPECT_EQ(TargetAuthorities("http://a.example/", true), Found{"a.example"});
}

TEST(ProbeHttp, KnowsHttpByItsFirstBytes) {
  const std::string lines(40, '\n');
  const std::vector<std::pair<std::string, int>> cases = {{"GET / HTTP/1.1\r\n", 1},
                                                          {"OPTIONS * HTTP/1.1", 1},
                                                          {"HTTP/1.0 200 OK", 1},
                                                          {"\r\nPOST /", 1},
                                                          {"get / HTTP/1.1", 1},
                                                          {"FOO /", 1},
                                                          {"FOO x HTTP/1.1\r\n", 1},
                                                          {"FOO http://", 1},
                                                          {"PRI * HTTP/2.0\r\n", 1},
                                                          {"GET\t/", 1},
                                                          {lines, 1},
                                                          {lines + "GET / ", 1},
                                                          {"GE", -1},
                                                          {"HTTP", -1},
                                                          {"", -1},
                                                          {"\r\n", -1},
                                                          {"FOO", -1},
                                                          {"FOO x", -1},
                                                          {"FOO  ", -1},
                                                          {"\x16\x03\x01", 0},
                                                          {"SSH-2.0-x y\r\n", 0},
                                                          {"EHLO a b\r\n", 0},
                                                          {" \tGET / HTTP/1.1", 1},  // Python's http.server
                                                          {"get key\r\n", 0},
                                                          {"*1\r\n$4\r\nPING\r\n", 0},
                                                          {"220 mail.example ESMTP\r\n", 0},
                                                          {std::string(300, 'A') + " / HTTP/1.1\r\n", 1},
                                                          {std::string(5000, 'a'), 0},
                                                          {"X " + std::string(5000, 'a'), 0},
                                                          {"X" + std::string(5000, ' '), 0}};
  for (const auto& [start, is] : cases) EXPECT_EQ(ProbeHttp(start), is) << start;
}

TEST(ProbeHttp, SaysInPiecesWhatItSaysOfTheWhole) {
  const std::string odd(3995, 'A');
  for (const std::string& start : {std::string("\n\r\nGET / HTTP/1.1\n"), std::string("FOO x HTTP/1.1\n"),
                                   odd + " / HTTP/1.1\r\n", odd + "  http://a", odd + "AAAAA / HTTP/1.1\r\n"}) {
    int first = -1;
    for (std::size_t n = 0; n <= start.size() && first < 0; ++n)
      first = ProbeHttp(std::string_view(start).substr(0, n));
    EXPECT_EQ(first, ProbeHttp(start)) << start.substr(start.size() - 20);
  }
}

}  // namespace
}  // namespace weir
