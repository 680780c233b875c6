#include "tests/unit/dataplane/pipeline/worker_rig.h"

namespace weir {
namespace {

using test::Octets;
using test::WorkerRig;

Octets Part(const Octets& all, std::size_t from, std::size_t to) {
  return {all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to)};
}

TEST(StageInspect, TheSegmentThatCompletesABarredNameDoesNotLeave) {
  const Octets hello = WorkerRig::Hello("a.chat.example");
  for (std::size_t cut = 1; cut < hello.size(); ++cut) {
    WorkerRig rig;
    rig.Handshake();
    const bool first = rig.SendTcp(true, {.seq = 1, .ack = 1}, Part(hello, 0, cut));
    const bool second =
        rig.SendTcp(true, {.seq = static_cast<std::uint32_t>(1 + cut), .ack = 1}, Part(hello, cut, hello.size()));
    EXPECT_TRUE(first && !second) << cut;
  }
}

TEST(StageInspect, TheOrderOfSegmentsDoesNotMatter) {
  const Octets hello = WorkerRig::Hello("a.chat.example");
  const std::size_t cut = hello.size() - 8;  // inside the name
  WorkerRig rig;
  rig.Handshake();
  const bool late =
      rig.SendTcp(true, {.seq = static_cast<std::uint32_t>(1 + cut), .ack = 1}, Part(hello, cut, hello.size()));
  const bool early = rig.SendTcp(true, {.seq = 1, .ack = 1}, Part(hello, 0, cut));
  EXPECT_TRUE(late);
  EXPECT_FALSE(early);
}

TEST(StageInspect, BytesThatDifferFromThoseForwardedDoNotLeave) {
  WorkerRig rig;
  rig.Handshake();
  const Octets innocent = WorkerRig::Hello("a.calm.example");
  EXPECT_TRUE(rig.SendTcp(true, {.seq = 1, .ack = 1}, innocent));
  EXPECT_FALSE(rig.SendTcp(true, {.seq = 1, .ack = 1}, WorkerRig::Hello("a.chat.example")));
  EXPECT_EQ(rig.dropped(DropReason::kTcpConflict), 1u);
  EXPECT_TRUE(rig.SendTcp(true, {.seq = 1, .ack = 1}, innocent));  // an honest retransmission
}

TEST(StageInspect, AnEmptyDatagramMayComeFirst) {
  WorkerRig rig;
  EXPECT_TRUE(rig.Send(test::Ethernet(0x0800, test::Ipv4(17, test::Udp(40000, 53, {})))));
  EXPECT_TRUE(rig.Send(test::Ethernet(0x0800, test::Ipv4(17, test::Udp(40000, 53, test::Text("more"))))));
  EXPECT_EQ(rig.Finish().verdicts.size(), 1u);
  rig.ExpectConservation();
}

TEST(StageInspect, AnUrgentByteIsMadeInBand) {
  WorkerRig rig;
  rig.Handshake();
  test::TcpHeader urgent{.seq = 1, .ack = 1, .flags = 0x38};
  urgent.urgent = 3;
  EXPECT_TRUE(rig.SendTcp(true, urgent, Part(WorkerRig::Hello("www.innocent.example"), 0, 20)));
  EXPECT_EQ(rig.worker->counters().tcp_urgent_cleared, 1u);
  EXPECT_EQ(rig.out.forward[0].data[14 + 20 + 13], std::byte{0x18});
}

TEST(StageInspect, AHelloBeyondTheBudgetFiresTheExceptionPolicy) {
  for (const ExceptionAction action : {ExceptionAction::kDropFlow, ExceptionAction::kIgnore}) {
    EngineSettings settings = WorkerRig::Small();
    settings.readers.handshake_bytes = 1024;
    settings.exceptions[ExceptionTrigger::kReaderBudget] = action;
    WorkerRig rig(WorkerRig::kDropMessaging, settings);
    rig.Handshake();
    const Octets hello = test::Records(test::ClientHelloMessage(test::Extension(21, Octets(3000))));
    bool left = true;
    for (std::size_t at = 0; at < hello.size(); at += 1000)
      left = rig.SendTcp(true, {.seq = static_cast<std::uint32_t>(1 + at), .ack = 1},
                         Part(hello, at, std::min(hello.size(), at + 1000)));
    EXPECT_EQ(left, action == ExceptionAction::kIgnore);
    EXPECT_GE(rig.Finish().exceptions, 1u);
  }
}

}  // namespace
}  // namespace weir
