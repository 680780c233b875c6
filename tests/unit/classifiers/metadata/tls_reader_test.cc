#include "classifiers/metadata/tls_reader.h"

#include <gtest/gtest.h>

#include "tests/unit/classifiers/metadata/dialogue.h"

namespace weir {
namespace {

using test::Hex;
using test::Octets;
using test::operator+;

TEST(TlsReaderProbe, KnowsARecordHeaderAndAnSslv2Hello) {
  EXPECT_EQ(TlsReader::Probe(test::Records(test::ClientHelloMessage({}))), 1);
  EXPECT_EQ(TlsReader::Probe(Hex("1603")), -1);
  EXPECT_EQ(TlsReader::Probe({}), -1);
  EXPECT_EQ(TlsReader::Probe(test::Text("GET / HTTP/1.1")), 0);
  EXPECT_EQ(TlsReader::Probe(Hex("16 10 01 00 10 01")), 0);  // no such version
  EXPECT_EQ(TlsReader::Probe(Hex("16 03 ff 00 10 01")), 1);  // OpenSSL and GnuTLS take it
}

// Go's crypto/tls looks at no version before one is agreed on, unless it is 0x1000 or more.
TEST(TlsReaderProbe, KnowsAHelloOfAVersionThatIsNone) {
  const Octets hello = test::ClientHelloMessage(test::ServerName("a.example"));
  for (const unsigned major : {0u, 1u, 4u, 15u}) {
    for (const std::size_t size : {1u, 3u, 30u, 9000u}) {
      Octets bytes = test::Records(hello, size);
      for (std::size_t at = 0; at < bytes.size(); at += 5 + LoadBe16(&bytes[at + 3]))
        bytes[at + 1] = static_cast<std::byte>(major);
      EXPECT_EQ(TlsReader::Probe(bytes), 1) << major << " " << size;
      EXPECT_EQ(TlsReader::Probe(Bytes(bytes).first(4)), -1);
      const ReaderLimits limits;
      TlsReader reader(limits);
      Metadata found;
      Inspection result;
      reader.OnStream(Direction::kToServer, bytes, found, result);
      EXPECT_EQ(found.First(BufferId::kTlsSni, 0), "a.example") << major << " " << size;
    }
  }
  EXPECT_EQ(TlsReader::Probe(Hex("16 00 00 00 10 02")), 0);
  EXPECT_EQ(TlsReader::Probe(Hex("16 00 00 00 10 01 00 00 0c 07 07")), 0);
}

TEST(TlsReader, SkipsOtherRecordsBeforeTheHello) {
  const ReaderLimits limits;
  for (const char* before : {"140303000101", "15030100020100"}) {
    TlsReader reader(limits);
    Metadata found;
    Inspection result;
    reader.OnStream(Direction::kToServer,
                    Hex(before) + test::Records(test::ClientHelloMessage(test::ServerName("a.example"))), found,
                    result);
    EXPECT_EQ(found.First(BufferId::kTlsSni, 0), "a.example") << before;
  }
}

// What OpenSSL 3.0.19 or GnuTLS 3.7.9 take: see tls_reader.h.
TEST(TlsReader, ReadsAHelloHoweverItsRecordsAreMade) {
  const Octets hello = test::ClientHelloMessage(test::ServerName("a.example"));
  const auto middle = hello.begin() + 30;
  const Octets first = test::Records(Octets(hello.begin(), middle));
  const Octets second = test::Records(Octets(middle, hello.end()));
  for (const Octets& between : {Octets{}, Hex("160303 0000"), Hex("140303 0001 01"), Hex("150303 0002 0100")}) {
    EXPECT_EQ(test::NamesAtEveryCut({test::C(first + between + second)}), "a.example ");
    EXPECT_EQ(test::NamesAtEveryCut({test::C(between + first + second)}), "a.example ");
  }
  Octets strange = test::Records(hello);
  for (const unsigned minor : {0u, 4u, 5u, 255u}) {
    strange[2] = static_cast<std::byte>(minor);
    EXPECT_EQ(test::NamesAtEveryCut({test::C(strange)}), "a.example ");
  }
}

TEST(TlsReader, CountsHandshakeBytesOverTheirBudget) {
  ReaderLimits limits;
  limits.handshake_bytes = 2048;
  TlsReader reader(limits);
  Metadata found;
  Inspection result;
  const Octets hello = test::Records(test::ClientHelloMessage(test::Extension(21, Octets(8000))), 1000);
  reader.OnStream(Direction::kToServer, hello, found, result);
  EXPECT_NE(result.events & Bit(ReaderEvent::kTlsHandshakeBudget), 0);
  EXPECT_LE(reader.memory_bytes(), 3 * 2048u);
}

// Whole or in pieces, in one record or several: the same is read and counted.
TEST(TlsReader, ReadsMessagesWhereTheyStandAsInPieces) {
  const Octets hello = test::ClientHelloMessage(test::ServerName("a.example") + test::Extension(21, Octets(500)));
  const Octets messages = test::Hex("00000000") + test::Hex("05 000003 010203") + hello + hello;
  for (const std::uint32_t budget : {2 * 700u, 1100u, 700u, 400u, 2u}) {
    ReaderLimits limits;
    limits.handshake_bytes = budget;
    std::vector<std::string> first;
    for (const std::size_t record : {16384u, 700u, 200u, 3u, 1u}) {
      for (const std::size_t piece : {100'000u, 1000u, 7u, 1u}) {
        TlsReader reader(limits);
        Metadata found;
        unsigned events = 0;
        const Octets bytes = test::Records(messages, record);
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
          Inspection result;
          reader.OnStream(Direction::kToServer, Bytes(bytes).subspan(at, std::min(piece, bytes.size() - at)), found,
                          result);
          events |= result.events;
        }
        std::vector<std::string> read = {std::to_string(events), reader.has_hello() ? "hello" : ""};
        for (std::size_t i = 0; i < found.size(); ++i) read.emplace_back(found.value(found.field(i)));
        if (first.empty()) first = read;
        EXPECT_EQ(read, first) << budget << " " << record << " " << piece;
      }
    }
    EXPECT_EQ(first[0] == "0", budget == 2 * 700u) << budget;
    EXPECT_EQ(first[1] == "hello", budget >= 700u) << budget;
  }
}

TEST(TlsReader, HoldsNothingOfAMessageThatStandsWhole) {
  const ReaderLimits limits;
  TlsReader reader(limits);
  Metadata found;
  Inspection result;
  const Octets hello = test::Records(test::ClientHelloMessage(test::ServerName("a.example")));
  reader.OnStream(Direction::kToServer, hello, found, result);
  EXPECT_EQ(found.First(BufferId::kTlsSni, 0), "a.example");
  EXPECT_EQ(reader.memory_bytes(), 0u);
  EXPECT_FALSE(reader.mid_message());
}

}  // namespace
}  // namespace weir
