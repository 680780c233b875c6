#include "classifiers/metadata/text_reader.h"

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

constexpr std::string_view kGreeting = "220 mail.example ESMTP\r\n";
constexpr std::string_view kEhlo = "250-mail.example\r\n250 STARTTLS\r\n";
constexpr std::string_view kChunking = "250-mail.example\r\n250-CHUNKING\r\n250 STARTTLS\r\n";
const Octets kHello = HelloRecords("a.example");

struct Case {
  std::string name;
  AppProto before;
  Dialogue dialogue;
  std::string names;
};
class TextReaderCase : public testing::TestWithParam<Case> {};

TEST_P(TextReaderCase, NamesWhatAServerReadsAndNothingElse) {
  EXPECT_EQ(NamesAtEveryCut(GetParam().dialogue), GetParam().names);
}

TEST_P(TextReaderCase, SaysTheProtocolUntilTlsBegins) {
  Reading r;
  r.Feed({GetParam().dialogue.begin(), GetParam().dialogue.begin() + 2});
  EXPECT_EQ(r.last.proto, GetParam().before);
  EXPECT_EQ(r.last.state, ReaderState::kNameMayCome);
  r.Feed({GetParam().dialogue.begin() + 2, GetParam().dialogue.end()});
  EXPECT_EQ(r.last.proto, GetParam().names.empty() ? GetParam().before : AppProto::kTls);
  EXPECT_EQ(r.events, 0);
}

const auto kNameOf = [](const testing::TestParamInfo<Case>& c) { return c.param.name; };

INSTANTIATE_TEST_SUITE_P(
    Switches, TextReaderCase,
    testing::Values(
        Case{"Smtp",
             AppProto::kSmtp,
             {S(kGreeting), C("EHLO x\r\n"), S(kEhlo), C("STARTTLS\r\n"), S("220 go\r\n"), C(kHello)},
             "a.example "},
        Case{"SmtpLowerCaseAndBareLf",
             AppProto::kSmtp,
             {S(kGreeting), C("ehlo x\n"), S(kEhlo), C(" starttls \n"), S("220 go\r\n"), C(kHello)},
             "a.example "},
        Case{"SmtpPipelined",
             AppProto::kSmtp,
             {S(kGreeting), C("EHLO x\r\n"), C("NOOP\r\nSTARTTLS\r\n", kHello)},
             "a.example "},
        Case{"SmtpRefusedThenTakenAgain",
             AppProto::kSmtp,
             {S(kGreeting), C("STARTTLS\r\n"), S("454 later\r\n"), C("NOOP\r\nSTARTTLS\r\n"), S("250 ok\r\n220 go\r\n"),
              C(kHello)},
             "a.example "},
        Case{"SmtpThatDiscardsWhatItHasBuffered",
             AppProto::kSmtp,
             {S(kGreeting), C("EHLO x\r\nSTARTTLS\r\nNOOP\r\nNO"), S("220 go\r\n"), C(kHello)},
             "a.example "},
        Case{
            "SmtpThatDiscardsABufferedChunkCommand",
            AppProto::kSmtp,
            {S(kGreeting), C("EHLO x\r\n"), S(kChunking), C("STARTTLS\r\nBDAT 100000\r\n"), S("220 go\r\n"), C(kHello)},
            "a.example "},
        Case{"SmtpThatDiscardsABufferedRecord",
             AppProto::kSmtp,
             {S(kGreeting), C("EHLO x\r\nSTARTTLS\r\n", Hex("160301 4000 01 00fff0 0303 00")), S("220 go\r\n"),
              C(kHello)},
             "a.example "},
        Case{"SmtpWithOtherRecordsFirst",
             AppProto::kSmtp,
             {S(kGreeting), C("STARTTLS\r\n"), S("220 go\r\n"), C(Hex("140303000101 1603010000") + kHello)},
             "a.example "},
        Case{"SmtpInRecordsOfOneByte",
             AppProto::kSmtp,
             {S(kGreeting), C("STARTTLS\r\n"), S("220 go\r\n"), C(HelloRecords("tiny.example", 1))},
             "tiny.example "},
        Case{"SmtpWhoseDataWasRefused",
             AppProto::kSmtp,
             {S(kGreeting), C("DATA\r\n"), S("503 no\r\n"), C("STARTTLS\r\n"), S("220 go\r\n"), C(kHello)},
             "a.example "},
        Case{"SmtpThatNeverTookChunks",
             AppProto::kSmtp,
             {S(kGreeting), C("BDAT 100000\r\n"), S("500 what\r\n"), C("STARTTLS\r\n"), S("220 go\r\n"), C(kHello)},
             "a.example "},
        Case{"SmtpAfterAMessage",
             AppProto::kSmtp,
             {S(kGreeting), C("DATA\r\n"), S("354 go\r\n"), C("Subject: x\r\n\r\n..\r\n.\r\nSTARTTLS\r\n"),
              S("250 ok\r\n220 go\r\n"), C(kHello)},
             "a.example "},
        Case{"SmtpAfterAMessageSentBeforeItWasAskedFor",
             AppProto::kSmtp,
             {S(kGreeting), C("DATA\r\nx\r\n.\r\n"), S("354 go\r\n250 ok\r\n"), C("STARTTLS\r\n"), S("220 go\r\n"),
              C(kHello)},
             "a.example "},
        Case{"Lmtp",
             AppProto::kSmtp,
             {C("LHLO x\r\n"), S("250 STARTTLS\r\n"), C("STARTTLS\r\n"), S("220 go\r\n"), C(kHello)},
             "a.example "},
        Case{"Imap",
             AppProto::kImap,
             {S("* OK IMAP4rev1 ready\r\n"), C("a1 STARTTLS\r\n"), S("a1 OK go\r\n"), C(kHello)},
             "a.example "},
        Case{"ImapAfterALiteralItTook",
             AppProto::kImap,
             {S("* OK ready\r\n"), C("a LOGIN {3}\r\n"), S("+ go\r\n"), C("bob {3}\r\n"), S("+ go\r\n"),
              C("pwd\r\nb STARTTLS\r\n"), S("a NO\r\nb OK go\r\n"), C(kHello)},
             "a.example "},
        Case{"ImapAfterALiteralItRefused",
             AppProto::kImap,
             {S("* OK ready\r\n"), C("a LOGIN {9000}\r\n"), S("a BAD no\r\n"), C("b STARTTLS\r\n"), S("b OK\r\n"),
              C(kHello)},
             "a.example "},
        Case{"ImapWithoutLiteralPlus",
             AppProto::kImap,
             {S("* OK ready\r\n"), C("a LOGIN {9000+}\r\n"), S("a BAD no\r\n"), C("b STARTTLS\r\n"), S("b OK\r\n"),
              C(kHello)},
             "a.example "},
        Case{"ImapThatDiscardsABufferedLiteral",
             AppProto::kImap,
             {S("* OK [CAPABILITY LITERAL+] ready\r\n"), C("a STARTTLS\r\nb NOOP {9000+}\r\n"), S("a OK go\r\n"),
              C(kHello)},
             "a.example "},
        Case{"Pop3", AppProto::kPop3, {S("+OK ready\r\n"), C("STLS\r\n"), S("+OK go\r\n"), C(kHello)}, "a.example "},
        Case{"Ftp",
             AppProto::kFtp,
             {S("220 Example FTP server\r\n"), C("AUTH TLS\r\n"), S("234 go\r\n"), C(kHello)},
             "a.example "},
        Case{"Nntp",
             AppProto::kNntp,
             {S("200 news.example ready\r\n"), C("STARTTLS\r\n"), S("382 go\r\n"), C(kHello)},
             "a.example "},
        Case{"ManageSieve",
             AppProto::kSieve,
             {S("\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK\r\n"), C("STARTTLS\r\n"), S("OK\r\n"), C(kHello)},
             "a.example "},
        Case{"Irc",
             AppProto::kIrc,
             {C("CAP LS 302\r\n"), S(":irc.example CAP * LS :tls\r\n"), C("STARTTLS\r\n"),
              S(":irc.example 670 a :go\r\n"), C(kHello)},
             "a.example "},
        Case{"Xmpp",
             AppProto::kXmpp,
             {C("<?xml version='1.0'?><stream:stream to='x'>"), S("<stream:stream><stream:features/>"),
              C("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
              S("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), C(kHello)},
             "a.example "},
        Case{"XmppWithAPrefix",
             AppProto::kXmpp,
             {C("<stream:stream xmlns:t='urn:ietf:params:xml:ns:xmpp-tls'>"), S("<stream:stream>"), C("<t:starttls />"),
              S("<t:proceed/>"), C(kHello)},
             "a.example "},
        Case{"SmtpThatCutsLongLines",
             AppProto::kSmtp,
             {S(kGreeting), C(std::string(2048, 'x') + "STARTTLS" + std::string(30, ' ') + "\r\n"),
              S("500 what\r\n220 go\r\n"), C(kHello)},
             "a.example "},
        Case{"SmtpWhoseChunkWasNoCommand",
             AppProto::kSmtp,
             {S(kGreeting), C("EHLO x\r\n"), S(kChunking), C("BDAT 100000 LAST x\r\nSTARTTLS\r\n"),
              S("501 what\r\n220 go\r\n"), C(kHello)},
             "a.example "},
        Case{"XmppWithALongTag",
             AppProto::kXmpp,
             {C("<stream:stream>"), S("<stream:stream>"),
              C(std::string(5000, ' ') + "<starttls a='" + std::string(5000, 'x') + "'/>"), S("<proceed/>"), C(kHello)},
             "a.example "},
        Case{"SmtpAfterWhatLooksLikeHttp",
             AppProto::kSmtp,
             {C("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), S(kGreeting), C("STARTTLS\r\n"), S("220 go\r\n"), C(kHello)},
             "a.example "},
        Case{"SmtpAfterWhatLooksLikeTls",
             AppProto::kSmtp,
             {C(Hex("160301 4000 01 00fff0 0303 0d0a")), S(kGreeting), C("STARTTLS\r\n"), S("220 go\r\n"), C(kHello)},
             "a.example "},
        Case{"SmtpAfterWhatLooksLikeSocks",
             AppProto::kSmtp,
             {C(Hex("05030d0a0d0a")), S(kGreeting), C("STARTTLS\r\n"), S("220 go\r\n"), C(kHello)},
             "a.example "},
        Case{"SmtpAfterJunk",
             AppProto::kSmtp,
             {C(Hex("fffe00 0d0a") + test::Text("what\r\n")), S(kGreeting), C("STARTTLS\r\n"), S("220 go\r\n"),
              C(kHello)},
             "a.example "}),
    kNameOf);

INSTANTIATE_TEST_SUITE_P(
    Innocent, TextReaderCase,
    testing::Values(Case{"SmtpWithoutStarttls", AppProto::kSmtp, {S(kGreeting), C("EHLO x\r\n", kHello)}, ""},
                    Case{"SmtpMessageText",
                         AppProto::kSmtp,
                         {S(kGreeting), C("STARTTLS\r\n"), S("454 later\r\n"), C("DATA\r\n"), S("354 go\r\n"),
                          C("x\r\nSTARTTLS\r\n", kHello + test::Text("\r\n.\r\n")), S("250 ok\r\n"), C("QUIT\r\n")},
                         ""},
                    Case{"SmtpChunk",
                         AppProto::kSmtp,
                         {S(kGreeting), C("EHLO x\r\nSTARTTLS\r\n"), S(kChunking), S("454 later\r\n"),
                          C("BDAT " + std::to_string(kHello.size()) + " LAST\r\n", kHello), S("250 ok\r\n")},
                         ""},
                    Case{"ImapLiteral",
                         AppProto::kImap,
                         {S("* OK [CAPABILITY LITERAL+] ready\r\n"), C("a STARTTLS\r\n"), S("a BAD no\r\n"),
                          C("b APPEND x {" + std::to_string(kHello.size()) + "+}\r\n", kHello + test::Text("\r\n")),
                          S("b OK\r\n"), C("c LOGOUT\r\n")},
                         ""},
                    Case{"ImapLiteralThatWasAskedFor",
                         AppProto::kImap,
                         {S("* OK ready\r\n"), C("a STARTTLS\r\n"), S("a BAD no\r\n"),
                          C("b APPEND x {" + std::to_string(kHello.size()) + "}\r\n"), S("+ go\r\n"), C(kHello),
                          C("\r\n"), S("b OK\r\n")},
                         ""},
                    Case{"NntpArticle",
                         AppProto::kNntp,
                         {S("200 news.example\r\n"), C("STARTTLS\r\n"), S("580 no\r\n"), C("POST\r\n"), S("340 go\r\n"),
                          C("x\r\n", kHello + test::Text("\r\n.\r\n")), S("240 ok\r\n")},
                         ""}),
    kNameOf);

TEST(TextReader, EndsWithTheServersHello) {
  Reading r;
  r.Feed({S(kGreeting), C("STARTTLS\r\n"), S("220 go\r\n"), C(kHello), S(test::ServerHelloRecords())});
  EXPECT_EQ(r.last.state, ReaderState::kNoMoreNames);
}

TEST(TextReader, TellsOfMorePlacesThanItFollows) {
  Reading r;
  const Octets decoy = Hex("160301 4000 01 00fff0 0303 00");
  r.Feed({S(kGreeting), C("STARTTLS\r\n", decoy + decoy + decoy + decoy + decoy)});
  EXPECT_EQ(r.events, Bit(ReaderEvent::kSwitchBudget));
}

TEST(TextReader, TellsThatAHelloWasAnsweredThatItHasNot) {
  Reading r;
  r.Feed({S(kGreeting), C("STARTTLS\r\n", Hex("160301 4000 01 00fff0 0303 00")), S("220 go\r\n"),
          S(test::ServerHelloRecords())});
  EXPECT_EQ(r.events, Bit(ReaderEvent::kSwitchBudget));
}

TEST(TextReader, GivesUpAfterSoManyCommandsAndNotAfterSoMuchMail) {
  ReaderLimits limits;
  limits.text_bytes = 4096;
  const Octets mail(100'000, std::byte{'x'});
  Reading mailing(6, limits);
  mailing.Feed({S(kGreeting), C("EHLO x\r\nDATA\r\n"), S("354 go\r\n"), C(mail)});
  EXPECT_EQ(mailing.last.state, ReaderState::kNameMayCome);
  Reading commanding(6, limits);
  commanding.Feed({S(kGreeting), C("EHLO x\r\n"), C(mail)});
  EXPECT_EQ(commanding.last.state, ReaderState::kNoMoreNames);
  EXPECT_EQ(commanding.events, Bit(ReaderEvent::kTextBudget));
}

TEST(TextReader, HoldsALineAndAFewHellosAtMost) {
  Reading r;
  r.Feed({S(kGreeting), C("STARTTLS\r\n")});
  for (int i = 0; i < 30; ++i)
    r.Feed({C(Hex("160301 4000 01 02fff0") + Octets(16380)), S(Octets(20'000, std::byte{'x'}))});
  EXPECT_LT(r.most_memory, 8 * ReaderLimits{}.handshake_bytes);
}

TEST(TextReaderProbe, NeedsALineOfTheServerOrACommandItKnows) {
  EXPECT_EQ(TextReader::Probe(Direction::kToClient, test::Text("220 mail")), -1);
  EXPECT_GT(TextReader::Probe(Direction::kToClient, test::Text("220 mail\r\n")), 0);
  EXPECT_EQ(TextReader::Probe(Direction::kToClient, test::Text("SSH-2.0-x\r\n")), 0);
  EXPECT_EQ(TextReader::Probe(Direction::kToServer, test::Text("GET / HTTP/1.1\r\n")), 0);
  EXPECT_EQ(TextReader::Probe(Direction::kToServer, Hex("00010203")), 0);
}

}  // namespace
}  // namespace weir
