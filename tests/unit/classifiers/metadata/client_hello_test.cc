#include "classifiers/metadata/client_hello.h"

#include <gtest/gtest.h>

#include "classifiers/metadata/inspector.h"
#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir {
namespace {

using test::Hex;
using test::Octets;
using test::operator+;

Octets Body(const Octets& extensions) {
  const Octets message = test::ClientHelloMessage(extensions);
  return {message.begin() + 4, message.end()};
}

TEST(ParseClientHello, ReadsNamesAndProtocolsWhereverTheyStand) {
  const Octets body = Body(test::Extension(51, Octets(1300)) + test::Alpn("h2") + test::ServerName("a.example") +
                           test::Extension(0x0a0a, {}));
  const ClientHello hello = ParseClientHello(body);
  EXPECT_TRUE(hello.whole);
  ASSERT_EQ(hello.name_count, 1);
  EXPECT_EQ(hello.names[0], "a.example");
  ASSERT_EQ(hello.alpn_count, 1);
  EXPECT_EQ(hello.alpn[0], "h2");
  EXPECT_FALSE(hello.ech);
}

TEST(ParseClientHello, ReadsEveryNameOfEveryExtension) {
  const Octets two = test::Extension(0, test::Sized(2, Hex("00") + test::Sized(2, test::Text("a.example")) + Hex("00") +
                                                           test::Sized(2, test::Text("b.example"))));
  const Octets body = Body(two + test::ServerName("c.example"));
  const ClientHello hello = ParseClientHello(body);
  ASSERT_EQ(hello.name_count, 3);
  EXPECT_EQ(hello.names[2], "c.example");
  Metadata found;
  EXPECT_NE(AddClientHello(hello, BufferId::kTlsSni, 0, found) & Bit(ReaderEvent::kSeveralNames), 0);
}

TEST(AddClientHello, ReadsANameThatABlankOrANulEndsInBothWays) {
  for (const std::string& end :
       {std::string(1, '\0'), std::string("\0.b.example", 11), std::string(" "), std::string("\r")}) {
    const Octets body = Body(test::ServerName("a.example" + end));
    const ClientHello hello = ParseClientHello(body);
    Metadata found;
    AddClientHello(hello, BufferId::kTlsSni, 0, found);
    bool named = false;
    for (std::size_t i = 0; i < found.size(); ++i) named = named || found.value(found.field(i)) == "a.example";
    EXPECT_TRUE(named) << end;
  }
}

TEST(ParseClientHello, SeesEchAndEarlyData) {
  const Octets body = Body(test::Extension(0xfe0d, Octets(40)) + test::Extension(42, {}));
  const ClientHello hello = ParseClientHello(body);
  EXPECT_TRUE(hello.ech);
  EXPECT_TRUE(hello.early_data);
}

TEST(ParseClientHello, KeepsWhatCameBeforeADefectAndSaysThatItIsNotWhole) {
  const Octets body = Body(test::ServerName("a.example") + test::Alpn("h2"));
  for (std::size_t n = 0; n < body.size(); ++n) {
    const ClientHello hello = ParseClientHello(Bytes(body).first(n));
    EXPECT_FALSE(hello.whole) << n;
    EXPECT_LE(hello.name_count, 1);
    EXPECT_TRUE(hello.name_count == 0 || hello.names[0] == "a.example");
  }
}

TEST(ParseServerHello, KnowsARetryByItsRandomAndTheVersionByItsExtension) {
  const Octets random = Hex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c");
  const Octets version = test::Extension(43, Hex("0304"));
  const auto parse = [](const Octets& message) { return ParseServerHello(Bytes(message).subspan(4)); };
  EXPECT_TRUE(parse(test::ServerHelloMessage(random, version)).retry);
  const Octets plain = test::ServerHelloMessage(Octets(32), version);
  EXPECT_FALSE(parse(plain).retry);
  EXPECT_EQ(parse(plain).version, 0x0304);
  EXPECT_EQ(parse(test::ServerHelloMessage(Octets(32), test::Alpn("h2"))).version, 0x0303);
  EXPECT_EQ(TlsVersionName(0x0304), "TLS 1.3");
}

TEST(ParseClientHello, ReadsEntriesBehindOtherTypesAndWhateverTheListSays) {
  const Octets name = Hex("00") + test::Sized(2, test::Text("a.example"));
  for (const Octets& list : {test::Sized(2, Hex("01 0003 616263") + name), Hex("0004") + name, Hex("00ff") + name}) {
    const Octets message = test::ClientHelloMessage(test::Extension(0, list));
    const ClientHello hello = ParseClientHello(Bytes(message).subspan(4));
    ASSERT_EQ(hello.name_count, 1);
    EXPECT_EQ(hello.names[0], "a.example");
  }
}

TEST(AddClientHello, TellsOfMoreNamesThanItKeeps) {
  for (const std::size_t count : {ClientHello::kMaxNames, ClientHello::kMaxNames + 1}) {
    Octets names;
    for (std::size_t i = 0; i < count; ++i) names = names + test::ServerName("a.example");
    const Octets message = test::ClientHelloMessage(names);
    Metadata found;
    const bool more = count > ClientHello::kMaxNames;
    EXPECT_EQ(AddClientHello(ParseClientHello(Bytes(message).subspan(4)), BufferId::kTlsSni, 0, found),
              more ? Bit(ReaderEvent::kTlsHandshakeBudget) : 0);
  }
}

}  // namespace
}  // namespace weir
