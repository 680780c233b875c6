#include "classifiers/metadata/framed_reader.h"

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

const Octets kHello = HelloRecords("a.example");
const Octets kPgSsl = Hex("00000008 04d2162f");
const Octets kPgGss = Hex("00000008 04d21630");
const Octets kPgStartup = Hex("00000012 00030000") + test::Text("user") + Hex("00") + test::Text("bob") + Hex("0000");
const Octets kMysqlGreeting = Hex("4a000000 0a") + test::Text("8.0.36") + Hex("00") + Octets(67);
const Octets kMysqlSsl = Hex("20000001 85aeff19 00000001 ff") + Octets(23);
const Octets kMysqlPlain = Hex("24000001 85a6ff19 00000001 ff") + Octets(23) + test::Text("bob") + Hex("00");
const Octets kStartTls = Hex("301d 020101 7718 8016") + test::Text("1.3.6.1.4.1.1466.20037");
const Octets kLongStartTls = Hex("3084 00000021 020101 7784 00000018 8016") + test::Text("1.3.6.1.4.1.1466.20037");
const Octets kBind = Hex("300c 020101 6007 020103 0400 8000");
const Octets kRdpRequest = Hex("03000013 0ee000000000 00 01000800 0b000000");
const Octets kRdpConnect = Hex("03000008 02f08000");

struct Case {
  std::string name;
  AppProto before;
  Dialogue dialogue;
  std::string names;
};
class FramedReaderCase : public testing::TestWithParam<Case> {};

TEST_P(FramedReaderCase, NamesWhatAServerReadsAndNothingElse) {
  EXPECT_EQ(NamesAtEveryCut(GetParam().dialogue), GetParam().names);
  Reading r;
  r.Feed({GetParam().dialogue.begin(), GetParam().dialogue.begin() + 1});
  EXPECT_EQ(r.last.proto, GetParam().before);
  EXPECT_NE(r.last.state, ReaderState::kUnknown);
  r.Feed({GetParam().dialogue.begin() + 1, GetParam().dialogue.end()});
  EXPECT_EQ(r.last.proto, GetParam().names.empty() ? GetParam().before : AppProto::kTls);
}

const auto kNameOf = [](const testing::TestParamInfo<Case>& c) { return c.param.name; };

INSTANTIATE_TEST_SUITE_P(
    Switches, FramedReaderCase,
    testing::Values(
        Case{"Pgsql", AppProto::kPgsql, {C(kPgSsl), S("S"), C(kHello)}, "a.example "},
        Case{"PgsqlAfterGss", AppProto::kPgsql, {C(kPgGss), S("N"), C(kPgSsl), S("S"), C(kHello)}, "a.example "},
        Case{"PgsqlWithoutWaiting", AppProto::kPgsql, {C(kPgGss), C(kPgSsl + kHello)}, "a.example "},
        Case{"Mysql", AppProto::kMysql, {S(kMysqlGreeting), C(kMysqlSsl), C(kHello)}, "a.example "},
        Case{"MysqlInOne", AppProto::kMysql, {S(kMysqlGreeting), C(kMysqlSsl + kHello)}, "a.example "},
        Case{"Ldap",
             AppProto::kLdap,
             {C(kStartTls), S(Hex("300c 020101 7807 0a010004000400")), C(kHello)},
             "a.example "},
        Case{"LdapWithLongLengths", AppProto::kLdap, {C(kLongStartTls), C(kHello)}, "a.example "},
        Case{"LdapAfterABind", AppProto::kLdap, {C(kBind), C(kStartTls + kHello)}, "a.example "},
        Case{"LdapRefusedFirst",
             AppProto::kLdap,
             {C(kStartTls), S(Hex("300c 020101 7807 0a013504000400")), C(kBind + kStartTls), C(kHello)},
             "a.example "},
        Case{"Rdp",
             AppProto::kRdp,
             {C(kRdpRequest), S(Hex("03000013 0ed00000123400 02000800 01000000")), C(kHello)},
             "a.example "},
        Case{"RdpWithAHelloBeforeItIsKnownThatNoneComes",
             AppProto::kRdp,
             {C(kRdpRequest), C(Hex("03000200") + kHello + Octets(512 - 4 - kHello.size()))},
             "a.example "}),
    kNameOf);

INSTANTIATE_TEST_SUITE_P(
    Innocent, FramedReaderCase,
    testing::Values(Case{"PgsqlPlain", AppProto::kPgsql, {C(kPgSsl), S("N"), C(kPgStartup + kHello)}, ""},
                    Case{"MysqlPlain", AppProto::kMysql, {S(kMysqlGreeting), C(kMysqlPlain + kHello)}, ""},
                    Case{"LdapValue",
                         AppProto::kLdap,
                         {C(kBind + Hex("3081ff 020102 6681f9") + kHello + Octets(245 - kHello.size() + 4))},
                         ""},
                    Case{"RdpPlain", AppProto::kRdp, {C(kRdpRequest), C(kRdpConnect + kHello)}, ""}),
    kNameOf);

TEST(FramedReader, SaysWhenNoSwitchCanCome) {
  EXPECT_EQ(Reading().Feed({C(kPgSsl), S("N"), C(kPgStartup), S(Hex("5200000008"))}).last.state,
            ReaderState::kNoMoreNames);
  EXPECT_EQ(Reading().Feed({S(kMysqlGreeting), C(kMysqlPlain)}).last.state, ReaderState::kNoMoreNames);
  EXPECT_EQ(Reading().Feed({C(kBind)}).last.state, ReaderState::kNameMayCome);
}

TEST(FramedReader, HoldsLittleAndEndsWithItsBudget) {
  Reading r;
  r.Feed({C(kBind)});
  for (int i = 0; i < 30; ++i) r.Feed({C(Hex("3082 3ffc 020102 66 82 3ff5") + Octets(16373))});
  EXPECT_EQ(r.last.state, ReaderState::kNoMoreNames);
  EXPECT_EQ(r.events, Bit(ReaderEvent::kTextBudget));
  EXPECT_LT(r.most_memory, 10'000u);
}

}  // namespace
}  // namespace weir
