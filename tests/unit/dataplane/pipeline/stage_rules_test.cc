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

}  // namespace
}  // namespace weir
