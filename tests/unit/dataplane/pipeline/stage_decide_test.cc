#include "tests/unit/dataplane/pipeline/worker_rig.h"

namespace weir {
namespace {

using test::Octets;
using test::WorkerRig;

constexpr const char* kPassAll = "version: 1\ndefault: {action: pass}\n";
constexpr std::int64_t kStart = 1'700'000'000;  // WorkerRig::now: 2023-11-14T22:13:20Z

// The server's hello ends what the client may still say of names.
void ServerHello(WorkerRig& rig, std::uint32_t client_bytes) {
  const Octets hello =
      test::Records(test::ServerHelloMessage(Octets(32, std::byte{9}), test::Extension(43, test::Hex("0304"))));
  EXPECT_TRUE(rig.SendTcp(false, {.sport = 443, .dport = 40000, .seq = 1, .ack = 1 + client_bytes}, hello));
  EXPECT_TRUE(
      rig.SendTcp(true, {.seq = 1 + client_bytes, .ack = static_cast<std::uint32_t>(1 + hello.size()), .flags = 0x10}));
}

TEST(StageDecide, AVerdictHoldsForTheFlow) {
  WorkerRig rig;
  rig.Handshake();
  EXPECT_FALSE(rig.SendHello("a.chat.example"));
  for (std::uint32_t seq = 1; seq < 5000; seq += 1000)
    EXPECT_FALSE(rig.SendTcp(true, {.seq = seq, .ack = 1}, Octets(100)));
  EXPECT_EQ(rig.Finish().verdicts, std::vector<std::string>{"Chat:drop"});
}

TEST(StageDecide, ANewPolicyIsAppliedToTheNextPacketOfADecidedFlow) {
  WorkerRig rig(kPassAll);
  rig.Handshake();
  const Octets hello = WorkerRig::Hello("a.chat.example");
  EXPECT_TRUE(rig.SendHello("a.chat.example"));
  ServerHello(rig, static_cast<std::uint32_t>(hello.size()));
  const test::TcpHeader next{.seq = static_cast<std::uint32_t>(1 + hello.size()), .ack = 100};
  EXPECT_TRUE(rig.SendTcp(true, next, Octets(10)));
  rig.Publish(WorkerRig::kDropMessaging);
  EXPECT_FALSE(rig.SendTcp(true, next, Octets(10)));
  rig.Publish(kPassAll);
  EXPECT_TRUE(rig.SendTcp(true, next, Octets(10)));
}

TEST(StageDecide, BeforeTheEffectiveDateAFlowWouldBeDroppedAndFromThenOnItIs) {
  static_assert(kStart % 100 == 0);
  WorkerRig rig(
      "version: 1\nrules:\n  - name: later\n    match: {category: [messaging]}\n"
      "    effective: 2023-11-14T22:14:20Z\n    action: drop\n");
  rig.Handshake();
  const Octets hello = WorkerRig::Hello("a.chat.example");
  EXPECT_TRUE(rig.SendHello("a.chat.example"));
  ServerHello(rig, static_cast<std::uint32_t>(hello.size()));
  const test::TcpHeader next{.seq = static_cast<std::uint32_t>(1 + hello.size()), .ack = 100};
  EXPECT_TRUE(rig.SendTcp(true, next, Octets(10)));
  rig.now.us += 61'000'000;
  EXPECT_FALSE(rig.SendTcp(true, next, Octets(10)));
  EXPECT_EQ(rig.Finish().verdicts, std::vector<std::string>{"Chat:drop"});
}

TEST(StageDecide, WhatStaysUnknownIsPassedOrStoppedAsPendingSays) {
  for (const bool drops : {false, true}) {
    WorkerRig rig(std::string(kPassAll) + "pending: {forward: true, max_packets: 3, max_bytes: 65536, then: " +
                  (drops ? "drop" : "pass") + "}\n");
    rig.Handshake();
    bool left = true;
    for (std::uint32_t i = 0; i < 6; ++i)
      left = rig.SendTcp(true, {.seq = 1 + 700 * i, .ack = 1}, Octets(700, std::byte{0xf0}));
    EXPECT_EQ(left, !drops);
  }
}

TEST(StageDecide, WhatPendingStoppedStaysStoppedUnderANewPolicyThatSaysTheSame) {
  const std::string drops = std::string(kPassAll) + "pending: {max_packets: 2, then: drop}\n";
  WorkerRig rig(drops);
  rig.Handshake();
  const auto send = [&](std::uint32_t i) {
    return rig.SendTcp(true, {.seq = 1 + 700 * i, .ack = 1}, Octets(700, std::byte{0xf0}));
  };
  for (std::uint32_t i = 0; i < 4; ++i) (void)send(i);
  EXPECT_FALSE(send(4));
  rig.Publish(drops);
  EXPECT_FALSE(send(5));
  rig.Publish(kPassAll);  // it says pass
  EXPECT_TRUE(send(6));
}

TEST(StageDecide, APassRulesFlowPassesUnderANewPolicyToo) {
  const std::string rules = std::string(WorkerRig::kRules) +
                            "pass tls any any -> any any (tls.sni; content:\"let.chat.example\"; bsize:16; sid:2;)\n";
  WorkerRig rig(WorkerRig::kDropMessaging, WorkerRig::Small(), rules);
  rig.Handshake();
  const Octets hello = WorkerRig::Hello("let.chat.example");
  EXPECT_TRUE(rig.SendHello("let.chat.example"));
  ServerHello(rig, static_cast<std::uint32_t>(hello.size()));
  rig.Publish(WorkerRig::kDropMessaging, rules);
  EXPECT_TRUE(rig.SendTcp(true, {.seq = static_cast<std::uint32_t>(1 + hello.size()), .ack = 100}, Octets(10)));
}

// Found by a random disguise: thirty early segments made a flow pass of which not one byte was read.
TEST(StageDecide, SegmentsThatWaitForAHoleUseNoPatienceUp) {
  WorkerRig rig;
  rig.Handshake();
  const test::Octets hello = WorkerRig::Hello("a.chat.example");
  for (std::size_t at = hello.size() - 1; at > 0; --at) {
    ASSERT_TRUE(rig.SendTcp(true, {.seq = static_cast<std::uint32_t>(1 + at), .ack = 1}, {hello[at]}));
  }
  EXPECT_FALSE(rig.SendTcp(true, {.seq = 1, .ack = 1}, {hello[0]}));
}

TEST(StageDecide, TinySegmentsAreNotManyPackets) {
  WorkerRig rig;
  rig.Handshake();
  const test::Octets line(60, std::byte{'\n'});  // of no protocol that is known
  for (std::size_t i = 0; i < line.size(); ++i) {
    ASSERT_TRUE(rig.SendTcp(true, {.seq = static_cast<std::uint32_t>(1 + i), .ack = 1}, {line[i]}));
  }
  EXPECT_TRUE(rig.Events().verdicts.empty());
}

}  // namespace
}  // namespace weir
