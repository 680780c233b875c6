// Hostile HTTP/1 and HTTP/2: nothing is read out of bounds (AddressSanitizer), memory stays within the limits, and how
// the bytes are cut makes no difference.
#include <gtest/gtest.h>

#include <random>

#include "classifiers/metadata/http_reader.h"
#include "tests/unit/classifiers/metadata/http2_builder.h"
#include "tests/unit/classifiers/metadata/reading.h"

namespace weir {
namespace {

using test::Octets;
using test::StreamReading;
using test::operator+;

std::vector<Octets> Seeds() {
  test::HpackEncoder encoder;
  Octets http2 = test::ClientStart();
  for (std::uint32_t stream : {1u, 3u, 5u})
    http2 = http2 + test::Headers(stream, encoder.Block(test::Get("a.example")));
  const Octets connect = test::PlainBlock({{":method", "CONNECT"}, {":authority", "a.example:1"}});
  return {
      http2,
      test::ClientStart() + test::Headers(1, test::Hex("05") + connect + Octets(5), 0x0c) +
          test::Http2Frame(0, 0x8, 1, test::Hex("02") + test::Text("GET http://b/ HTTP/1.1\r\n\r\n") + Octets(2)),
      test::Text("GET / HTTP/1.1\r\nHost: a, b\r\n\r\nPOST http://c/ HTTP/1.1\nHost:\n d\n \nX: y\rHost: e\r\n\r\n"),
      test::Text("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nT: u\r\n\r\n"
                 "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\n\r\nhelloGET /x\r\n\r\n"),
      test::Text("CONNECT a:1 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nUpgrade: h2c\r\nHost: b\r\n\r\n") + http2};
}

Octets Mutated(std::mt19937& random, Octets bytes) {
  constexpr std::string_view kSpecial = "\r\n\t :,/@\\%\0\x80\xff\x01";
  for (std::uint32_t k = random() % 4; k > 0; --k) {
    const std::size_t at = random() % bytes.size();
    const std::uint32_t how = random() % 4;
    const auto special = static_cast<std::byte>(kSpecial[random() % kSpecial.size()]);
    if (how == 0) bytes[at] = static_cast<std::byte>(random());
    if (how == 1) bytes[at] = special;
    if (how == 2) bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), special);
    if (how == 3 && bytes.size() > 30) bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at));
  }
  bytes.shrink_to_fit();
  return bytes;
}

TEST(HttpMutation, ReadsTheSameHoweverTheBytesAreCut) {
  std::mt19937 random(9113);
  const std::vector<Octets> seeds = Seeds();
  for (int i = 0; i < 20'000; ++i) {
    const Octets bytes = Mutated(random, seeds[static_cast<std::size_t>(i) % seeds.size()]);
    const auto read = [&](std::size_t piece) {
      const ReaderLimits limits;
      HttpReader reader(limits);
      Metadata found;
      std::uint16_t events = 0;
      for (std::size_t at = 0; at < bytes.size() && !reader.tunnels(); at += piece) {
        Inspection result;
        const Octets part(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                          bytes.begin() + static_cast<std::ptrdiff_t>(std::min(at + piece, bytes.size())));
        reader.OnStream(Direction::kToServer, part, found, result);
        events = static_cast<std::uint16_t>(events | result.events);
      }
      std::string all = std::to_string(events);
      for (std::size_t f = 0; f < found.size(); ++f) {
        const Metadata::Field& field = found.field(f);
        all +=
            "\n" + std::to_string(field.tx) + " " + std::string(Name(field.id)) + " " + std::string(found.value(field));
      }
      return all;
    };
    const std::string whole = read(bytes.size());
    ASSERT_EQ(read(1), whole) << AsText(bytes);
    ASSERT_EQ(read(1 + random() % 40), whole) << AsText(bytes);
  }
}

TEST(HttpMutation, StaysWithinItsMemoryInBothDirections) {
  std::mt19937 random(7541);
  const std::vector<Octets> seeds = Seeds();
  const Octets answers =
      test::Text("HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\nHTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\nx") +
      test::Settings() + test::Headers(1, test::PlainBlock({{":status", "200"}}));
  for (int i = 0; i < 20'000; ++i) {
    StreamReading r;
    const std::size_t piece = 1 + random() % 60;
    r.Feed(Direction::kToServer, Mutated(random, seeds[static_cast<std::size_t>(i) % seeds.size()]), piece);
    r.Feed(Direction::kToClient, Mutated(random, answers), piece);
    r.Feed(Direction::kToServer, Mutated(random, seeds[random() % seeds.size()]), piece);
    ASSERT_LT(r.inspector.memory_bytes(), 100'000u);
  }
}

}  // namespace
}  // namespace weir
