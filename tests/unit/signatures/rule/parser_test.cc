#include "signatures/rule/parser.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

Rule One(const std::string& text) {
  const ParsedRules parsed = ParseRules("r.rules", text);
  EXPECT_TRUE(parsed.defects.empty()) << Format(parsed.defects[0]);
  EXPECT_EQ(parsed.rules.size(), 1u);
  return parsed.rules.empty() ? Rule{} : parsed.rules[0];
}

TEST(ParseRules, ReadsLinesCommentsAndContinuations) {
  const ParsedRules parsed = ParseRules("r.rules",
                                        "# a comment\n\n"
                                        "alert tcp any any -> any any (sid:1;)\r\n"
                                        "   # another\n"
                                        "drop udp any any \\\n  -> any 53 \\\n  (sid:2;)\n");
  ASSERT_EQ(parsed.rules.size(), 2u);
  EXPECT_EQ(parsed.rules[0].line, 3);
  EXPECT_EQ(parsed.rules[1].line, 5);
  EXPECT_EQ(parsed.rules[1].verb, RuleVerb::kDrop);
}

TEST(ParseRules, TellsEveryDefectWithLineAndColumnAndKeepsTheRest) {
  const ParsedRules parsed = ParseRules("r.rules",
                                        "alert tcp any any -> any any (nonsense:1; sid:1;)\n"
                                        "alert tcp any any -> any any (sid:2;)\n"
                                        "alert tcp any any > any any (sid:3;)\n");
  EXPECT_EQ(parsed.rules.size(), 1u);
  ASSERT_EQ(parsed.defects.size(), 2u);
  EXPECT_EQ(Format(parsed.defects[0]).rfind("r.rules:1:31: unknown keyword 'nonsense'", 0), 0u)
      << Format(parsed.defects[0]);
  EXPECT_EQ(parsed.defects[1].line, 3);
}

TEST(ParseRules, KeepsSemicolonsAndColonsInsideOfQuotes) {
  const Rule rule = One(R"(alert tcp any any -> any any (msg:"a\; b: \"c\""; content:"x\;y\:z|3b|"; sid:1;))");
  EXPECT_EQ(rule.message, "a; b: \"c\"");
  ASSERT_EQ(rule.buffers.size(), 1u);
  EXPECT_EQ(std::get<ContentTest>(rule.buffers[0].tests[0]).bytes, "x;y:z;");
}

TEST(ParseRules, OpensABufferForWhatFollowsAStickyKeyword) {
  const Rule rule = One(
      R"(alert tls any any -> any any (tls.sni; content:"a"; content:"b"; distance:1; tls.alpn; content:"h2"; sid:1;))");
  ASSERT_EQ(rule.buffers.size(), 2u);
  EXPECT_EQ(rule.buffers[0].buffer, BufferId::kTlsSni);
  EXPECT_EQ(rule.buffers[0].tests.size(), 2u);
  EXPECT_EQ(std::get<ContentTest>(rule.buffers[0].tests[1]).distance, 1);
  EXPECT_EQ(rule.buffers[1].buffer, BufferId::kTlsAlpn);
}

}  // namespace
}  // namespace weir
