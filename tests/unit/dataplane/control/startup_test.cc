#include "dataplane/control/startup.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace weir {
namespace {

namespace fs = std::filesystem;

class StartupFiles : public testing::Test {
 protected:
  fs::path folder_ = fs::temp_directory_path() / ("weir-startup-" + std::to_string(getpid()));
  void SetUp() override { fs::create_directories(folder_ / "rules"); }
  void TearDown() override { fs::remove_all(folder_); }
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
};

TEST_F(StartupFiles, WhatShipsLoads) {
  const auto startup = LoadStartup({});
  ASSERT_TRUE(startup) << startup.error()[0];
  EXPECT_GT(startup->generation->rules->size(), 400u);
  EXPECT_NE(startup->generation->apps->Find("WhatsApp"), AppId{});
  EXPECT_EQ(startup->generation->number, 1u);
}

TEST_F(StartupFiles, RulesAreAddedByFileAndFolderOrStandAlone) {
  Write("rules/a.rules", "alert tcp any any -> any any (sid:1;)\n");
  Write("rules/b.rules", "alert tcp any any -> any any (sid:2;)\n");
  Write("rules/notes.txt", "no rule");
  const std::string one = Write("c.rules", "alert tcp any any -> any any (sid:3;)\n");
  const std::size_t shipped = LoadStartup({})->generation->rules->size();
  StartupOptions options;
  options.add_rules = {(folder_ / "rules").string(), one};
  EXPECT_EQ(LoadStartup(options)->generation->rules->size(), shipped + 3);
  StartupOptions only;
  only.only_rules = {one};
  EXPECT_EQ(LoadStartup(only)->generation->rules->size(), 1u);
}

TEST_F(StartupFiles, DefectsOfAllFilesComeAtOnce) {
  StartupOptions options;
  options.config = Write("weir.yaml", "version: 1\nnonsense: 2\n");
  options.policy = Write("policy.yaml", "version: 1\nrules: 7\n");
  options.add_rules = {Write("r.rules", "alert tcp any any -> any any (huh; sid:1;)\n"), "/nowhere.rules"};
  options.settings = {"flow.capacity=x"};
  const auto startup = LoadStartup(options);
  ASSERT_FALSE(startup);
  std::string all;
  for (const std::string& defect : startup.error()) all += defect + "\n";
  for (const char* part :
       {"weir.yaml:2:1:", "policy.yaml:2:8:", "r.rules:1:31:", "/nowhere.rules:1:1:", "--set flow.capacity"})
    EXPECT_NE(all.find(part), std::string::npos) << part << "\n" << all;
}

TEST_F(StartupFiles, ThePolicyOfTheConfigurationIsUsedUnlessAnotherIsNamed) {
  const std::string policy = Write("p.yaml", "version: 1\ndefault: {action: drop}\n");
  StartupOptions options;
  options.config = Write("weir.yaml", "version: 1\npolicy: {file: " + policy + "}\n");
  const FlowView flow;
  EXPECT_EQ(LoadStartup(options)->generation->policy->Judge({}, flow).action, Action::kDrop);
  options.policy = "none";
  EXPECT_EQ(LoadStartup(options)->generation->policy->Judge({}, flow).action, Action::kPass);
}

}  // namespace
}  // namespace weir
