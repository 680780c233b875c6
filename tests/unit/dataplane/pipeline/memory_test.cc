#include "tests/unit/dataplane/pipeline/worker_rig.h"

namespace weir {
namespace {

using test::Octets;
using test::WorkerRig;
using test::operator+;

// The first `n` bytes of a hello, on a connection of its own.
bool SendPart(WorkerRig& rig, std::uint16_t port, std::size_t from, std::size_t n,
              std::string_view name = "a.chat.example") {
  const Octets hello = WorkerRig::Hello(name);
  const auto first = hello.begin() + static_cast<std::ptrdiff_t>(from);
  const auto last = hello.begin() + static_cast<std::ptrdiff_t>(std::min(hello.size(), from + n));
  return rig.SendTcp(true, {.sport = port, .seq = static_cast<std::uint32_t>(1 + from), .ack = 1}, Octets(first, last));
}

TEST(Memory, IsCountedWhileFlowsAreUndecidedAndIsZeroAfter) {
  WorkerRig rig;
  for (std::uint16_t port = 41000; port < 41020; ++port) {
    rig.Handshake(port);
    EXPECT_TRUE(SendPart(rig, port, 0, 30));
  }
  EXPECT_GT(rig.worker->counters().undecided_bytes, 20u * 500u);
  rig.Finish();
  EXPECT_EQ(rig.worker->counters().undecided_bytes, 0u);
}

TEST(Memory, BeyondItsBudgetAPacketFollowsThePolicyAndTheOthersGoOn) {
  EngineSettings settings = WorkerRig::Small();
  settings.memory_bytes = 1;
  WorkerRig rig(WorkerRig::kDropMessaging, settings);
  EXPECT_TRUE(rig.SendTcp(true, {.seq = 0, .flags = 0x02})) << "nothing was held yet";
  EXPECT_FALSE(rig.SendTcp(false, {.sport = 443, .dport = 40000, .seq = 0, .ack = 1, .flags = 0x12}));
  EXPECT_EQ(rig.worker->counters().exceptions[Index(ExceptionTrigger::kMemory)], 1u);
  EXPECT_EQ(rig.dropped(DropReason::kExceptionPolicy), 1u);
  rig.ExpectConservation();
}

TEST(Memory, AnIdleFlowGivesBackWhatItHoldsBeforeANewOneIsRefused) {
  EngineSettings settings = WorkerRig::Small();
  settings.memory_bytes = 40'000;
  WorkerRig rig(WorkerRig::kDropMessaging, settings);
  const auto open = [&rig](std::uint16_t port) {
    rig.Handshake(port);                // fails the test where a packet is refused
    (void)SendPart(rig, port, 40, 30);  // out of order: held
  };
  std::uint16_t port = 41000;
  while (rig.worker->counters().undecided_bytes < settings.memory_bytes * 9 / 10) open(port++);
  rig.now.us += 4'000'000;
  for (const std::uint16_t end = port + 8; port < end;) open(port++);
  EXPECT_LE(rig.worker->counters().undecided_bytes, settings.memory_bytes);
  EXPECT_GT(rig.worker->counters().exceptions[Index(ExceptionTrigger::kUndecidedTimeout)], 0u);
  rig.ExpectConservation();
}

// Half a hello, a pause until the box has forgotten, and the other half.
TEST(Memory, AFlowThatEndsAmidAHelloStaysStopped) {
  for (const bool in_order : {true, false}) {
    WorkerRig rig;
    rig.Handshake();
    const std::size_t half = WorkerRig::Hello("a.chat.example").size() / 2;
    EXPECT_TRUE(SendPart(rig, 40000, in_order ? 0 : half, in_order ? half : 999));
    rig.now.us += std::int64_t{3'601'000'000};
    rig.worker->Tick(rig.now, rig.out);
    EXPECT_FALSE(SendPart(rig, 40000, in_order ? half : 0, in_order ? 999 : half));
    EXPECT_EQ(rig.worker->counters().exceptions[Index(ExceptionTrigger::kUndecidedTimeout)], 1u);
    EXPECT_EQ(rig.Events().exceptions, 1u);
    rig.now.us += 2 * std::int64_t{3'601'000'000};
    rig.worker->Tick(rig.now, rig.out);
    EXPECT_EQ(rig.worker->counters().flows_ended, 1u) << "not for ever";
  }
}

TEST(Memory, AFlowThatIsIdleBetweenMessagesJustEnds) {
  WorkerRig rig;
  rig.Handshake();
  EXPECT_TRUE(rig.SendTcp(true, {.dport = 443, .seq = 1, .ack = 1}, test::Text("GET / HTTP/1.1\r\nHost: a\r\n\r\n")));
  rig.now.us += std::int64_t{3'601'000'000};
  rig.worker->Tick(rig.now, rig.out);
  EXPECT_EQ(rig.worker->counters().flows_ended, 1u);
  EXPECT_EQ(rig.worker->counters().exceptions[Index(ExceptionTrigger::kUndecidedTimeout)], 0u);
}

}  // namespace
}  // namespace weir
