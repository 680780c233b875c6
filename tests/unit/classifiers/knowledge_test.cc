#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "classifiers/fusion.h"

namespace weir {
namespace {

// A folder with the five tables, gone with the test.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("weir-knowledge-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
    Write("apps.tsv", "Chat\tmessaging\nDrive\tcloud-storage\n");
    Write("names.tsv", "Chat\t.chat.example\tcertain\nDrive\tdrive.big.example\tprobable\n");
    Write("addresses.tsv",
          "Chat\t192.0.2.0/24\tprobable\nDrive\t192.0.2.128/25\tcertain\nChat\t2001:db8::/32\tcertain\n");
    Write("exclude.tsv", ".big.example\n");
    Write("ndpi.tsv", "nChat\tChat\tprobable\n");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  void Write(const char* file, const std::string& text) { std::ofstream(path_ / file) << text; }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

class KnowledgeTest : public testing::Test {
 protected:
  std::string AppOf(std::string_view name) { return std::string(apps.NameOf(knowledge->FindName(name).app)); }
  std::string AppAt(std::array<std::uint8_t, 4> a) {
    return std::string(apps.NameOf(knowledge->FindAddress(IpAddress::V4(a.data()), 4).app));
  }
  Folder folder;
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

TEST_F(KnowledgeTest, TakesTheLongestPrefix) {
  EXPECT_EQ(AppAt({192, 0, 2, 5}), "Chat");
  EXPECT_EQ(AppAt({192, 0, 2, 200}), "Drive");
  EXPECT_EQ(AppAt({192, 0, 3, 5}), "");
  EXPECT_EQ(knowledge->FindNdpi("nChat").confidence, Confidence::kProbable);
}

TEST_F(KnowledgeTest, NamesEveryDefectByFileAndLine) {
  folder.Write("names.tsv",
               "Chat\t.big.example\tcertain\nNobody\tx.example\tcertain\nChat\ty.example\tsure\nChat only\n");
  AppRegistry fresh;
  const auto loaded = Knowledge::Load(folder.path(), fresh);
  ASSERT_FALSE(loaded);
  for (const char* want : {"names.tsv:1:6: '.big.example' must never", "names.tsv:2:1: unknown app 'Nobody'",
                           "names.tsv:3:16: 'sure' is no confidence", "names.tsv:4:1: 1 fields"}) {
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
