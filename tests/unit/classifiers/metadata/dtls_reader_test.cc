#include "classifiers/metadata/dtls_reader.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "tests/unit/classifiers/metadata/dialogue.h"

namespace weir {
namespace {

using test::Hex;
using test::Octets;
using test::Reading;
using test::Sized;
using test::operator+;

constexpr auto kC = Direction::kToServer;
constexpr auto kS = Direction::kToClient;

Octets Body(std::string_view name, const Octets& cookie = {}) {
  return Hex("fefd") + Octets(32, std::byte{7}) + Hex("00") + Sized(1, cookie) + Hex("0002 c02f 0100") +
         Sized(2, test::ServerName(name));
}
Octets Be24(std::size_t value) {
  return {static_cast<std::byte>(value >> 16), static_cast<std::byte>(value >> 8), static_cast<std::byte>(value)};
}
// Bytes from..to of a handshake message.
Octets Fragment(const Octets& body, std::uint16_t number, std::size_t from, std::size_t to, std::uint8_t type = 1) {
  const Octets part(body.begin() + static_cast<std::ptrdiff_t>(from), body.begin() + static_cast<std::ptrdiff_t>(to));
  return Octets{static_cast<std::byte>(type)} + Be24(body.size()) + test::Be16({number}) + Be24(from) + Sized(3, part);
}
Octets Record(const Octets& content, std::uint8_t type = 22, std::uint16_t version = 0xfeff, std::uint16_t epoch = 0) {
  return Octets{static_cast<std::byte>(type)} + test::Be16({version, epoch}) + Octets(6) + Sized(2, content);
}
Octets Hello(std::string_view name, std::uint16_t version = 0xfeff) {
  const Octets body = Body(name);
  return Record(Fragment(body, 0, 0, body.size()), 22, version);
}
Octets ServerHello() {
  const Octets body = Hex("fefd") + Octets(32, std::byte{1}) + Hex("00 c02f 00");
  return Record(Fragment(body, 1, 0, body.size(), 2));
}

TEST(DtlsReader, ReadsTheNameOfEachVersion) {
  for (const auto version : std::array<std::uint16_t, 3>{0xfeff, 0xfefd, 0xfefc}) {
    Reading r(17);
    r.FeedDatagram(kC, Hello("A.example", version));
    EXPECT_EQ(r.Names(), "a.example ");
    EXPECT_EQ(r.last.proto, AppProto::kDtls);
    EXPECT_EQ(r.last.state, ReaderState::kNameMayCome);
    EXPECT_TRUE(r.found.First(BufferId::kJa4, 0).starts_with("dd2d"));
    r.FeedDatagram(kS, ServerHello());
    EXPECT_EQ(r.last.state, ReaderState::kNoMoreNames);
  }
}

TEST(DtlsReader, ReadsPastASealedRecordThatComesFirst) {
  const Octets datagram = Record(Octets(40), 23, 0xfefd, 1) + Hello("a.example");
  EXPECT_TRUE(DtlsReader::LooksLike(datagram));
  EXPECT_TRUE(MayNameSomething(datagram));
  EXPECT_FALSE(DtlsReader::LooksLike(Record(Octets(40), 23, 0xfefd, 1)));
  Reading r(17);
  r.FeedDatagram(kC, datagram);
  EXPECT_EQ(r.Names(), "a.example ");
}

TEST(DtlsReader, JoinsFragmentsInAnyOrderOverRecordsAndDatagrams) {
  const Octets body = Body("a.example");
  std::vector<std::size_t> at(body.size());
  for (std::size_t i = 0; i < at.size(); ++i) at[i] = i;
  std::mt19937 random(5);
  for (int round = 0; round < 50; ++round) {
    std::shuffle(at.begin(), at.end(), random);
    Reading r(17);
    Octets datagram;
    for (const std::size_t i : at) {
      // Overlaps of what is the same anyway.
      datagram = datagram + Record(Fragment(body, 0, i, std::min(body.size(), i + 1 + random() % 9)));
      if (random() % 4 != 0) continue;
      r.FeedDatagram(kC, datagram);
      datagram.clear();
    }
    if (!datagram.empty()) r.FeedDatagram(kC, datagram);
    EXPECT_EQ(r.Names(), "a.example ");
    EXPECT_EQ(r.events, 0);
  }
}

TEST(DtlsReader, TellsOfBytesSentTwiceAndNotTheSame) {
  const Octets body = Body("a.example");
  Octets other = body;
  other[body.size() - 1] ^= std::byte{1};
  Reading r(17);
  r.FeedDatagram(kC, Record(Fragment(body, 0, 40, body.size())));
  r.FeedDatagram(kC, Record(Fragment(other, 0, 41, body.size())));
  EXPECT_EQ(r.events, Bit(ReaderEvent::kHelloConflict));
}

TEST(DtlsReader, ReadsAWholeHelloWhateverPiecesWentBefore) {
  const Octets body = Body("b.example");
  Reading r(17);
  r.FeedDatagram(kC, Record(Fragment(Octets(body.size(), std::byte{9}), 0, 0, 50)));
  r.FeedDatagram(kC, Record(Fragment(body, 0, 0, body.size())));
  EXPECT_EQ(r.Names(), "b.example ");
}

TEST(DtlsReader, ReadsTheSecondHelloWithItsCookie) {
  const Octets body = Body("b.example", Octets(20, std::byte{3}));
  Reading r(17);
  r.FeedDatagram(kC, Hello("a.example"));
  r.FeedDatagram(kS, Record(Fragment(Hex("feff 14") + Octets(20, std::byte{3}), 0, 0, 23, 3)));
  r.FeedDatagram(kC, Record(Fragment(body, 1, 0, 30)));
  r.FeedDatagram(kC, Record(Fragment(body, 1, 30, body.size())));
  EXPECT_EQ(r.Names(), "a.example b.example ");
}

TEST(DtlsReader, ReadsAClientOnEitherSideAfterStun) {
  Reading r(17);
  for (int i = 0; i < 20; ++i) r.FeedDatagram(i % 2 == 0 ? kC : kS, Hex("0001 0000 2112a442") + Octets(12));
  EXPECT_EQ(r.last.proto, AppProto::kStun);
  r.FeedDatagram(kS, Hello("a.example"));
  EXPECT_EQ(r.Names(), "a.example ");
  r.FeedDatagram(kC, Hex("0001 0000 2112a442") + Octets(12));
  EXPECT_EQ(r.last.proto, AppProto::kDtls);
  EXPECT_EQ(r.last.state, ReaderState::kNameMayCome);
}

TEST(DtlsReader, ReadsPastOtherRecordsAndNothingThatIsSealed) {
  Reading before(17);
  before.FeedDatagram(kC, Record(Hex("0100"), 21) + Hello("a.example"));
  EXPECT_EQ(before.Names(), "a.example ");
  const Octets body = Body("b.example");
  Reading sealed(17);
  sealed.FeedDatagram(kC, Record(Fragment(body, 0, 0, body.size()), 22, 0xfefd, 1));
  sealed.FeedDatagram(kC, Record(Fragment(body, 0, 0, body.size()), 23));
  EXPECT_EQ(sealed.Names(), "");
}

TEST(DtlsReader, HoldsNoMoreThanItsBudget) {
  Reading r(17);
  for (std::size_t i = 0; i < 100; ++i) {
    const Octets body(60'000, static_cast<std::byte>(i));
    r.FeedDatagram(kC, Record(Fragment(body, static_cast<std::uint16_t>(i), i, i + 1000)));
  }
  EXPECT_EQ(r.events, Bit(ReaderEvent::kTlsHandshakeBudget));
  EXPECT_LT(r.most_memory, 250'000u);
}

TEST(DtlsReader, SurvivesEveryCutAndEveryChangedByte) {
  const Octets whole = Hello("a.example");
  for (std::size_t n = 0; n < whole.size(); ++n) {
    Octets cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
    cut.shrink_to_fit();
    Reading r(17);
    r.FeedDatagram(kC, cut);
    EXPECT_EQ(r.Names(), "") << n;
    for (const unsigned value : {0u, 1u, 127u, 255u}) {
      Octets changed = whole;
      changed[n] = static_cast<std::byte>(value);
      Reading(17).FeedDatagram(kC, changed);
    }
  }
}

TEST(Inspector, IsNotBlindedByJunkDatagrams) {
  for (const char* junk : {"00", "ff", "c0", "16", "16feff0001"}) {
    Reading r(17);
    for (int i = 0; i < 100; ++i) r.FeedDatagram(kC, Hex(junk));
    r.FeedDatagram(kC, Hello("a.example"));
    EXPECT_EQ(r.Names(), "a.example ") << junk;
    EXPECT_EQ(r.last.state, ReaderState::kNameMayCome);
  }
}

TEST(Inspector, ReadsWhatASocksProxyIsAskedToRelay) {
  for (const char* header : {"000000 01 c0000201 01bb", "000000 03 03 612e62 01bb"}) {
    Reading r(17);
    r.FeedDatagram(kC, Hex(header) + Hello("a.example"));
    EXPECT_EQ(r.Names(), "a.example ") << header;
    EXPECT_TRUE(MayNameSomething(Hex(header) + Hello("a.example")));
  }
}

TEST(MayNameSomething, IsTrueForWhatOpensAConnectionAndFalseForMedia) {
  EXPECT_TRUE(MayNameSomething(Hello("a.example")));
  EXPECT_TRUE(MayNameSomething(Hex("c0 00000001 08") + Octets(60)));
  EXPECT_TRUE(MayNameSomething(test::Be16({7, 0x0100, 1, 0, 0, 0}) + Hex("01 61 00 0001 0001")));
  EXPECT_FALSE(MayNameSomething(test::Be16({7, 0x8180, 1, 1, 0, 0}) + Hex("01 61 00 0001 0001")));
  EXPECT_FALSE(MayNameSomething(Hex("c0")));
  EXPECT_FALSE(MayNameSomething(Hex("80 60") + Octets(1200)));                         // RTP
  EXPECT_FALSE(MayNameSomething(Hex("40") + Octets(1200)));                            // QUIC, sealed
  EXPECT_FALSE(MayNameSomething(Hex("17 fefd 0001 000000000001 0040") + Octets(64)));  // DTLS, sealed
  EXPECT_FALSE(MayNameSomething(Hex("0001 0000 2112a442") + Octets(12)));              // STUN
  std::mt19937_64 random(1);
  int often = 0;
  for (int i = 0; i < 100'000; ++i) {
    Octets noise(1200);
    for (std::size_t k = 0; k < 64; ++k) noise[k] = static_cast<std::byte>(random() >> 7);
    often += MayNameSomething(noise) ? 1 : 0;
  }
  EXPECT_LT(often, 400);
}

}  // namespace
}  // namespace weir
