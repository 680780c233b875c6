#include "classifiers/metadata/socks_reader.h"

#include <gtest/gtest.h>

#include "tests/unit/classifiers/metadata/dialogue.h"

namespace weir {
namespace {

using test::C;
using test::Dialogue;
using test::HelloRecords;
using test::Hex;
using test::NamesAtEveryCut;
using test::Octets;
using test::Reading;
using test::S;
using test::operator+;
using Names = std::vector<std::string>;

const Octets kHello = HelloRecords("a.example");
const Octets kDomain = Hex("05010003 09") + test::Text("A.EXAMPLE") + Hex("01bb");
const Octets kSocks4a = Hex("0401 01bb 00000001") + test::Text("bob") + Hex("00") + test::Text("b.example") + Hex("00");

struct Case {
  std::string name;
  Dialogue dialogue;
  Names hosts;
};
class Socks : public testing::TestWithParam<Case> {};

TEST_P(Socks, IsFollowedToTheHelloInside) {
  EXPECT_EQ(NamesAtEveryCut(GetParam().dialogue), "a.example ");
  Reading r;
  r.Feed(GetParam().dialogue);
  EXPECT_EQ(r.All(BufferId::kSocksHost), GetParam().hosts);
  EXPECT_EQ(r.last.proto, AppProto::kTls);
  EXPECT_EQ(r.Feed({S(test::ServerHelloRecords())}).last.state, ReaderState::kNoMoreNames);
}

INSTANTIATE_TEST_SUITE_P(
    Versions, Socks,
    testing::Values(Case{"Five",
                         {C(Hex("050100")), S(Hex("0500")), C(kDomain), S(Hex("05000001 7f000001 01bb")), C(kHello)},
                         {"a.example"}},
                    Case{"FiveWithAnAddress",
                         {C(Hex("050100")), S(Hex("0500")), C(Hex("05010001 c0000201 01bb")),
                          S(Hex("05000001 7f000001 01bb")), C(kHello)},
                         {}},
                    Case{"FiveWithAPassword",
                         {C(Hex("05020002")), S(Hex("0502")), C(Hex("01 03") + test::Text("bob") + Hex("01 78")),
                          S(Hex("0100")), C(kDomain), S(Hex("05000004") + Octets(16) + Hex("01bb")), C(kHello)},
                         {"a.example"}},
                    Case{"FiveThatDoesNotWait",
                         {C(Hex("050100") + kDomain + kHello), S(Hex("0500 05000001 7f000001 01bb"))},
                         {"a.example"}},
                    Case{"Four",
                         {C(Hex("0401 01bb c0000201") + test::Text("bob") + Hex("00")), S(Hex("005a 0000 00000000")),
                          C(kHello)},
                         {}},
                    Case{"FourA", {C(kSocks4a), S(Hex("005a 0000 00000000")), C(kHello)}, {"b.example"}},
                    Case{"InSocks",
                         {C(Hex("050100") + kDomain), S(Hex("0500 05000001 7f000001 01bb")), C(kSocks4a),
                          S(Hex("005a 0000 00000000")), C(kHello)},
                         {"a.example", "b.example"}}),
    [](const testing::TestParamInfo<Case>& c) { return c.param.name; });

TEST(SocksDatagram, NamesTheHostThatTheProxyIsToAsk) {
  const Octets datagram = Hex("000000 03 09") + test::Text("A.example") + Hex("01bb") + Octets(30, std::byte{0x40});
  Inspector inspector(ReaderLimits{}, 17);
  Metadata found;
  inspector.OnDatagram(Direction::kToServer, datagram, found);
  EXPECT_EQ(found.First(BufferId::kSocksHost, 0), "a.example");
  EXPECT_TRUE(MayNameSomething(datagram));
  Metadata other;
  inspector.OnDatagram(Direction::kToServer, Hex("000000 03 09") + Octets(60), other);
  EXPECT_EQ(other.size(), 0u);
}

TEST(SocksReader, HoldsLittle) {
  for (const char* start : {"0401 01bb 00000001", "05ff"}) {
    Reading r;
    r.Feed({C(Hex(start) + Octets(9000, std::byte{'x'}))}, 100);
    EXPECT_LT(r.most_memory, 10'000u) << start;
    EXPECT_EQ(r.All(BufferId::kSocksHost), Names{});
  }
}

TEST(SocksReader, TellsOfTunnelsInTunnelsThatItDoesNotFollow) {
  Reading r;
  Octets said;
  for (int i = 0; i < 6; ++i) said = said + kSocks4a;
  r.Feed({C(said + kHello)});
  EXPECT_EQ(r.events, Bit(ReaderEvent::kNestingBudget));
}

TEST(SocksReader, PassesInsideWhatTheServerSaidBeforeTheRequestWasWhole) {
  EXPECT_EQ(NamesAtEveryCut(
                {C(Hex("04 01 0050 00000001 75 00 68")), S(Hex("00 5a 0000 00000000") + test::Text("220 m")),
                 C(Hex("00") + test::Text("NOOP\r\nSTARTTLS\r\n")), S(test::Text("ail\r\n220 go\r\n")), C(kHello)}),
            "a.example ");
}

const Octets kProxy2 = Hex("0d0a0d0a000d0a515549540a 21 11 000c") + Octets(12);

TEST(ProxyReader, GoesPastItsHeaderInEachVersion) {
  for (const Octets& header : {test::Text("PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n"), test::Text("PROXY UNKNOWN\r\n"),
                               kProxy2, kProxy2 + test::Text("PROXY UNKNOWN\r\n")}) {
    EXPECT_EQ(NamesAtEveryCut({C(header + kHello), S(test::ServerHelloRecords())}), "a.example ");
  }
  EXPECT_EQ(Reading().Feed({C(kProxy2 + test::Text("EHLO x\r\nSTARTTLS\r\n") + kHello)}).Names(), "a.example ");
}

TEST(ProxyReader, PassesInsideWhatTheServerSaidBeforeTheHeadersEnd) {
  EXPECT_EQ(NamesAtEveryCut({C(test::Text("PROXY UNK")), S(test::Text("220 mail")),
                             C(test::Text("NOWN\r\nNOOP\r\nSTARTTLS\r\n")), S(test::Text("\r\n250 \r\n220 go\r\n")),
                             C(kHello)}),
            "a.example ");
}

TEST(ProxyReader, TakesNothingFromItsAddresses) {
  const Octets header = Hex("0d0a0d0a000d0a515549540a 21 11") + test::Sized(2, kHello);
  EXPECT_EQ(NamesAtEveryCut({C(header + HelloRecords("b.example"))}), "b.example ");
}

}  // namespace
}  // namespace weir
