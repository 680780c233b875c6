#include <gtest/gtest.h>

#include "signatures/rule/option.h"

namespace weir {
namespace {

// Applies "keyword:value" texts in turn; the first error ends it.
RuleBuilder Apply(std::initializer_list<std::pair<const char*, const char*>> options) {
  RuleBuilder builder;
  for (const auto& [keyword, value] : options) {
    Option option;
    option.keyword = keyword;
    option.has_value = value != nullptr;
    if (value != nullptr) option.value = value;
    EXPECT_TRUE(ApplyOption(option, builder)) << keyword;
    if (!builder.error.empty()) break;
  }
  return builder;
}
const ContentTest& First(const RuleBuilder& builder) {
  return std::get<ContentTest>(builder.rule.buffers.at(0).tests.at(0));
}

TEST(Keywords, ContentIsTextWithHexBetweenBars) {
  EXPECT_EQ(First(Apply({{"content", "\"a|00 ff|b\""}})).bytes, std::string("a\0\xff"
                                                                            "b",
                                                                            4));
  EXPECT_TRUE(First(Apply({{"content", "!\"a\""}})).negated);
  for (const char* wrong : {"\"\"", "\"a|0|\"", "\"a|zz|\"", "\"a|00\"", "a"})
    EXPECT_NE(Apply({{"content", wrong}}).error, "") << wrong;
}

TEST(Keywords, ModifiersApplyToTheContentBefore) {
  const ContentTest& content = First(
      Apply({{"content", "\"abc\""}, {"nocase", nullptr}, {"offset", "2"}, {"depth", "9"}, {"startswith", nullptr}}));
  EXPECT_TRUE(content.nocase && content.starts);
  EXPECT_EQ(content.offset, 2);
  EXPECT_EQ(content.depth, 9);
  EXPECT_NE(Apply({{"nocase", nullptr}}).error, "");
  EXPECT_NE(Apply({{"depth", "3"}}).error, "");
}

TEST(Keywords, WantAValueOrTakeNone) {
  EXPECT_NE(Apply({{"content", nullptr}}).error, "");
  EXPECT_NE(Apply({{"tls.sni", "x"}}).error, "");
  EXPECT_NE(Apply({{"sid", "0"}}).error, "");
  EXPECT_NE(Apply({{"sid", "x"}}).error, "");
  RuleBuilder builder;
  Option unknown;
  unknown.keyword = "tls.snni";
  EXPECT_FALSE(ApplyOption(unknown, builder));
}

TEST(Keywords, PcreFlagsSetOptionsOrOpenABuffer) {
  const RuleBuilder builder = Apply({{"pcre", "\"/^a.b$/isW\""}});
  ASSERT_EQ(builder.error, "");
  EXPECT_EQ(builder.rule.buffers[0].buffer, BufferId::kHttpHost);
  const auto& pcre = std::get<PcreTest>(builder.rule.buffers[0].tests[0]);
  EXPECT_EQ(pcre.pattern, "^a.b$");
  EXPECT_EQ(pcre.options, kCaseless | kDotAll);
  EXPECT_TRUE(std::get<PcreTest>(Apply({{"pcre", "\"/x/R\""}}).rule.buffers[0].tests[0]).relative);
  for (const char* wrong : {"\"x\"", "\"/x/q\"", "\"/x\"", "x"}) EXPECT_NE(Apply({{"pcre", wrong}}).error, "") << wrong;
}

TEST(Keywords, FlowSaysDirectionAndState) {
  const RuleBuilder builder = Apply({{"flow", "to_server, established"}});
  EXPECT_EQ(builder.rule.flow.direction, Direction::kToServer);
  EXPECT_EQ(builder.rule.flow.established, true);
  EXPECT_NE(Apply({{"flow", "sideways"}}).error, "");
}

TEST(Keywords, SizesHaveTheirForms) {
  struct Case {
    const char* text;
    std::uint64_t least, most;
  };
  for (const Case& c : {Case{"7", 7, 7}, Case{"<7", 0, 6}, Case{">7", 8, UINT64_MAX}, Case{"3<>9", 4, 8}}) {
    const RuleBuilder builder = Apply({{"tls.sni", nullptr}, {"bsize", c.text}});
    ASSERT_EQ(builder.error, "") << c.text;
    const auto& size = std::get<SizeTest>(builder.rule.buffers[0].tests[0]);
    EXPECT_EQ(size.least, c.least) << c.text;
    EXPECT_EQ(size.most, c.most) << c.text;
  }
}

}  // namespace
}  // namespace weir
