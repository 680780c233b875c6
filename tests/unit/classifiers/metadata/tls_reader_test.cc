#include "classifiers/metadata/tls_reader.h"

#include <gtest/gtest.h>

#include "tests/unit/classifiers/metadata/hello_builder.h"

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
  EXPECT_EQ(TlsReader::Probe(Hex("16 09 01 00 10 01")), 0);  // no such version
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

}  // namespace
}  // namespace weir
