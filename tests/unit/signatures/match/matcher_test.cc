#include "signatures/match/rule_set.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <random>

#include "signatures/compile/compiler.h"

namespace weir {
namespace {

struct Rig {
  AppRegistry apps;
  std::unique_ptr<RuleSet> rules;
  std::unique_ptr<Matcher> matcher;
  std::vector<RuleMatch> matches;
  FlowView flow;

  explicit Rig(const std::string& text) {
    const CompileInput input{"r.rules", text};
    auto compiled = CompileRules({&input, 1}, apps);
    EXPECT_TRUE(compiled) << Format(compiled.error()[0]);
    rules = std::move(*compiled);
    matcher = std::make_unique<Matcher>(*rules);
    flow.proto = 6;
    flow.app_proto = AppProto::kTls;
    flow.established = true;
  }
  std::vector<std::uint32_t> Sids() {
    std::vector<std::uint32_t> sids;
    for (const RuleMatch& match : matches) sids.push_back(match.rule->sid.value());
    matches.clear();
    return sids;
  }
};
using List = std::vector<std::uint32_t>;

TEST(Matcher, SaysWhichFieldARuleMatched) {
  Rig rig("alert tls any any -> any any (tls.sni; content:\"a.example\"; sid:1;)\n");
  Metadata metadata;
  metadata.Add(BufferId::kTlsAlpn, Direction::kToServer, 0, "h2");
  metadata.Add(BufferId::kTlsSni, Direction::kToServer, 4, "a.example");
  rig.matcher->MatchField(rig.flow, metadata, 0, rig.matches);
  EXPECT_TRUE(rig.matches.empty());
  rig.matcher->MatchField(rig.flow, metadata, 1, rig.matches);
  ASSERT_EQ(rig.matches.size(), 1u);
  EXPECT_EQ(rig.matches[0].buffer, BufferId::kTlsSni);
  EXPECT_EQ(rig.matches[0].field, 1u);
  EXPECT_EQ(rig.matches[0].tx, 4u);
}

// Hyperscan itself reads past some of these (Debian's 5.4.0, AVX512VBMI): the next page cannot be read.
TEST(Matcher, ReadsNothingBehindTheBytesItIsGiven) {
  Rig rig(
      "alert udp any any -> any any (content:\"|ee ee ee ee|\"; startswith; sid:1;)\n"
      "alert udp any any -> any any (content:\"|dd dd dd dd|\"; startswith; sid:2;)\n"
      "alert udp any any -> any any (content:\"|16 03|\"; startswith; sid:3;)\n"
      "alert udp any any -> any any (content:\"|de ad|\"; sid:4;)\n");  // anywhere
  rig.flow.proto = 17;
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* pages = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  auto* const end = static_cast<std::byte*>(pages) + page;
  ASSERT_EQ(mprotect(end, page, PROT_NONE), 0);
  constexpr std::array kBytes = {std::byte{0x16}, std::byte{3}, std::byte{0xee}, std::byte{0xdd}, std::byte{0x5a}};
  std::mt19937 random(1);
  for (std::size_t size = 1; size <= 300; ++size) {
    for (int round = 0; round < 20; ++round) {
      std::generate(end - size, end, [&] { return kBytes[random() % kBytes.size()]; });
      rig.matcher->MatchDatagram(rig.flow, {end - size, size}, rig.matches);
    }
  }
  EXPECT_FALSE(rig.matches.empty());
  munmap(pages, 2 * page);
}

TEST(Matcher, FiresARuleOnTwoBuffersOnceTheSecondIsThere) {
  Rig rig("alert tls any any -> any any (tls.sni; content:\"a\"; tls.alpn; content:\"h2\"; sid:1;)\n");
  Metadata metadata;
  metadata.Add(BufferId::kTlsSni, Direction::kToServer, 0, "a");
  rig.matcher->MatchField(rig.flow, metadata, 0, rig.matches);
  EXPECT_EQ(rig.Sids(), List{});
  metadata.Add(BufferId::kTlsAlpn, Direction::kToServer, 0, "h2");
  rig.matcher->MatchField(rig.flow, metadata, 1, rig.matches);
  EXPECT_EQ(rig.Sids(), List{1});
}

TEST(Matcher, MatchesAHeaderAloneOnlyForRulesThatHaveNothingElse) {
  Rig rig(
      "alert tcp any any -> any 443 (sid:1;)\nalert tcp any any -> any 443 (content:\"x\"; sid:2;)\n"
      "alert udp any any -> any 443 (sid:3;)\n");
  rig.flow.server_port = 443;
  rig.matcher->MatchHeader(rig.flow, rig.matches);
  EXPECT_EQ(rig.Sids(), List{1});
}

TEST(Matcher, FindsManyRulesInOneScan) {
  std::string text;
  for (int i = 1; i <= 300; ++i)
    text += "alert tls any any -> any any (tls.sni; content:\"name" + std::to_string(i) +
            ".example\"; sid:" + std::to_string(i) + ";)\n";
  Rig rig(text);
  for (int i = 1; i <= 300; i += 13) {
    Metadata metadata;
    metadata.Add(BufferId::kTlsSni, Direction::kToServer, 0, "name" + std::to_string(i) + ".example");
    rig.matcher->MatchField(rig.flow, metadata, 0, rig.matches);
    const List sids = rig.Sids();
    EXPECT_EQ(sids, List{static_cast<std::uint32_t>(i)});
  }
}

TEST(RuleSet, SaysWhatItAsksFor) {
  const Rig rig(
      "alert tls any any -> any any (tls.sni; content:\"a\"; sid:1;)\n"
      "alert tcp any any -> any any (content:\"x\"; depth:40; sid:2;)\n");
  EXPECT_TRUE(rig.rules->uses(BufferId::kTlsSni));
  EXPECT_TRUE(rig.rules->uses(BufferId::kPayload));
  EXPECT_FALSE(rig.rules->uses(BufferId::kHttpHost));
  EXPECT_EQ(rig.rules->payload_depth(), 40u);
  EXPECT_EQ(rig.rules->size(), 2u);
}

TEST(Matcher, TakesHttpForBothVersionsAndHttp1ForOne) {
  const auto rule = [](const std::string& protocol, const std::string& sid) {
    return "drop " + protocol + R"( any any -> any any (msg:"h"; http.host; content:"a.example"; sid:)" + sid + ";)\n";
  };
  Rig rig(rule("http", "1") + rule("http1", "2") + rule("http2", "3"));
  Metadata metadata;
  metadata.Add(BufferId::kHttpHost, Direction::kToServer, 0, "a.example");
  rig.flow.app_proto = AppProto::kHttp2;
  rig.matcher->MatchField(rig.flow, metadata, 0, rig.matches);
  EXPECT_EQ(rig.Sids(), (std::vector<std::uint32_t>{1, 3}));
  rig.flow.app_proto = AppProto::kHttp;
  rig.matcher->MatchField(rig.flow, metadata, 0, rig.matches);
  EXPECT_EQ(rig.Sids(), (std::vector<std::uint32_t>{1, 2}));
}

// CONNECT and the hello in one segment: the flow is TLS by then.
TEST(Matcher, JudgesAFieldByItsOwnProtocol) {
  Rig rig(R"(drop http any any -> any any (msg:"h"; http.host; content:"a.example"; sid:1;))"
          "\n"
          R"(drop tls any any -> any any (msg:"t"; tls.sni; content:"a.example"; sid:2;))");
  Metadata metadata;
  metadata.Add(BufferId::kHttpHost, Direction::kToServer, 0, "a.example");
  metadata.Add(BufferId::kTlsSni, Direction::kToServer, 0, "a.example");
  for (const AppProto flow : {AppProto::kTls, AppProto::kHttp, AppProto::kHttp2}) {
    rig.flow.app_proto = flow;
    for (std::size_t i = 0; i < 2; ++i) rig.matcher->MatchField(rig.flow, metadata, i, rig.matches);
    EXPECT_EQ(rig.Sids(), (std::vector<std::uint32_t>{1, 2})) << Name(flow);
  }
  rig.flow.app_proto = AppProto::kQuic;
  rig.matcher->MatchField(rig.flow, metadata, 1, rig.matches);
  EXPECT_EQ(rig.Sids(), std::vector<std::uint32_t>{});
}

}  // namespace
}  // namespace weir
