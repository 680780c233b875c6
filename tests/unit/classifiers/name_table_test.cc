#include "classifiers/name_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace weir {
namespace {

class NameTableTest : public testing::Test {
 protected:
  bool Add(const std::string& pattern) { return table.Add({AppId{1}, Confidence::kGuess, pattern}); }
  std::string Find(std::string_view name) {
    const FactEntry* found = table.Find(name);
    return found == nullptr ? "" : found->pattern;
  }
  NameTable table;
};

TEST_F(NameTableTest, PrefersTheNameThenItsPatternThenItsLongestSuffix) {
  for (const char* pattern : {"a.b.example", "*.b.example", ".b.example", ".example", "#.example"})
    EXPECT_TRUE(Add(pattern)) << pattern;
  EXPECT_EQ(Find("a.b.example"), "a.b.example");
  EXPECT_EQ(Find("c.b.example"), "*.b.example");
  EXPECT_EQ(Find("d.c.b.example"), ".b.example") << "a pattern stays within one label";
  EXPECT_EQ(Find("b.example"), ".b.example");
  EXPECT_EQ(Find("7.example"), "#.example");
  EXPECT_EQ(Find("x.example"), ".example");
  EXPECT_EQ(Find("example"), ".example");
  EXPECT_EQ(Find("xexample"), "");
  EXPECT_EQ(Find(""), "");
}

TEST_F(NameTableTest, ANameWithoutAnyOfItsSuffixesIsFoundAllTheSame) {
  EXPECT_TRUE(Add("very.deep.name.of.example.org"));
  EXPECT_TRUE(Add("p#.very.deep.name.of.example.net"));
  EXPECT_EQ(Find("very.deep.name.of.example.org"), "very.deep.name.of.example.org");
  EXPECT_EQ(Find("p1.very.deep.name.of.example.net"), "p#.very.deep.name.of.example.net");
  for (const char* none : {"deep.name.of.example.org", "x.very.deep.name.of.example.org", "org", "example.net"})
    EXPECT_EQ(Find(none), "") << none;
}

TEST_F(NameTableTest, RefusesWhatStandsTwiceAndWildcardsElsewhere) {
  EXPECT_TRUE(Add("a.example"));
  EXPECT_FALSE(Add("A.example."));
  EXPECT_TRUE(Add(".a.example"));
  EXPECT_FALSE(Add(".a.example"));
  EXPECT_TRUE(Add("*-a.example"));
  EXPECT_FALSE(Add("*-a.example"));
  for (const char* bad : {".*.example", "a.#.example", "*"}) EXPECT_FALSE(Add(bad)) << bad;
}

// Names of few labels over few letters, asked for in the order that the header gives.
TEST_F(NameTableTest, AgreesWithAskingEveryRow) {
  std::mt19937 random(11);
  const auto name = [&](std::size_t labels) {
    std::string text;
    for (std::size_t i = 0; i < labels; ++i) {
      if (i > 0) text += '.';
      text += std::string(1 + random() % 2, static_cast<char>('a' + random() % 3)) + (random() % 2 != 0 ? "-" : "");
    }
    return text;
  };
  std::map<std::string, bool> exact, below, first_any;
  for (int i = 0; i < 400; ++i) {
    const std::string text = name(2 + random() % 3);
    switch (random() % 3) {
      case 0:
        EXPECT_EQ(Add(text), exact.emplace(text, true).second);
        break;
      case 1:
        EXPECT_EQ(Add("." + text), below.emplace(text, true).second);
        break;
      default:
        EXPECT_EQ(Add("*." + text), first_any.emplace(text, true).second);
        break;
    }
  }
  std::size_t hits = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string asked = name(1 + random() % 5);
    std::string want = exact.contains(asked) ? asked : "";
    const std::size_t dot = asked.find('.');
    if (want.empty() && dot != std::string::npos && first_any.contains(asked.substr(dot + 1)))
      want = "*." + asked.substr(dot + 1);
    for (std::string rest = asked; want.empty();) {
      if (below.contains(rest)) want = "." + rest;
      const std::size_t next = rest.find('.');
      if (next == std::string::npos) break;
      rest = rest.substr(next + 1);
    }
    ASSERT_EQ(Find(asked), want) << asked;
    hits += want.empty() ? 0 : 1;
  }
  EXPECT_GT(hits, 1000u);
  EXPECT_LT(hits, 20000u);
}

}  // namespace
}  // namespace weir
