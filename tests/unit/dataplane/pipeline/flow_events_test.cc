#include "tests/unit/dataplane/pipeline/worker_rig.h"

namespace weir {
namespace {

using test::WorkerRig;

TEST(FlowEvents, EachFlowEndsInOneEventHoweverItEnds) {
  WorkerRig rig;
  for (std::uint16_t port = 40000; port < 40010; ++port) rig.Handshake(port);
  EXPECT_EQ(rig.Finish().verdicts.size(), 10u);
  EXPECT_EQ(rig.worker->counters().flows_created, rig.worker->counters().flows_ended);
}

TEST(FlowEvents, AProtocolEventIsWrittenForTheHelloThatDecided) {
  WorkerRig rig;
  rig.Handshake();
  EXPECT_FALSE(rig.SendHello("a.chat.example"));
  const WorkerRig::Seen seen = rig.Finish();
  EXPECT_EQ(seen.protocols, 1u);
  EXPECT_EQ(seen.alerts, 1u);
  EXPECT_EQ(seen.drops, 1u);
  EXPECT_EQ(seen.verdicts, std::vector<std::string>{"Chat:drop"});
}

TEST(FlowEvents, AFlowsIdIsTheSameInEveryRunAndAnotherInEveryFlow) {
  const auto ids = [] {
    WorkerRig rig;
    std::vector<std::uint64_t> found;
    for (std::uint16_t port = 40000; port < 40020; ++port) rig.Handshake(port);
    rig.worker->Finish(rig.now, rig.out);
    rig.EachFlow([&](const FlowEvent& event) { found.push_back(event.head.flow_id); });
    std::sort(found.begin(), found.end());
    return found;
  };
  const std::vector<std::uint64_t> first = ids();
  EXPECT_EQ(first, ids());
  for (std::size_t i = 1; i < first.size(); ++i) EXPECT_NE(first[i], first[i - 1]);
  for (const std::uint64_t id : first) EXPECT_LT(id, std::uint64_t{1} << 53);
}

TEST(FlowEvents, CountPacketsBytesAndFlagsOfBothDirections) {
  WorkerRig rig;
  rig.Handshake();
  rig.worker->Finish(rig.now, rig.out);
  int flows = 0;
  rig.EachFlow([&](const FlowEvent& event) {
    ++flows;
    EXPECT_EQ(event.packets[0], 2u);
    EXPECT_EQ(event.packets[1], 1u);
    EXPECT_EQ(event.bytes[0], 2 * 54u);
    EXPECT_EQ(event.tcp_flags_ts, 0x12);
    EXPECT_EQ(event.tcp_flags_tc, 0x12);
    EXPECT_EQ(event.head.src_port, 40000);
    EXPECT_EQ(event.reason, FlowEnd::kShutdown);
  });
  EXPECT_EQ(flows, 1);
}

// So many that their events overrun the ring's 4 MiB if they end at once; a day later.
constexpr std::uint32_t kMany = 20'000;
struct ManyFlows : WorkerRig {
  static EngineSettings Room() {
    EngineSettings settings = Small();
    settings.flow_capacity = kMany;
    return settings;
  }
  ManyFlows() : WorkerRig(kDropMessaging, Room()) {
    for (std::uint32_t i = 0; i < kMany; ++i) Handshake(static_cast<std::uint16_t>(10'000 + i));
    now = {now.us + 86'400'000'000};
  }
};

TEST(FlowEvents, FlowsThatEndTogetherWaitForTheWriter) {
  ManyFlows rig;
  std::uint64_t ended = 0;
  int waits = 0;
  while (rig.worker->Tick(rig.now, rig.out)) {
    ASSERT_LT(++waits, 100);
    rig.EachFlow([&](const FlowEvent&) { ++ended; });
  }
  rig.EachFlow([&](const FlowEvent&) { ++ended; });
  EXPECT_GT(waits, 1);
  EXPECT_EQ(ended, kMany);
  EXPECT_EQ(rig.events_lost(), 0u);
}

TEST(FlowEvents, NoFlowWaitsForAWriterThatStandsStill) {
  ManyFlows rig;
  EXPECT_TRUE(rig.worker->Tick(rig.now, rig.out));
  EXPECT_LT(rig.worker->counters().flows_ended, kMany);
  rig.now = {rig.now.us + 1'000'001};
  EXPECT_FALSE(rig.worker->Tick(rig.now, rig.out));
  EXPECT_EQ(rig.worker->counters().flows_ended, kMany);
  EXPECT_GT(rig.events_lost(), 0u);
}

}  // namespace
}  // namespace weir
