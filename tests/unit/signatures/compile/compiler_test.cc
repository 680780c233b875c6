#include "signatures/compile/compiler.h"

#include <gtest/gtest.h>

#include <random>

namespace weir {
namespace {

struct Rules {
  AppRegistry apps;
  std::unique_ptr<RuleSet> set;
  std::vector<Diagnostic> defects;
  explicit Rules(const std::string& text) {
    EXPECT_TRUE(apps.Add("WhatsApp", Category::kMessaging));
    const CompileInput input{"r.rules", text};
    auto compiled = CompileRules({&input, 1}, apps);
    if (compiled)
      set = std::move(*compiled);
    else
      defects = compiled.error();
  }
  [[nodiscard]] std::string First() const { return defects.empty() ? "" : Format(defects[0]); }
};

FlowView Flow(AppProto proto = AppProto::kUnknown, std::uint8_t ip_proto = 6) {
  FlowView flow;
  flow.proto = ip_proto;
  flow.app_proto = proto;
  flow.client_port = 40000;
  flow.server_port = 443;
  flow.established = true;
  return flow;
}

std::vector<std::uint32_t> Sids(const std::vector<RuleMatch>& matches) {
  std::vector<std::uint32_t> sids;
  for (const RuleMatch& match : matches) sids.push_back(match.rule->sid.value());
  std::sort(sids.begin(), sids.end());
  return sids;
}
using List = std::vector<std::uint32_t>;

List OnField(const Rules& rules, BufferId id, std::string_view value, FlowView flow) {
  EXPECT_NE(rules.set, nullptr) << rules.First();
  Matcher matcher(*rules.set);
  Metadata metadata;
  metadata.Add(id, Direction::kToServer, 0, value);
  std::vector<RuleMatch> out;
  matcher.MatchField(flow, metadata, 0, out);
  return Sids(out);
}

List OnStream(const Rules& rules, std::string_view text, std::size_t piece = SIZE_MAX) {
  EXPECT_NE(rules.set, nullptr) << rules.First();
  Matcher matcher(*rules.set);
  std::vector<RuleMatch> out;
  StreamScan scan;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = at + std::min(piece, text.size() - at);
    matcher.MatchStream(Flow(), AsBytes(text.substr(0, end)), scan, out);
    at = end;
  }
  List sids = Sids(out);
  sids.erase(std::unique(sids.begin(), sids.end()), sids.end());
  return sids;
}

TEST(CompileRules, MatchesANameAndItsSubdomainsOnly) {
  const Rules rules(
      R"(drop tls any any -> any any (msg:"sni"; flow:to_server; tls.sni; dotprefix; content:".blocked.example"; nocase; endswith; sid:1;))");
  for (const char* name : {"blocked.example", "www.blocked.example", "A.BLOCKED.example"}) {
    EXPECT_EQ(OnField(rules, BufferId::kTlsSni, name, Flow(AppProto::kTls)), List{1}) << name;
  }
  for (const char* name : {"notblocked.example", "blocked.example.com", ""}) {
    EXPECT_EQ(OnField(rules, BufferId::kTlsSni, name, Flow(AppProto::kTls)), List{}) << name;
  }
  EXPECT_EQ(OnField(rules, BufferId::kHttpHost, "blocked.example", Flow(AppProto::kHttp)), List{});
  EXPECT_EQ(OnField(rules, BufferId::kTlsSni, "blocked.example", Flow(AppProto::kQuic, 17)), List{});
}

struct ContentCase {
  std::string name;
  std::string options;
  std::string text;
  bool want;
};
class Contents : public testing::TestWithParam<ContentCase> {};

TEST_P(Contents, MeanWhatSuricataMeans) {
  const Rules rules("alert tcp any any -> any any (" + GetParam().options + " sid:7;)");
  const List want = GetParam().want ? List{7} : List{};
  EXPECT_EQ(OnStream(rules, GetParam().text), want);
  const Rules host("alert http any any -> any any (http.user_agent; " + GetParam().options + " sid:7;)");
  EXPECT_EQ(OnField(host, BufferId::kHttpUserAgent, GetParam().text, Flow(AppProto::kHttp)), want);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Contents,
    testing::Values(ContentCase{"Anywhere", "content:\"abc\";", "xxabcxx", true},
                    ContentCase{"Case", "content:\"abc\";", "xxABCxx", false},
                    ContentCase{"Nocase", "content:\"abc\"; nocase;", "xxABCxx", true},
                    ContentCase{"Hex", "content:\"a|62 63|\";", "abc", true},
                    ContentCase{"EscapedSemicolon", "content:\"a\\;b\";", "a;b", true},
                    ContentCase{"Negated", "content:\"abc\"; content:!\"xyz\";", "abc", true},
                    ContentCase{"NegatedThere", "content:\"abc\"; content:!\"xyz\";", "abcxyz", false},
                    ContentCase{"DepthIn", "content:\"abc\"; depth:4;", "xabc", true},
                    ContentCase{"DepthOut", "content:\"abc\"; depth:4;", "xxabc", false},
                    ContentCase{"OffsetIn", "content:\"abc\"; offset:2;", "xxabc", true},
                    ContentCase{"OffsetOut", "content:\"abc\"; offset:2;", "xabcx", false},
                    ContentCase{"Starts", "content:\"abc\"; startswith;", "abcx", true},
                    ContentCase{"StartsNot", "content:\"abc\"; startswith;", "xabc", false},
                    ContentCase{"Ends", "content:\"abc\"; endswith;", "xabc", true},
                    ContentCase{"EndsNot", "content:\"abc\"; endswith;", "abcx", false},
                    ContentCase{"EndsAtTheSecond", "content:\"abc\"; endswith;", "abcxabc", true},
                    ContentCase{"Distance", "content:\"ab\"; content:\"cd\"; distance:2;", "abxxcd", true},
                    ContentCase{"DistanceShort", "content:\"ab\"; content:\"cd\"; distance:2;", "abxcd", false},
                    ContentCase{"Within", "content:\"ab\"; content:\"cd\"; within:3;", "abxcd", true},
                    ContentCase{"WithinFar", "content:\"ab\"; content:\"cd\"; within:3;", "abxxcd", false},
                    ContentCase{"GoesBack", "content:\"ab\"; content:\"cd\"; distance:0; within:2;", "abxabcd", true},
                    ContentCase{"Pcre", "content:\"ab\"; pcre:\"/c[0-9]+d/R\";", "abc123d", true},
                    ContentCase{"PcreCase", "content:\"ab\"; pcre:\"/C\\d/i\";", "ab c1", true},
                    ContentCase{"PcreNot", "content:\"ab\"; pcre:!\"/c/\";", "abc", false},
                    ContentCase{"DataAt", "content:\"ab\"; isdataat:2,relative;", "abxx", true},
                    ContentCase{"DataAtEnd", "content:\"ab\"; isdataat:!1,relative;", "xab", true},
                    ContentCase{"DataAtMore", "content:\"ab\"; isdataat:!1,relative;", "abx", false},
                    ContentCase{"SizeIs", "content:\"ab\"; bsize:3;", "abx", true},
                    ContentCase{"SizeLess", "content:\"ab\"; bsize:<3;", "abx", false},
                    ContentCase{"SizeBetween", "content:\"ab\"; bsize:2<>5;", "abx", true}),
    [](const testing::TestParamInfo<ContentCase>& test_case) { return test_case.param.name; });

TEST(CompileRules, FindsALiteralThatIsSplitBetweenPiecesOfAStream) {
  const Rules rules(R"(alert tcp any any -> any any (content:"needle"; sid:1;) )");
  for (const std::size_t piece : {1u, 2u, 5u}) EXPECT_EQ(OnStream(rules, "xxxxneedlexxxx", piece), List{1});
}

TEST(CompileRules, FindsWhatComesInPiecesLongAfterTheLiteral) {
  const std::string far(100, 'x');
  const Rules rules(R"(alert tcp any any -> any any (content:"needle"; content:"hay"; distance:0; sid:1;) )"
                    "\n"
                    R"(alert tcp any any -> any any (content:"needle"; pcre:"/x{90}hay$/"; sid:2;) )"
                    "\n"
                    R"(alert tcp any any -> any any (content:"needle"; content:"straw"; sid:3;) )");
  for (const std::size_t piece : {1u, 3u, 7u, 60u, 500u})
    EXPECT_EQ(OnStream(rules, "needle" + far + "hay", piece), (List{1, 2})) << piece;
}

TEST(CompileRules, FindsWhatMustStandAtTheStartHoweverItArrives) {
  const Rules rules(
      R"(alert tcp any any -> any any (content:"GeT "; startswith; nocase; sid:1;) )"
      "\n"
      R"(alert ip any any -> any any (content:"gEt /"; startswith; sid:2;) )"
      "\n"
      R"(alert tcp any any -> any any (content:"gEt"; startswith; content:"a longer one"; fast_pattern; sid:3;) )"
      "\n"
      R"(alert tcp any any -> any any (content:"Et"; startswith; sid:4;) )"
      "\n"
      R"(alert udp any any -> any any (content:"gEt"; startswith; sid:5;) )"
      "\n"
      R"(alert tcp any any -> any any (content:!"gEt"; startswith; sid:6;) )");
  for (const std::size_t piece : {1u, 2u, 3u, 100u}) {
    List found = OnStream(rules, "gEt / of a longer one", piece);
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    EXPECT_EQ(found, (List{1, 2, 3})) << piece;
  }
  Matcher matcher(*rules.set);
  std::vector<RuleMatch> out;
  FlowView flow = Flow();
  flow.proto = 17;
  matcher.MatchDatagram(flow, AsBytes("gEt / of a longer one"), out);
  EXPECT_EQ(Sids(out), (List{2, 5}));
}

TEST(CompileRules, SaysWhatAStreamDoesNotStartWithOnceItCanBeKnown) {
  const Rules rules(R"(drop tcp any any -> any 443 (content:!"|16 03|"; startswith; sid:1;))");
  for (const std::size_t piece : {1u, 2u, 9u}) {
    EXPECT_EQ(OnStream(rules, "\x16\x03\x01 hello", piece), List{}) << piece;
    EXPECT_EQ(OnStream(rules, "\x16\x04\x01 hello", piece), List{1}) << piece;
  }
}

TEST(CompileRules, FindsAllThoughMoreRulesWaitThanAreKept) {
  std::string text;
  for (int i = 100; i < 300; ++i)
    text += "alert tcp any any -> any any (content:\"needle" + std::to_string(i) +
            "\"; content:\"hay\"; sid:" + std::to_string(i) + ";)\n";
  std::string stream;
  for (int i = 100; i < 300; ++i) stream += "needle" + std::to_string(i);
  EXPECT_EQ(OnStream(Rules(text), stream + "hay", 50).size(), 200u);
}

TEST(CompileRules, LooksAsDeepIntoADatagramAsItsRulesDo) {
  const Rules rules(
      R"(alert udp any any -> any any (content:"abc"; offset:2; depth:10; sid:1;) )"
      "\n"
      R"(alert udp any any -> any any (content:"x"; depth:1; content:"far"; distance:0; fast_pattern; sid:2;) )");
  Matcher matcher(*rules.set);
  std::vector<RuleMatch> out;
  FlowView flow = Flow();
  flow.proto = 17;
  matcher.MatchDatagram(flow, AsBytes("x_______" + std::string("xabc") + std::string(500, '_') + "far"), out);
  EXPECT_EQ(Sids(out), (List{1, 2}));
}

TEST(CompileRules, SaysHowDeepAStreamMustBeSeen) {
  EXPECT_EQ(Rules(R"(alert tls any any -> any any (tls.sni; content:"a"; sid:1;))").set->payload_depth(), 0u);
  EXPECT_EQ(Rules(R"(alert tcp any any -> any any (content:"abc"; offset:2; depth:10; sid:1;))").set->payload_depth(),
            12u);
  EXPECT_EQ(Rules(R"(alert udp any any -> any any (content:"abc"; sid:1;))").set->payload_depth(), 0u);
  EXPECT_EQ(Rules(R"(alert tcp any any -> any any (content:"abc"; sid:1;))").set->payload_depth(), 16384u);
}

TEST(CompileRules, WantsAllBuffersOfARuleInOneTransaction) {
  const Rules rules(R"(alert tls any any -> any any (tls.sni; content:"a.example"; tls.alpn; content:"h2"; sid:5;))");
  Matcher matcher(*rules.set);
  Metadata metadata;
  metadata.Add(BufferId::kTlsSni, Direction::kToServer, 0, "a.example");
  metadata.Add(BufferId::kTlsAlpn, Direction::kToServer, 1, "h2");
  std::vector<RuleMatch> out;
  for (std::size_t i = 0; i < 2; ++i) matcher.MatchField(Flow(AppProto::kTls), metadata, i, out);
  EXPECT_TRUE(out.empty());
  metadata.Add(BufferId::kTlsAlpn, Direction::kToServer, 0, "h2");
  matcher.MatchField(Flow(AppProto::kTls), metadata, 2, out);
  EXPECT_EQ(Sids(out), List{5});
}

TEST(CompileRules, RespectsTheHeader) {
  const Rules rules(
      "alert tcp 10.0.0.0/8 any -> !192.0.2.0/24 [443,8000:9000] (sid:1;)\n"
      "alert tcp any any -> any !443 (sid:2;)\n"
      "alert tcp any 443 <> any any (sid:3;)\n"
      "alert tcp any any -> any any (flow:to_client; sid:4;)\n");
  FlowView flow = Flow();
  flow.client.octets[0] = 10;
  Matcher matcher(*rules.set);
  std::vector<RuleMatch> out;
  matcher.MatchHeader(flow, out);
  EXPECT_EQ(Sids(out), (List{1, 3}));
}

TEST(CompileRules, KeepsWhatEventsAndFusionNeed) {
  const Rules rules(
      R"(drop tls any any -> any any (msg:"WhatsApp"; tls.sni; content:"whatsapp"; classtype:policy-violation; reference:url,example.org; )"
      R"(metadata:weir_app WhatsApp, weir_confidence probable, owner soc; sid:9; rev:3;))");
  Matcher matcher(*rules.set);
  Metadata metadata;
  metadata.Add(BufferId::kTlsSni, Direction::kToServer, 0, "web.whatsapp.com");
  std::vector<RuleMatch> out;
  matcher.MatchField(Flow(AppProto::kTls), metadata, 0, out);
  ASSERT_EQ(out.size(), 1u);
  const RuleInfo& info = *out[0].rule;
  EXPECT_EQ(info.action, RuleAction::kDrop);
  EXPECT_EQ(info.app, rules.apps.Find("WhatsApp"));
  EXPECT_EQ(info.category, Category::kMessaging);
  EXPECT_EQ(info.confidence, Confidence::kProbable);
  EXPECT_EQ(info.severity, 1);
  EXPECT_EQ(info.rev, 3u);
  EXPECT_EQ(info.metadata.back(), (std::pair<std::string, std::string>{"owner", "soc"}));
}

TEST(CompileRules, TakesTheHigherRevisionAndRefusesATie) {
  const Rules higher(
      "alert tcp any any -> any any (content:\"a\"; sid:1; rev:2;)\nalert tcp any any -> any any (content:\"b\"; "
      "sid:1; rev:1;)\n");
  EXPECT_EQ(OnStream(higher, "a"), List{1});
  EXPECT_EQ(OnStream(higher, "b"), List{});
  EXPECT_EQ(Rules("alert ip any any -> any any (sid:1;)\nalert ip any any -> any any (sid:1;)\n").First(),
            "r.rules:2:1: sid 1 stands at r.rules:1 already with the same rev");
}

struct BadRule {
  std::string name;
  std::string text;
  std::string want;
};
class RuleDefects : public testing::TestWithParam<BadRule> {};

TEST_P(RuleDefects, AreNamedByLineAndColumn) {
  const Rules rules(GetParam().text);
  EXPECT_EQ(rules.First().substr(0, GetParam().want.size()), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    All, RuleDefects,
    testing::Values(
        BadRule{"Keyword", "# fine\n\nalert tcp any any -> any any (foo:1; sid:1;)",
                "r.rules:3:31: unknown keyword 'foo'"},
        BadRule{"Continued", "alert tcp any any -> any any ( \\\n  foo:1; \\\n sid:1;)",
                "r.rules:2:3: unknown keyword 'foo'"},
        BadRule{"Protocol", "alert tpc any any -> any any (sid:1;)", "r.rules:1:7: unknown protocol 'tpc'"},
        BadRule{"Address", "alert tcp 10.0.0.0/99 any -> any any (sid:1;)",
                "r.rules:1:11: '10.0.0.0/99' is no address"},
        BadRule{"Port", "alert tcp any 70000 -> any any (sid:1;)", "r.rules:1:15: '70000' is no port"},
        BadRule{"NoSid", "alert tcp any any -> any any (content:\"a\";)", "r.rules:1:1: the rule has no sid"},
        BadRule{"Words", "alert tcp any any -> any (sid:1;)", "r.rules:1:1: a rule's header has 7 words"},
        BadRule{"OpenQuote", "alert tcp any any -> any any (content:\"a; sid:1;)", "r.rules:1:31: the option"},
        BadRule{"OddHex", "alert tcp any any -> any any (content:\"|0|\"; sid:1;)",
                "r.rules:1:31: an odd number of hex digits"},
        BadRule{"BadPcre", "alert tcp any any -> any any (pcre:\"/(/\"; sid:1;)", "r.rules:1:1: pcre '(' at 1:"},
        BadRule{"ModifierAlone", "alert tcp any any -> any any (nocase; sid:1;)",
                "r.rules:1:31: this modifies a content"},
        BadRule{"UnknownApp", "alert tcp any any -> any any (metadata:weir_app Nope; sid:1;)",
                "r.rules:1:1: unknown app 'Nope'"},
        BadRule{"Hollow", "alert tls any any -> any any (tls.sni; sid:1;)", "r.rules:1:1: a buffer is named"}),
    [](const testing::TestParamInfo<BadRule>& test_case) { return test_case.param.name; });

TEST(CompileRules, SurvivesMutatedText) {
  const std::string seed =
      R"(drop tls [10.0.0.0/8,!any] any -> any [1:2,!3] (msg:"x"; tls.sni; dotprefix; content:!"|61|b"; within:3; pcre:"/a(b|c)/i"; bsize:3<>9; isdataat:!1,relative; metadata:a b; sid:1;))";
  std::mt19937 random(2);
  for (int i = 0; i < 3000; ++i) {
    std::string text = seed;
    for (int k = 0; k < 3; ++k) text[random() % text.size()] = static_cast<char>(random());
    const Rules rules(text);
    EXPECT_TRUE(rules.set != nullptr || !rules.defects.empty());
  }
}

}  // namespace
}  // namespace weir
