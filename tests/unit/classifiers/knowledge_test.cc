#include <gtest/gtest.h>

#include <cstdlib>

#include "classifiers/fusion.h"
#include "tests/support/knowledge_folder.h"

namespace weir {
namespace {

class KnowledgeTest : public testing::Test {
 protected:
  std::string AppOf(std::string_view name) { return std::string(apps.NameOf(knowledge->FindName(name).app)); }
  std::string AppAt(std::array<std::uint8_t, 4> a) {
    return std::string(apps.NameOf(knowledge->FindAddress(IpAddress::V4(a.data()), 4).app));
  }
  test::KnowledgeFolder folder;
  AppRegistry apps;
  std::shared_ptr<const Knowledge> knowledge = Knowledge::Load(folder.path(), apps).value();
};

TEST_F(KnowledgeTest, MatchesNamesOnLabelBoundariesOnly) {
  EXPECT_EQ(AppOf("chat.example"), "Chat");
  EXPECT_EQ(AppOf("Web.CHAT.example."), "Chat");
  EXPECT_EQ(AppOf("notchat.example"), "");
  EXPECT_EQ(AppOf("chat.example.net"), "");
  EXPECT_EQ(AppOf("drive.big.example"), "Drive");
  EXPECT_EQ(AppOf("x.drive.big.example"), "") << "an exact row names nothing below it";
  EXPECT_EQ(AppOf(""), "");
  EXPECT_EQ(AppOf("."), "");
}

TEST_F(KnowledgeTest, APatternStaysWithinOneLabel) {
  EXPECT_EQ(AppOf("p26-chat.big.example"), "Chat");
  EXPECT_EQ(AppOf("P1-CHAT.big.example."), "Chat");
  EXPECT_EQ(AppOf("tenant-my.big.example"), "Chat");
  for (const char* none : {"p-chat.big.example", "p1x-chat.big.example", "xp1-chat.big.example",
                           "p1-chatty.big.example", "p1.2-chat.big.example", "x.p1-chat.big.example",
                           "p1-chat.big.example.net", "my.big.example", "a.tenant-my.big.example", "p1-chat"}) {
    EXPECT_EQ(AppOf(none), "") << none;
  }
}

TEST_F(KnowledgeTest, AMoreSpecialNameIsNoLessSureThanItsSuffix) {
  folder.Write("facts/collaboration.tsv", "Meet\tname\tmeet.chat.example\tguess\tx\t\n");
  folder.Write("facts/webmail.tsv", "Chat\tname\tnew.chat.example\tguess\tx\t\n");
  folder.Write("apps.tsv", "Chat\tmessaging\nDrive\tcloud-storage\nMeet\tcollaboration\n");
  AppRegistry fresh;
  const auto loaded = Knowledge::Load(folder.path(), fresh);
  ASSERT_TRUE(loaded) << loaded.error().what;
  EXPECT_EQ((*loaded)->FindName("new.chat.example").confidence, Confidence::kCertain);
  EXPECT_EQ((*loaded)->FindName("meet.chat.example").confidence, Confidence::kGuess) << "of another category";
}

TEST_F(KnowledgeTest, WhatOnlySupportsLabelsNothing) {
  EXPECT_EQ(AppOf("api.big.example"), "");
  EXPECT_TRUE(knowledge->FindSupport("API.big.example").known());
  EXPECT_FALSE(knowledge->FindSupport("drive.big.example").known());
  EXPECT_EQ(AppAt({198, 51, 100, 1}), "");
}

TEST_F(KnowledgeTest, ACertificatesNamesAreReadByElement) {
  EXPECT_TRUE(knowledge->FindIssuer("C=US, O=Chat Inc., CN=Root").known());
  EXPECT_TRUE(knowledge->FindIssuer("O=Chat Inc").known());
  EXPECT_FALSE(knowledge->FindIssuer("C=US, OO=Chat Inc").known());
  EXPECT_FALSE(knowledge->FindIssuer("C=US, CN=xO=Chat Inc").known());
  EXPECT_TRUE(knowledge->FindSubject("CN=Chat").known());
  EXPECT_FALSE(knowledge->FindSubject("O=Chat Inc").known());
}

TEST_F(KnowledgeTest, TakesTheLongestPrefix) {
  EXPECT_EQ(AppAt({192, 0, 2, 5}), "Chat");
  EXPECT_EQ(AppAt({192, 0, 2, 200}), "Drive");
  EXPECT_EQ(AppAt({192, 0, 3, 5}), "");
  EXPECT_EQ(knowledge->FindNdpi("nChat").confidence, Confidence::kProbable);
}

TEST_F(KnowledgeTest, NamesEveryDefectByFileAndLine) {
  folder.Write("facts/webmail.tsv",
               "Chat\tname\t.big.example\tcertain\tx\t\nNobody\tname\tx.example\tcertain\tx\t\n"
               "Chat\tname\ty.example\tsure\tx\t\nChat only\nChat\tcolour\tred\tcertain\tx\t\n"
               "Chat\tname\tz.example\tcertain\t\t\nChat\tname\t.a#.example\tcertain\tx\t\n"
               "Chat\tname\t.chat.example\tcertain\tx\t\nChat\taddress\t1.2.3\tcertain\tx\t\n");
  AppRegistry fresh;
  const auto loaded = Knowledge::Load(folder.path(), fresh);
  ASSERT_FALSE(loaded);
  for (const char* want : {"webmail.tsv:1:11: '.big.example' must never", "webmail.tsv:2:1: unknown app 'Nobody'",
                           "webmail.tsv:3:21: 'sure' is no confidence", "webmail.tsv:4:1: 1 fields",
                           "webmail.tsv:5:6: 'colour' is no kind", "webmail.tsv:6:29: a fact needs a source",
                           "webmail.tsv:7:11: '.a#.example'", "webmail.tsv:8:11: '.chat.example' stands twice",
                           "webmail.tsv:9:14: '1.2.3' is no prefix"}) {
    EXPECT_NE(loaded.error().what.find(want), std::string::npos) << want << " in\n" << loaded.error().what;
  }
}

TEST(ShippedKnowledge, LoadsAndKnowsTheBarredApps) {
  AppRegistry apps;
  const auto loaded = Knowledge::Load(std::string(std::getenv("WEIR_SOURCE")) + "/signatures/data", apps);
  ASSERT_TRUE(loaded) << loaded.error().what;
  const auto app = [&](std::string_view name) { return apps.NameOf((*loaded)->FindName(name).app); };
  EXPECT_EQ(app("web.whatsapp.com"), "WhatsApp");
  EXPECT_EQ(app("szshort.weixin.qq.com"), "WeChat");
  EXPECT_EQ(app("drive.google.com"), "GoogleDrive");
  // nDPI 4.2 says so of any datagram whose third byte is 2.
  EXPECT_EQ((*loaded)->FindNdpi("SkypeCall").confidence, Confidence::kGuess);
  for (const char* innocent : {"www.google.com", "fonts.googleapis.com", "notwhatsapp.com", "whatsapp.com.example.net",
                               "login.live.com", "s3.amazonaws.com", "www.qq.com"}) {
    EXPECT_EQ(app(innocent), "") << innocent;
  }
}

Classification Label(std::uint16_t app, Source source, Confidence confidence) {
  Classification c;
  c.app = AppId{app};
  c.source = source;
  c.confidence = confidence;
  return c;
}

TEST(Fuse, RanksVoicesAndNeverFlipsBetweenEquals) {
  Classification current;
  EXPECT_TRUE(Fuse(current, Label(1, Source::kAddress, Confidence::kCertain)));
  EXPECT_FALSE(Fuse(current, Label(2, Source::kNdpi, Confidence::kGuess))) << "a guess does not displace certainty";
  EXPECT_TRUE(Fuse(current, Label(2, Source::kNdpi, Confidence::kProbable)));
  EXPECT_TRUE(Fuse(current, Label(3, Source::kMetadata, Confidence::kProbable)));
  EXPECT_FALSE(Fuse(current, Label(4, Source::kMetadata, Confidence::kProbable)));
  EXPECT_TRUE(Fuse(current, Label(5, Source::kSignature, Confidence::kProbable)));
  EXPECT_FALSE(Fuse(current, Classification{}));
  EXPECT_EQ(current.app, AppId{5});
}

}  // namespace
}  // namespace weir
