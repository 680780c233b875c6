#include "tests/unit/dataplane/pipeline/worker_rig.h"

namespace weir {
namespace {

using test::Octets;
using test::operator+;
using test::WorkerRig;

TEST(StageLookup, BothDirectionsAreOneFlow) {
  WorkerRig rig;
  rig.Handshake();
  EXPECT_EQ(rig.worker->counters().flows_created, 1u);
}

TEST(StageLookup, ASynOnADroppedTupleIsJudgedAnew) {
  WorkerRig rig;
  rig.Handshake();
  EXPECT_FALSE(rig.SendHello("a.chat.example"));
  EXPECT_FALSE(rig.SendTcp(true, {.seq = 500, .ack = 1}, Octets(10)));  // the flow's verdict holds
  EXPECT_TRUE(rig.SendTcp(true, {.seq = 9000, .flags = 0x02}));
  EXPECT_TRUE(rig.SendTcp(false, {.sport = 443, .dport = 40000, .seq = 7000, .ack = 9001, .flags = 0x12}));
  EXPECT_TRUE(rig.SendTcp(true, {.seq = 9001, .ack = 7001}, WorkerRig::Hello("www.innocent.example")));
  EXPECT_EQ(rig.worker->counters().flows_created, 2u);
}

TEST(StageLookup, AFullTableDropsNewFlowsAndKeepsTheOldOnes) {
  EngineSettings settings = WorkerRig::Small();
  settings.flow_capacity = 4;
  WorkerRig rig(WorkerRig::kDropMessaging, settings);
  rig.Handshake();
  std::uint16_t port = 41000;
  while (rig.SendTcp(true, {.sport = port, .flags = 0x02})) ++port;
  EXPECT_EQ(rig.dropped(DropReason::kFlowTableFull), 1u);
  EXPECT_TRUE(rig.SendHello("www.innocent.example"));
  rig.ExpectConservation();
}

TEST(StageLookup, AFullTableGivesUpAnUndecidedFlowBeforeADroppedOneWhereTold) {
  EngineSettings settings = WorkerRig::Small();
  settings.flow_capacity = 4;
  settings.exceptions[ExceptionTrigger::kFlowTableFull] = ExceptionAction::kIgnore;
  WorkerRig rig(WorkerRig::kDropMessaging, settings);
  rig.Handshake();
  EXPECT_FALSE(rig.SendHello("a.chat.example"));
  for (std::uint16_t port = 41000; port < 41050; ++port) EXPECT_TRUE(rig.SendTcp(true, {.sport = port, .flags = 0x02}));
  EXPECT_GE(rig.worker->counters().flows_evicted, 40u);
  EXPECT_FALSE(rig.SendTcp(true, {.seq = 500, .ack = 1}, Octets(10)));  // still dropped
  EXPECT_EQ(rig.dropped(DropReason::kPolicy), 2u);
}

TEST(StageLookup, AFlowEndsWhenItIsIdle) {
  WorkerRig rig;
  rig.Handshake();
  rig.now.us += 2 * std::int64_t{3'600'000'000};
  rig.worker->Tick(rig.now, rig.out);
  EXPECT_EQ(rig.worker->counters().flows_ended, 1u);
  EXPECT_EQ(rig.Events().verdicts, std::vector<std::string>{":pass"});
}

// Its server never saw the RST, and waits for the rest of the hello.
TEST(StageLookup, AResetOfAStoppedClientDoesNotMakeUsForgetTheFlow) {
  WorkerRig rig;
  rig.Handshake();
  const Octets hello = WorkerRig::Hello("a.chat.example");
  const Octets tail(hello.begin() + 40, hello.end());
  EXPECT_TRUE(rig.SendTcp(true, {.seq = 1, .ack = 1}, Octets(hello.begin(), hello.begin() + 40)));
  EXPECT_FALSE(rig.SendTcp(true, {.seq = 41, .ack = 1}, tail));
  EXPECT_FALSE(rig.SendTcp(true, {.seq = 41, .ack = 1, .flags = 0x14}));
  rig.now.us += 60'000'000;
  rig.worker->Tick(rig.now, rig.out);
  EXPECT_FALSE(rig.SendTcp(true, {.seq = 41, .ack = 1}, tail)) << "not the middle of an unknown connection";
}

TEST(StageLookup, AResetThatDiedDoesNotMakeUsForgetAnUndecidedFlow) {
  WorkerRig rig;
  rig.Handshake();
  const Octets hello = WorkerRig::Hello("a.chat.example");
  EXPECT_TRUE(rig.SendTcp(true, {.seq = 1, .ack = 1}, Octets(hello.begin(), hello.begin() + 40)));
  EXPECT_TRUE(rig.SendTcp(true, {.seq = 41, .ack = 1, .flags = 0x14}));
  rig.now.us += 60'000'000;
  rig.worker->Tick(rig.now, rig.out);
  EXPECT_FALSE(rig.SendTcp(true, {.seq = 41, .ack = 1}, Octets(hello.begin() + 40, hello.end())));
}

TEST(StageLookup, ASynThatDiedDoesNotLetAStoppedStreamBeginInItsMiddle) {
  WorkerRig rig;
  rig.Handshake();
  const Octets hello = WorkerRig::Hello("a.chat.example");
  const Octets tail(hello.begin() + 40, hello.end());
  EXPECT_TRUE(rig.SendTcp(true, {.seq = 1, .ack = 1}, Octets(hello.begin(), hello.begin() + 40)));
  EXPECT_FALSE(rig.SendTcp(true, {.seq = 41, .ack = 1}, tail));
  rig.SendTcp(true, {.seq = 40, .flags = 0x02});
  EXPECT_FALSE(rig.SendTcp(true, {.seq = 41, .ack = 1}, tail)) << "no SYN/ACK answered the SYN";
}

// Decided long before it ends: no stream engine watches the FINs any more.
TEST(StageLookup, APassedFlowThatBothSidesEndedIsForgottenSoon) {
  for (const bool both : {true, false}) {
    WorkerRig rig;
    rig.Handshake();
    const std::uint32_t next = 1 + static_cast<std::uint32_t>(WorkerRig::Hello("a.innocent.example").size());
    EXPECT_TRUE(rig.SendHello("a.innocent.example"));
    const Octets records = test::Records(test::ServerHelloMessage(Octets(32), test::Hex("002b00020304"))) +
                           test::Hex("140303000101 1703030040") + Octets(64);
    const std::uint32_t answered = 1 + static_cast<std::uint32_t>(records.size());
    EXPECT_TRUE(rig.SendTcp(false, {.sport = 443, .dport = 40000, .seq = 1, .ack = next}, records));
    EXPECT_TRUE(rig.SendTcp(true, {.seq = next, .ack = answered, .flags = 0x10}));
    ASSERT_EQ(rig.worker->counters().undecided_bytes, 0u);
    EXPECT_TRUE(rig.SendTcp(true, {.seq = next, .ack = answered, .flags = 0x11}));
    if (both) {
      EXPECT_TRUE(rig.SendTcp(false, {.sport = 443, .dport = 40000, .seq = answered, .ack = next + 1, .flags = 0x11}));
    }
    rig.now.us += 4'000'000;
    rig.worker->Tick(rig.now, rig.out);
    EXPECT_EQ(rig.worker->counters().flows_ended, both ? 1u : 0u);
  }
}

}  // namespace
}  // namespace weir
