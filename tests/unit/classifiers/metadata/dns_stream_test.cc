#include "classifiers/metadata/dns_stream.h"

#include <gtest/gtest.h>

#include "tests/unit/classifiers/metadata/dialogue.h"

namespace weir {
namespace {

using test::Hex;
using test::Octets;
using test::operator+;

const Octets kQuery =
    test::Be16({7, 0x0100, 1, 0, 0, 0}) + Hex("01 61 07") + test::Text("example") + Hex("00 0001 0001");

TEST(DnsStream, ReadsEachMessageInPiecesOfAnySize) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{20}, SIZE_MAX}) {
    test::Reading r;
    r.Feed({test::C(test::Sized(2, kQuery) + test::Sized(2, kQuery))}, piece);
    EXPECT_EQ(r.All(BufferId::kDnsQuery).size(), 2u);
    EXPECT_EQ(r.last.proto, AppProto::kDns);
  }
}

// 90 bytes: a long question with EDNS, so that no probe of a few bytes holds it.
TEST(DnsStream, KnowsALongQuestionInPiecesOfAnySize) {
  const Octets query = test::Be16({7, 0x0120, 1, 0, 0, 1}) + test::Sized(1, Octets(60, std::byte{'x'})) + Hex("07") +
                       test::Text("example") + Hex("00 0001 0001") + Hex("00 0029 04d0 00000000 0000");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{30}, std::size_t{70}, SIZE_MAX}) {
    test::Reading r;
    r.Feed({test::C(test::Sized(2, query))}, piece);
    EXPECT_EQ(r.All(BufferId::kDnsQuery).size(), 1u) << piece;
  }
}

// A message's length is free to say, by padding (RFC 7830), what another protocol begins with.
TEST(DnsStream, ReadsAQuestionThatBeginsAsAnotherProtocolDoes) {
  for (const std::size_t size : {0x1603u, 0x0501u, 0x0300u, 0x3082u}) {
    const Octets question = test::Be16({0x0100, 0x0100, 1, 0, 0, 1}) + Hex("01 61 07") + test::Text("example") +
                            Hex("00 0001 0001") + Hex("00 0029 04d0 00000000");
    const Octets padding(size - question.size() - 2);
    const Octets query = test::Sized(2, question + test::Sized(2, padding));
    for (const std::size_t piece : {std::size_t{1}, std::size_t{100}, SIZE_MAX}) {
      test::Reading r;
      r.Feed({test::C(query)}, piece);
      EXPECT_EQ(r.All(BufferId::kDnsQuery), std::vector<std::string>{"a.example"}) << std::hex << size << " " << piece;
    }
  }
}

TEST(DnsStream, HoldsOneMessageAtMost) {
  const ReaderLimits limits;
  DnsStream stream(limits);
  Metadata found;
  for (int i = 0; i < 100; ++i) {
    Inspection result;
    stream.OnStream(Direction::kToServer, Hex("ffff") + Octets(65535), found, result);
    EXPECT_EQ(result.events, Bit(ReaderEvent::kDnsMalformed));
    EXPECT_LT(stream.memory_bytes(), 140'000u);
  }
}

TEST(DnsStream, IsNotSeenWhereTheLengthDoesNotFit) {
  EXPECT_EQ(DnsStream::Probe(Direction::kToServer, test::Sized(2, kQuery)), 1);
  EXPECT_EQ(DnsStream::Probe(Direction::kToServer, Hex("0000") + kQuery), 0);
}

}  // namespace
}  // namespace weir
