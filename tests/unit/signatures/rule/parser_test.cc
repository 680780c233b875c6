#include "signatures/rule/parser.h"

#include <gtest/gtest.h>

#include "signatures/rule/option.h"

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

IpAddress Address(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  IpAddress address;
  address.octets = {a, b, c, d};
  return address;
}

TEST(ParseAddresses, UnderstandsListsNegationAndNesting) {
  AddressSpec spec;
  ASSERT_EQ(ParseAddresses("[10.0.0.0/8,![10.1.0.0/16,10.2.0.0/16],192.0.2.1]", spec), "");
  EXPECT_TRUE(spec.Contains(Address(10, 3, 0, 1), 4));
  EXPECT_TRUE(spec.Contains(Address(192, 0, 2, 1), 4));
  EXPECT_FALSE(spec.Contains(Address(10, 1, 0, 1), 4));
  EXPECT_FALSE(spec.Contains(Address(192, 0, 2, 2), 4));
  AddressSpec negated;
  ASSERT_EQ(ParseAddresses("!10.0.0.0/8", negated), "");
  EXPECT_TRUE(negated.Contains(Address(11, 0, 0, 1), 4));
  EXPECT_FALSE(negated.Contains(Address(10, 0, 0, 1), 4));
}

TEST(ParsePorts, UnderstandsRangesListsAndNegation) {
  PortSpec spec;
  ASSERT_EQ(ParsePorts("[80,1000:2000,!1500,60000:]", spec), "");
  for (const std::uint16_t in : std::initializer_list<std::uint16_t>{80, 1000, 2000, 60000, 65535})
    EXPECT_TRUE(spec.Contains(in)) << in;
  for (const std::uint16_t out : std::initializer_list<std::uint16_t>{81, 999, 1500, 2001})
    EXPECT_FALSE(spec.Contains(out)) << out;
}

TEST(RuleHeaders, RefuseWhatIsNone) {
  AddressSpec addresses;
  PortSpec ports;
  RuleHeader header;
  for (const char* text : {"", "10.0.0.0/33", "[10.0.0.1", "$NOT_SET", "[,]"})
    EXPECT_NE(ParseAddresses(text, addresses), "") << text;
  for (const char* text : {"", "65536", "20:10", "x", "[80"}) EXPECT_NE(ParsePorts(text, ports), "") << text;
  EXPECT_NE(ParseProtocol("tcpp", header), "");
}

}  // namespace
}  // namespace weir
