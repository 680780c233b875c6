#include "classifiers/metadata/quic_reader.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/support/quic_seal.h"
#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir {
namespace {

using test::Hex;
using test::Octets;
using test::operator+;

template <std::size_t N>
Octets AsOctets(const std::array<std::uint8_t, N>& bytes) {
  Octets out(N);
  std::memcpy(out.data(), bytes.data(), N);
  return out;
}

const Octets kDcid = Hex("8394c8f03e515708");

TEST(QuicKeys, AreThoseOfRfc9001AppendixA) {
  const QuicInitialKeys keys = ClientInitialKeys(*FindQuicVersion(1), kDcid);
  EXPECT_EQ(AsOctets(keys.key), Hex("1f369613dd76d5467730efcbe3b1a22d"));
  EXPECT_EQ(AsOctets(keys.iv), Hex("fa044b2f42a3fd3b46fb255c"));
  EXPECT_EQ(AsOctets(keys.header), Hex("9f50449e04a0e810283a1e9933adedd2"));
}

TEST(QuicKeys, AreThoseOfRfc9369AppendixA) {
  const QuicInitialKeys keys = ClientInitialKeys(*FindQuicVersion(0x6b3343cf), kDcid);
  EXPECT_EQ(AsOctets(keys.key), Hex("8b1a0bc121284290a29e0971b5cd045d"));
  EXPECT_EQ(AsOctets(keys.iv), Hex("91f73e2351d8fa91660e909f"));
  EXPECT_EQ(AsOctets(keys.header), Hex("45b95e15235d6f45a6b19cbcb0294ba9"));
}

// An Initial whose packet number is `number`, of which `bytes` are sent.
Octets Numbered(const Octets& dcid, std::uint64_t number, std::size_t bytes, const Octets& frames) {
  QuicInitialKeys keys = ClientInitialKeys(*FindQuicVersion(1), dcid);
  Octets truncated(bytes);
  for (std::size_t i = 0; i < bytes; ++i) truncated[bytes - 1 - i] = static_cast<std::byte>(number >> (8 * i));
  const auto length = static_cast<std::uint16_t>(0x4000 | (bytes + frames.size() + 16));
  const Octets header = Octets{static_cast<std::byte>(0xc0 | (bytes - 1))} + Hex("00000001") + test::Sized(1, dcid) +
                        Hex("00 00") + test::Be16({length}) + truncated;
  return test::SealInitial(keys, header, header.size() - bytes, frames, number);
}

// An Initial with packet number 0 in one byte.
Octets Initial(std::uint32_t version, const Octets& dcid, const Octets& frames) {
  const QuicVersion& v = *FindQuicVersion(version);
  const Octets number = test::Be16({static_cast<std::uint16_t>(version >> 16), static_cast<std::uint16_t>(version)});
  const auto length = static_cast<std::uint16_t>(0x4000 | (1 + frames.size() + 16));
  const Octets header = Octets{static_cast<std::byte>(v.v2_types ? 0xd0 : 0xc0)} + number + test::Sized(1, dcid) +
                        Hex("00 00") + test::Be16({length}) + Hex("00");
  return test::SealInitial(ClientInitialKeys(v, dcid), header, header.size() - 1, frames);
}

Octets Crypto(std::size_t offset, const Octets& data) {
  return Hex("06") +
         test::Be16({static_cast<std::uint16_t>(0x4000 | offset), static_cast<std::uint16_t>(0x4000 | data.size())}) +
         data;
}

Octets Part(const Octets& all, std::size_t from, std::size_t to) {
  return {all.begin() + static_cast<std::ptrdiff_t>(from),
          all.begin() + static_cast<std::ptrdiff_t>(std::min(to, all.size()))};
}

struct Flow {
  ReaderLimits limits;
  QuicReader reader{limits};
  Metadata found;
  Inspection last;
  void Send(const Octets& datagram) {
    last = {};
    reader.OnDatagram(Direction::kToServer, datagram, found, last);
  }
};

const Octets kHello = test::ClientHelloMessage(test::ServerName("blocked.example") + test::Alpn("h3"));

TEST(QuicReader, ReadsTheNameOfEachVersion) {
  for (const std::uint32_t version :
       {0x00000001u, 0x6b3343cfu, 0x709a50c4u, 0xff020000u, 0xff00001du, 0xff000022u, 0xff000017u}) {
    Flow flow;
    flow.Send(Initial(version, kDcid, Crypto(0, kHello) + Octets(900)));
    EXPECT_EQ(flow.found.First(BufferId::kQuicSni, 0), "blocked.example") << std::hex << version;
    EXPECT_EQ(flow.found.First(BufferId::kTlsAlpn, 0), "h3");
  }
}

TEST(QuicReader, PutsSingleBytesInAnyOrderTogether) {
  Octets frames;
  for (std::size_t i = 0; i < kHello.size(); ++i) {
    const std::size_t at = (i * 37) % kHello.size();
    frames = frames + Crypto(at, Part(kHello, at, at + 1)) + Hex("01");
  }
  for (std::size_t at = 0; at < kHello.size(); ++at) frames = frames + Crypto(at, Part(kHello, at, at + 1));
  Flow flow;
  flow.Send(Initial(1, kDcid, frames));
  EXPECT_EQ(flow.found.First(BufferId::kQuicSni, 0), "blocked.example");
}

TEST(QuicReader, JoinsAHelloOverDatagramsAndCoalescedPackets) {
  Flow flow;
  flow.Send(Initial(1, kDcid, Crypto(40, Part(kHello, 40, 60)) + Octets(50)));
  flow.Send(Initial(1, kDcid, Crypto(0, Part(kHello, 0, 20)) + Octets(50)) +
            Initial(1, kDcid, Crypto(15, Part(kHello, 15, 45)) + Octets(50)));
  EXPECT_EQ(flow.found.First(BufferId::kQuicSni, 0), "");
  flow.Send(Initial(1, kDcid, Crypto(60, Part(kHello, 60, SIZE_MAX)) + Octets(50)));
  EXPECT_EQ(flow.found.First(BufferId::kQuicSni, 0), "blocked.example");
}

TEST(QuicReader, FollowsANewConnectionIdAfterARetry) {
  Flow flow;
  flow.Send(Initial(1, kDcid, Crypto(0, test::ClientHelloMessage(test::ServerName("a.example"))) + Octets(500)));
  flow.Send(Initial(1, Hex("0102030405060708"), Crypto(0, kHello) + Octets(500)));
  EXPECT_EQ(flow.found.First(BufferId::kQuicSni, 1), "blocked.example");
}

TEST(QuicReader, SaysThatAPacketDoesNotAuthenticate) {
  Octets bad = Initial(1, kDcid, Crypto(0, kHello) + Octets(500));
  bad.back() ^= std::byte{1};
  Flow flow;
  flow.Send(bad);
  EXPECT_EQ(flow.last.events, Bit(ReaderEvent::kQuicDecryptFailed));
  EXPECT_EQ(flow.found.size(), 0u);
}

TEST(QuicReader, ReadsNoNameFromAShortHeaderPacket) {
  EXPECT_FALSE(QuicReader::LooksLike(Hex("40") + kHello + Octets(1200)));
}

TEST(QuicReader, CompletesPacketNumbersOfAnyLength) {
  for (std::size_t bytes = 1; bytes <= 4; ++bytes) {
    Flow flow;
    flow.Send(Numbered(kDcid, 0, 1, Crypto(0, Part(kHello, 0, 20)) + Octets(50)));
    flow.Send(Numbered(kDcid, 200, 2, Hex("01") + Octets(50)));
    flow.Send(Numbered(kDcid, 300, bytes, Crypto(20, Part(kHello, 20, SIZE_MAX)) + Octets(50)));
    EXPECT_EQ(flow.found.First(BufferId::kQuicSni, 0), "blocked.example") << bytes;
  }
}

TEST(QuicReader, ReadsASmallNumberAfterOneThatTheServerMayHaveLost) {
  Flow flow;
  flow.Send(Numbered(kDcid, 0, 1, Crypto(0, Part(kHello, 0, 20)) + Octets(50)));
  flow.Send(Numbered(kDcid, 5000, 3, Hex("01") + Octets(50)));
  flow.Send(Numbered(kDcid, 1, 1, Crypto(20, Part(kHello, 20, SIZE_MAX)) + Octets(50)));
  EXPECT_EQ(flow.found.First(BufferId::kQuicSni, 0), "blocked.example");
}

TEST(QuicReader, TellsOfMoreFirstFlightsThanItFollows) {
  Flow flow;
  std::uint16_t events = 0;
  for (unsigned i = 0; i < 8; ++i) {
    flow.Send(Initial(1, Octets(8, static_cast<std::byte>(i)), Hex("01") + Octets(50)));
    events |= flow.last.events;
  }
  EXPECT_EQ(events, 0);
  flow.Send(Initial(1, kDcid, Crypto(0, kHello) + Octets(50)));
  EXPECT_EQ(flow.last.events, Bit(ReaderEvent::kTlsHandshakeBudget));
}

// One socket for every connection to a server, as proxies have it.
TEST(QuicReader, LetsConnectionsGoThatSaidTheirNameAndTellsOfTheirLaterPackets) {
  Flow flow;
  const auto id = [](unsigned i) { return Octets(8, static_cast<std::byte>(i)); };
  for (unsigned i = 0; i < 30; ++i) {
    flow.Send(Initial(1, id(i), Crypto(0, kHello) + Octets(50)));
    EXPECT_EQ(flow.last.events, 0) << i;
  }
  // The server's id after a retry of hello: with the first flight's keys, which are gone.
  const Octets later = Initial(1, id(0), Crypto(static_cast<std::size_t>(kHello.size()), kHello) + Octets(50));
  Octets renamed = later;
  for (std::size_t i = 6; i < 14; ++i) renamed[i] = std::byte{0xee};
  flow.Send(renamed);
  EXPECT_EQ(flow.last.events, Bit(ReaderEvent::kTlsHandshakeBudget));
}

// RFC 9369 s4.1: the server takes up version 2, and asks for another hello in it.
TEST(QuicReader, ReadsASecondHelloInTheVersionThatTheServerTookUp) {
  const Octets first = test::ClientHelloMessage(test::ServerName("a.example"));
  Flow flow;
  flow.Send(Initial(1, kDcid, Crypto(0, first) + Octets(50)));
  const QuicVersion& v2 = *FindQuicVersion(0x6b3343cf);
  const Octets frames = Crypto(first.size(), kHello) + Octets(50);
  const auto length = static_cast<std::uint16_t>(0x4000 | (1 + frames.size() + 16));
  const Octets header = Hex("d0 6b3343cf 04 aabbccdd 00 00") + test::Be16({length}) + Hex("01");
  flow.Send(test::SealInitial(ClientInitialKeys(v2, kDcid), header, header.size() - 1, frames, 1));
  EXPECT_EQ(flow.found.First(BufferId::kQuicSni, 1), "blocked.example");
}

// The other half went from another port: servers know a connection by its id.
TEST(QuicReader, TellsOfAServerThatAnswersHalfAHello) {
  const Octets handshake = Hex("e0 00000001 00 00") + test::Be16({0x4000 | 60}) + Octets(60);
  for (const bool whole : {false, true}) {
    Flow flow;
    flow.Send(Initial(1, kDcid, Crypto(0, whole ? kHello : Part(kHello, 0, 30)) + Octets(50)));
    Inspection result;
    flow.reader.OnDatagram(Direction::kToClient, handshake, flow.found, result);
    EXPECT_EQ(result.events, whole ? 0 : Bit(ReaderEvent::kSwitchBudget));
  }
}

TEST(QuicReader, HoldsNoMoreThanItsBudgetForAllFlights) {
  Flow flow;
  std::uint16_t events = 0;
  const Octets far = Hex("06 80 02 e0 00") + test::Be16({0x4000 | 10}) + Octets(10);  // at 188416
  for (unsigned i = 0; i < 8; ++i) {
    flow.Send(Initial(1, Octets(8, static_cast<std::byte>(i)), far + Octets(50)));
    events |= flow.last.events;
    EXPECT_LT(flow.reader.memory_bytes(), 300'000u);
  }
  EXPECT_EQ(events, Bit(ReaderEvent::kTlsHandshakeBudget));
}

// A packet in the server's name, sealed as only a client would: the client is heard all the same.
TEST(QuicReader, HearsTheClientWhateverCameFromTheOtherSideBefore) {
  Flow flow;
  Inspection result;
  flow.reader.OnDatagram(Direction::kToClient, Initial(1, Octets(8, std::byte{7}), Hex("01") + Octets(50)), flow.found,
                         result);
  flow.Send(Initial(1, kDcid, Crypto(0, kHello) + Octets(500)));
  EXPECT_EQ(flow.found.First(BufferId::kQuicSni, 0), "blocked.example");
}

TEST(QuicReader, TellsOfBytesSentTwiceAndNotTheSame) {
  Flow flow;
  flow.Send(Initial(1, kDcid, Crypto(40, Part(kHello, 40, 60)) + Crypto(40, Part(kHello, 40, 50)) + Octets(50)));
  EXPECT_EQ(flow.last.events, 0);
  flow.Send(Initial(1, kDcid, Crypto(45, Octets(10, std::byte{0xaa})) + Octets(50)));
  EXPECT_EQ(flow.last.events, Bit(ReaderEvent::kHelloConflict));
}

TEST(QuicReader, ReadsAClientOnEitherSide) {
  Flow flow;
  Inspection result;
  flow.reader.OnDatagram(Direction::kToClient, Initial(1, kDcid, Crypto(0, kHello) + Octets(500)), flow.found, result);
  EXPECT_EQ(flow.found.First(BufferId::kQuicSni, 0), "blocked.example");
  flow.reader.OnDatagram(Direction::kToServer, Hex("40") + Octets(40), flow.found, result);
  EXPECT_EQ(result.state, ReaderState::kNoMoreNames);
}

TEST(QuicReader, TellsOfAVersionItCannotReadAtAnySizeOnceItIsQuic) {
  const Octets unknown = Hex("c0 12345678 08") + kDcid + Hex("00") + Octets(1200);
  EXPECT_TRUE(QuicReader::LooksLike(unknown));
  EXPECT_FALSE(QuicReader::LooksLike(Part(unknown, 0, 1199)));
  EXPECT_FALSE(QuicReader::LooksLike(Hex("80") + Part(unknown, 1, SIZE_MAX)));              // RTP
  EXPECT_FALSE(QuicReader::LooksLike(Hex("c0 12345678 15") + Part(unknown, 6, SIZE_MAX)));  // ids are at most 20 bytes
  Flow flow;
  flow.Send(Initial(1, kDcid, Crypto(0, kHello) + Octets(50)));
  flow.Send(Part(unknown, 0, 100));
  EXPECT_EQ(flow.last.events, Bit(ReaderEvent::kQuicUnknownVersion));
}

TEST(QuicReader, SurvivesEveryCutLength) {
  const Octets whole = Initial(1, kDcid, Crypto(0, kHello) + Octets(100));
  for (std::size_t n = 0; n < whole.size(); ++n) {
    Flow flow;
    flow.Send(Part(whole, 0, n));
    EXPECT_EQ(flow.found.size(), 0u) << n;
  }
}

}  // namespace
}  // namespace weir
