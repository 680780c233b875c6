#include "tests/unit/dataplane/pipeline/worker_rig.h"

namespace weir {
namespace {

using test::WorkerRig;

constexpr const char* kPassAll = "version: 1\ndefault: {action: pass}\n";

std::string Rule(const std::string& action, const std::string& options) {
  return action + " tcp any any -> any any (msg:\"x\"; " + options + "; sid:7;)\n";
}

TEST(StageRules, ARuleActsByItsOwnActionWhateverThePolicySays) {
  struct Case {
    const char* action;
    bool leaves;
    std::size_t resets;
  };
  for (const Case& c :
       {Case{"alert", true, 0}, Case{"pass", true, 0}, Case{"drop", false, 0}, Case{"reject", false, 2}}) {
    WorkerRig rig(kPassAll, WorkerRig::Small(), Rule(c.action, "tls.sni; content:\"bad.example\"; bsize:11"));
    rig.Handshake();
    EXPECT_EQ(rig.SendHello("bad.example"), c.leaves) << c.action;
    EXPECT_EQ(rig.out.injected.size(), c.resets) << c.action;
  }
}

TEST(StageRules, AnAlertIsWrittenOnceAFlowAndTransaction) {
  WorkerRig rig(kPassAll, WorkerRig::Small(), Rule("alert", "content:\"needle\"; depth:100"));
  rig.Handshake();
  for (std::uint32_t i = 0; i < 3; ++i) rig.SendTcp(true, {.seq = 1 + 6 * i, .ack = 1}, test::Text("needle"));
  EXPECT_EQ(rig.Finish().alerts, 1u);
}

TEST(StageRules, ADropRuleBeatsAnAlertAndAPassRuleBeatsBoth) {
  const std::string both =
      "drop tls any any -> any any (tls.sni; content:\"bad\"; sid:1;)\n"
      "alert tls any any -> any any (tls.sni; content:\"bad\"; sid:2;)\n";
  WorkerRig dropping(kPassAll, WorkerRig::Small(), both);
  dropping.Handshake();
  EXPECT_FALSE(dropping.SendHello("bad.example"));
  WorkerRig passing(kPassAll, WorkerRig::Small(),
                    both + "pass tls any any -> any any (tls.sni; content:\"bad\"; sid:3;)\n");
  passing.Handshake();
  EXPECT_TRUE(passing.SendHello("bad.example"));
}

TEST(StageRules, TheLabelOfARuleIsWhatThePolicyActsOn) {
  WorkerRig rig;
  rig.Handshake();
  EXPECT_FALSE(rig.SendHello("a.chat.example"));
  rig.Handshake(40001);
  EXPECT_TRUE(rig.SendHello("notchat.example", 40001));
  EXPECT_EQ(rig.Finish().verdicts, (std::vector<std::string>{"Chat:drop", ":pass"}));
}

constexpr const char* kDropEvasion =
    "version: 1\nrules:\n  - name: barred\n    match: {category: [evasion]}\n    action: drop\n";

bool SendUdp(WorkerRig& rig, bool to_server, const test::Octets& payload, std::uint16_t port = 40001) {
  const auto [src, dst] = to_server ? std::pair(test::kClient, test::kServer) : std::pair(test::kServer, test::kClient);
  const test::Octets udp =
      to_server ? test::Udp(50000, port, payload, src, dst) : test::Udp(port, 50000, payload, src, dst);
  return rig.Send(test::Ethernet(0x0800, test::Ipv4(17, udp, src, dst)));
}

TEST(StageRules, WhatADetectorProvesIsStoppedByThePolicy) {
  WorkerRig rig(kDropEvasion);
  const test::Octets filler(196, std::byte{0x5a});
  const test::Octets answer(80, std::byte{0xa5});
  EXPECT_TRUE(SendUdp(rig, true, test::operator+(test::Hex("01000000 11223344"), filler)));  // proves nothing yet
  EXPECT_FALSE(SendUdp(rig, false, test::operator+(test::Hex("02000000 aabbccdd 11223344"), answer)));
  EXPECT_EQ(rig.Finish().verdicts, std::vector<std::string>{"WireGuard:drop"});
}

TEST(StageRules, ADatagramThatAReaderTakesForItsOwnIsShownToTheDetectorsToo) {
  WorkerRig rig("version: 1\nrules:\n  - name: barred\n    match: {app: [Discord]}\n    action: drop\n");
  test::Octets discovery = test::Hex("0001 0046 0000ace3");  // also the head of a STUN request of RFC 3489
  discovery.resize(74);
  EXPECT_FALSE(SendUdp(rig, true, discovery, 50004));
}

TEST(StageRules, WhatNoDetectorKnowsIsLeftAlone) {
  WorkerRig rig(kDropEvasion);
  const test::Octets answer(80, std::byte{0xa5});
  EXPECT_TRUE(SendUdp(rig, true, test::operator+(test::Hex("01000001 11223344"), answer)));
  EXPECT_TRUE(SendUdp(rig, false, test::operator+(test::Hex("02000000 aabbccdd 11223344"), answer)));
  EXPECT_EQ(rig.Finish().verdicts, std::vector<std::string>{":pass"});
}

TEST(StageRules, ADetectorsGuessIsALabelAtTheEndAndStopsNothing) {
  WorkerRig rig(kDropEvasion);
  const test::Octets question =
      test::Hex("1234 0100 0001 0000 0000 0000 01 32 0d 646e7363727970742d63657274 07 6578616d706c65 00 0010 0001");
  EXPECT_TRUE(SendUdp(rig, true, question, 53));
  EXPECT_EQ(rig.Finish().verdicts, std::vector<std::string>{"DNScrypt:pass"});
  WorkerRig elsewhere(kDropEvasion);
  EXPECT_FALSE(SendUdp(elsewhere, true, question, 443));
}

constexpr const char* kNotTls =
    "drop tcp any any -> any 443 (msg:\"no TLS\"; flow:to_server; content:!\"|16 03|\"; depth:2; sid:7;)\n";

// Segments of one client; whether each left.
std::vector<bool> Segments(WorkerRig& rig, const std::vector<test::Octets>& segments, std::uint32_t seq = 1) {
  std::vector<bool> left;
  for (const test::Octets& segment : segments) {
    left.push_back(rig.SendTcp(true, {.sport = 40000, .dport = 443, .seq = seq, .ack = 1}, segment));
    seq += static_cast<std::uint32_t>(segment.size());
  }
  return left;
}

TEST(StageRules, ARuleWaitsForTheProtocolThatTheNextSegmentShows) {
  WorkerRig rig(WorkerRig::kDropMessaging, WorkerRig::Small(),
                "drop http any any -> any any (msg:\"get\"; content:\"GET\"; startswith; sid:1;)\n");
  rig.Handshake();
  EXPECT_EQ(Segments(rig, {test::Text("GET"), test::Text(" / HTTP/1.1\r\nHost: a.example\r\n\r\n")}),
            (std::vector<bool>{true, false}));
}

TEST(StageRules, WhatMustNotStandAtTheStartIsJudgedOnceItCould) {
  for (const bool good : {true, false}) {
    WorkerRig rig(WorkerRig::kDropMessaging, WorkerRig::Small(), kNotTls);
    rig.Handshake();
    test::Octets hello = WorkerRig::Hello("good.example");
    if (!good) hello[1] = std::byte{9};
    const test::Octets first(hello.begin(), hello.begin() + 1), rest(hello.begin() + 1, hello.end());
    EXPECT_EQ(Segments(rig, {first, rest}), (std::vector<bool>{true, good})) << good;
  }
}

TEST(StageRules, NewRulesTakeNoLaterBytesForTheStartOfAStream) {
  WorkerRig rig;  // no rule on payload: nothing of a TLS stream is kept
  rig.Handshake();
  const test::Octets hello = WorkerRig::Hello("good.example");
  const test::Octets first(hello.begin(), hello.begin() + 20), rest(hello.begin() + 20, hello.end());
  EXPECT_EQ(Segments(rig, {first}), (std::vector<bool>{true}));
  rig.Publish(WorkerRig::kDropMessaging, kNotTls);
  EXPECT_EQ(Segments(rig, {rest}, 21), (std::vector<bool>{true}));
}

TEST(StageRules, NewRulesAreAskedOfTheStartThatWasKept) {
  WorkerRig rig(WorkerRig::kDropMessaging, WorkerRig::Small(),
                "alert tcp any any -> any any (msg:\"x\"; content:\"nope\"; startswith; sid:1;)\n");
  rig.Handshake();
  EXPECT_EQ(Segments(rig, {test::Text("EVIL bytes")}), (std::vector<bool>{true}));
  rig.Publish(WorkerRig::kDropMessaging,
              "drop tcp any any -> any any (msg:\"evil\"; content:\"EVIL\"; startswith; sid:2;)\n");
  EXPECT_EQ(Segments(rig, {test::Text("more")}, 11), (std::vector<bool>{false}));
}

}  // namespace
}  // namespace weir
