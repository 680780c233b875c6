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

}  // namespace
}  // namespace weir
