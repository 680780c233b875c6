#include "tests/unit/dataplane/pipeline/worker_rig.h"

namespace weir {
namespace {

using test::Octets;
using test::WorkerRig;

struct Case {
  ExceptionAction action;
  bool packet_leaves;
  bool flow_leaves;  // an innocent packet afterwards
  std::size_t injected;
};
constexpr std::array kCases = {
    Case{ExceptionAction::kDropPacket, false, true, 0}, Case{ExceptionAction::kDropFlow, false, false, 0},
    Case{ExceptionAction::kReject, false, false, 2},    Case{ExceptionAction::kPassPacket, true, true, 0},
    Case{ExceptionAction::kPassFlow, true, true, 0},    Case{ExceptionAction::kBypass, true, true, 0},
    Case{ExceptionAction::kIgnore, true, true, 0}};

// Packet 4 of the rig's frames, the first after the handshake, fires the trigger.
EngineSettings Simulating(ExceptionTrigger trigger, ExceptionAction action) {
  EngineSettings settings = WorkerRig::Small();
  settings.exceptions[trigger] = action;
  settings.exceptions.simulate[Index(trigger)] = 4;
  return settings;
}

TEST(Exceptions, EachPolicyDoesWhatItSaysToPacketAndFlow) {
  for (const ExceptionTrigger trigger : {ExceptionTrigger::kTcpBudget, ExceptionTrigger::kReaderBudget}) {
    for (const Case& c : kCases) {
      WorkerRig rig(WorkerRig::kDropMessaging, Simulating(trigger, c.action));
      rig.Handshake();
      const Octets hello = WorkerRig::Hello("www.innocent.example");
      EXPECT_EQ(rig.SendHello("www.innocent.example"), c.packet_leaves) << static_cast<int>(c.action);
      EXPECT_EQ(rig.out.injected.size(), c.injected);
      EXPECT_EQ(rig.SendHello("www.innocent.example"), c.flow_leaves) << static_cast<int>(c.action);
      EXPECT_EQ(rig.worker->counters().exceptions[Index(trigger)], 1u);
      rig.ExpectConservation();
      EXPECT_EQ(rig.Finish().exceptions, 1u);
    }
  }
}

TEST(Exceptions, WhatIsMetBeforeInspectionFollowsItsPolicy) {
  for (const ExceptionTrigger trigger : {ExceptionTrigger::kWrongSide, ExceptionTrigger::kMemory}) {
    for (const Case& c : kCases) {
      WorkerRig rig(WorkerRig::kDropMessaging, Simulating(trigger, c.action));
      rig.Handshake();
      EXPECT_EQ(rig.SendHello("www.innocent.example"), c.packet_leaves) << static_cast<int>(c.action);
      EXPECT_EQ(rig.out.injected.size(), c.injected);
      EXPECT_EQ(rig.SendHello("www.innocent.example"), c.flow_leaves) << static_cast<int>(c.action);
      EXPECT_EQ(rig.worker->counters().exceptions[Index(trigger)], 1u);
      rig.ExpectConservation();
    }
    WorkerRig passed(WorkerRig::kDropMessaging, Simulating(trigger, ExceptionAction::kPassPacket));
    passed.Handshake();
    EXPECT_TRUE(passed.SendHello("a.chat.example")) << "forwarded, not inspected";
    WorkerRig read(WorkerRig::kDropMessaging, Simulating(trigger, ExceptionAction::kIgnore));
    read.Handshake();
    EXPECT_FALSE(read.SendHello("a.chat.example"));
  }
}

// RFC 8684 s3.2: its bytes have their place in another connection's stream.
TEST(Exceptions, APathThatJoinsAnotherConnectionIsNotOpened) {
  for (const Octets& join :
       {test::Hex("1e0c 1000 00000001 00000002"), test::Hex("0101 1e10 1000 0000000000000001 00000002")}) {
    WorkerRig rig;
    EXPECT_FALSE(rig.SendTcp(true, {.seq = 0, .flags = 0x02, .options = join}, {}));
    EXPECT_EQ(rig.worker->counters().exceptions[Index(ExceptionTrigger::kMultipath)], 1u);
    rig.ExpectConservation();
  }
  WorkerRig rig;
  EXPECT_TRUE(rig.SendTcp(true, {.seq = 0, .flags = 0x02, .options = test::Hex("1e04 0001")}, {})) << "MP_CAPABLE";
}

TEST(Exceptions, ABypassedFlowIsNotInspectedAndAPassedPacketOnlyIsNot) {
  WorkerRig bypassed(WorkerRig::kDropMessaging, Simulating(ExceptionTrigger::kTcpBudget, ExceptionAction::kBypass));
  bypassed.Handshake();
  EXPECT_TRUE(bypassed.SendTcp(true, {.seq = 1, .ack = 1}, Octets(1)));
  EXPECT_TRUE(bypassed.SendHello("a.chat.example"));
  WorkerRig inspected(WorkerRig::kDropMessaging,
                      Simulating(ExceptionTrigger::kTcpBudget, ExceptionAction::kDropPacket));
  inspected.Handshake();
  EXPECT_FALSE(inspected.SendHello("a.chat.example"));
  EXPECT_FALSE(inspected.SendHello("a.chat.example"));
}

TEST(Exceptions, AFullTableFollowsItsPolicyForAPacketWithoutARecord) {
  for (const Case& c : kCases) {
    EngineSettings settings = WorkerRig::Small();
    settings.exceptions[ExceptionTrigger::kFlowTableFull] = c.action;
    settings.exceptions.simulate[Index(ExceptionTrigger::kFlowTableFull)] = 1;
    WorkerRig rig(WorkerRig::kDropMessaging, settings);
    EXPECT_EQ(rig.SendTcp(true, {.seq = 0, .flags = 0x02}), c.packet_leaves) << static_cast<int>(c.action);
    EXPECT_EQ(rig.out.injected.size(), c.injected) << static_cast<int>(c.action);
    EXPECT_TRUE(rig.SendTcp(true, {.seq = 0, .flags = 0x02}));
    EXPECT_EQ(rig.worker->counters().exceptions[Index(ExceptionTrigger::kFlowTableFull)], 1u);
    rig.ExpectConservation();
  }
}

TEST(Exceptions, AConnectionWithoutAHandshakeFollowsTheMidstreamPolicy) {
  for (const Case& c : kCases) {
    EngineSettings settings = WorkerRig::Small();
    settings.exceptions[ExceptionTrigger::kMidstream] = c.action;
    WorkerRig rig(WorkerRig::kDropMessaging, settings);
    EXPECT_EQ(rig.SendTcp(true, {.seq = 500, .ack = 1}, Octets(10)), c.packet_leaves) << static_cast<int>(c.action);
    rig.ExpectConservation();
  }
}

TEST(Exceptions, AnInspectedMidstreamConnectionIsStoppedByItsName) {
  WorkerRig rig;
  EXPECT_FALSE(rig.SendHello("a.chat.example"));
}

// A passed flow is still watched until its bytes are acknowledged: there too a budget
// that is exceeded does what its policy says.
TEST(Exceptions, ABudgetExceededAfterAPassFollowsItsPolicy) {
  for (const Case& c : kCases) {
    EngineSettings settings = WorkerRig::Small();
    settings.exceptions[ExceptionTrigger::kTcpBudget] = c.action;
    settings.exceptions.simulate[Index(ExceptionTrigger::kTcpBudget)] = 6;
    WorkerRig rig(WorkerRig::kDropMessaging, settings);
    rig.Handshake();
    EXPECT_TRUE(rig.SendHello("www.innocent.example"));  // 4
    const Octets hello =
        test::Records(test::ServerHelloMessage(Octets(32, std::byte{9}), test::Extension(43, test::Hex("0304"))));
    EXPECT_TRUE(
        rig.SendTcp(false, {.sport = 443, .dport = 40000, .seq = 1, .ack = 1}, hello));  // 5: acknowledges nothing
    const auto at = static_cast<std::uint32_t>(1 + WorkerRig::Hello("www.innocent.example").size());
    EXPECT_EQ(rig.SendTcp(true, {.seq = at, .ack = 1}, Octets(10)), c.packet_leaves) << static_cast<int>(c.action);
    EXPECT_EQ(rig.SendTcp(true, {.seq = at, .ack = 1}, Octets(10)), c.flow_leaves) << static_cast<int>(c.action);
    rig.ExpectConservation();
  }
}

// The second fragment of a datagram where one may be collected: held frames are neither
// forwarded nor dropped.
TEST(Exceptions, FragmentsBeyondTheirBudgetFollowTheirPolicy) {
  for (const Case& c : kCases) {
    EngineSettings settings = WorkerRig::Small();
    settings.defrag.datagrams = 1;
    settings.exceptions[ExceptionTrigger::kFragmentBudget] = c.action;
    WorkerRig rig(WorkerRig::kDropMessaging, settings);
    const auto fragment = [](std::string_view to) {
      return test::Ethernet(0x0800, test::Ipv4(17, Octets(24), test::kClient, to, 0x2000));
    };
    EXPECT_FALSE(rig.Send(fragment("192.0.2.1")));
    const bool makes_room = c.action == ExceptionAction::kIgnore;
    EXPECT_EQ(rig.Send(fragment("192.0.2.2")), c.packet_leaves && !makes_room) << static_cast<int>(c.action);
    EXPECT_EQ(rig.dropped(DropReason::kFragmentBudget), c.packet_leaves && !makes_room ? 0u : 1u);
    EXPECT_EQ(rig.worker->counters().held_packets, 1u);
    EXPECT_EQ(rig.worker->counters().exceptions[Index(ExceptionTrigger::kFragmentBudget)], 1u);
    rig.ExpectConservation();
    EXPECT_EQ(rig.Finish().exceptions, 1u);
  }
}

// Only the client is seen: nothing it says is ever acknowledged.
TEST(Exceptions, OneSidedTrafficGoesOnBeyondItsBudgetWhereToldAndIsReadAllTheSame) {
  for (const bool goes_on : {true, false}) {
    EngineSettings settings = WorkerRig::Small();
    settings.tcp.retained_bytes = 20'000;
    settings.exceptions[ExceptionTrigger::kOneSided] = goes_on ? ExceptionAction::kIgnore : ExceptionAction::kDropFlow;
    WorkerRig rig(WorkerRig::kDropMessaging, settings);
    EXPECT_TRUE(rig.SendTcp(true, {.seq = 0, .flags = 0x02}));
    std::uint32_t seq = 1;
    const auto send = [&](const Octets& bytes) {
      const bool left = rig.SendTcp(true, {.seq = seq, .ack = 1}, bytes);
      seq += static_cast<std::uint32_t>(bytes.size());
      return left;
    };
    EXPECT_TRUE(send(test::Text("POST / HTTP/1.1\r\nHost: www.innocent.example\r\nContent-Length: 100000\r\n\r\n")));
    bool all = true;
    for (int i = 0; i < 100; ++i) all = send(Octets(1000, std::byte{'x'})) && all;
    EXPECT_EQ(all, goes_on);
    EXPECT_GT(rig.worker->counters().exceptions[Index(ExceptionTrigger::kOneSided)], 0u);
    EXPECT_LT(rig.worker->counters().undecided_bytes, 200'000u);
    rig.ExpectConservation();
  }
}

TEST(Exceptions, AOneSidedConnectionThatPassedIsNeverHeldUp) {
  WorkerRig rig;
  EXPECT_TRUE(rig.SendTcp(true, {.seq = 0, .flags = 0x02}));
  EXPECT_TRUE(rig.SendHello("www.innocent.example"));
  std::uint32_t seq = 1 + static_cast<std::uint32_t>(WorkerRig::Hello("www.innocent.example").size());
  for (int i = 0; i < 3000; ++i, seq += 1000) ASSERT_TRUE(rig.SendTcp(true, {.seq = seq, .ack = 1}, Octets(1000))) << i;
  EXPECT_LT(rig.worker->counters().undecided_bytes, 100'000u);
}

TEST(Exceptions, AFullTableIsAnEventOnceASecond) {
  EngineSettings settings = WorkerRig::Small();
  settings.flow_capacity = 1;
  WorkerRig rig(WorkerRig::kDropMessaging, settings);
  std::uint16_t port = 40000;
  for (int second = 0; second < 3; ++second, rig.now.us += 1'000'000) {
    for (int i = 0; i < 20; ++i) (void)rig.SendTcp(true, {.sport = ++port, .flags = 2});
  }
  EXPECT_EQ(rig.Finish().exceptions, 3u);
}

}  // namespace
}  // namespace weir
