#include "signatures/policy/yaml_text.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(YamlText, SaysWhereTheSyntaxBreaks) {
  const YamlText yaml("f.yaml", "a: [1, 2\nb: 3\n");
  ASSERT_EQ(yaml.defects().size(), 1u);
  EXPECT_EQ(yaml.defects()[0].rfind("f.yaml:2:", 0), 0u) << yaml.defects()[0];
}

TEST(YamlText, NamesUnknownAndRepeatedKeysAtTheirPlace) {
  YamlText yaml("f.yaml", "a: 1\nz: 2\na: 3\n");
  std::vector<std::string> used;
  yaml.Map(yaml.root(), {"a", "b"}, [&](const std::string& key, const YAML::Node&) { used.push_back(key); });
  EXPECT_EQ(used, std::vector<std::string>{"a"});
  ASSERT_EQ(yaml.defects().size(), 2u);
  EXPECT_EQ(yaml.defects()[0], "f.yaml:2:1: unknown key 'z' (known here: a, b)");
  EXPECT_EQ(yaml.defects()[1], "f.yaml:3:1: 'a' stands twice");
}

TEST(YamlText, TakesANumberInItsRangeAndNothingElse) {
  YamlText yaml("f.yaml", "a: 7\nb: 11\nc: -1\nd: 7x\ne: [7]\nf: 99999999999999999999\n");
  EXPECT_EQ(yaml.Number(yaml.root()["a"], 1, 10), 7u);
  EXPECT_TRUE(yaml.defects().empty());
  for (const char* key : {"b", "c", "d", "e", "f"}) EXPECT_EQ(yaml.Number(yaml.root()[key], 1, 10), 1u) << key;
  EXPECT_EQ(yaml.defects().size(), 5u);
}

TEST(YamlText, TakesOneScalarAsAListOfOne) {
  YamlText yaml("f.yaml", "a: x\nb: [x, y]\nc: {x: y}\n");
  EXPECT_EQ(yaml.List(yaml.root()["a"]).size(), 1u);
  EXPECT_EQ(yaml.List(yaml.root()["b"])[1].first, "y");
  EXPECT_TRUE(yaml.List(yaml.root()["c"]).empty());
  EXPECT_EQ(yaml.defects().size(), 1u);
}

TEST(YamlText, TellsADefectInOneLineWhateverTheFileHolds) {
  YamlText yaml("f.yaml", std::string("\"z\\n\\x1b[2J\": 1\n") + std::string(900, 'k') + ": 2\n");
  yaml.Map(yaml.root(), {"a"}, [](const std::string&, const YAML::Node&) {});
  ASSERT_EQ(yaml.defects().size(), 2u);
  EXPECT_EQ(yaml.defects()[0], "f.yaml:1:1: unknown key 'z\\x0a\\x1b[2J' (known here: a)");
  EXPECT_LT(yaml.defects()[1].size(), 600u) << yaml.defects()[1];
}

}  // namespace
}  // namespace weir
