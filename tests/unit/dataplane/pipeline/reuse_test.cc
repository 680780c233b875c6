#include "tests/unit/dataplane/pipeline/worker_rig.h"

namespace weir {
namespace {

using test::Octets;
using test::WorkerRig;
using test::operator+;

constexpr std::uint32_t kIsn = 900'000'000;

bool Syn(WorkerRig& rig, std::uint32_t isn = kIsn, const Octets& data = {}) {
  return rig.SendTcp(true, {.seq = isn, .flags = 0x02}, data);
}
bool SynAck(WorkerRig& rig, std::uint32_t isn = kIsn) {
  return rig.SendTcp(false, {.sport = 443, .dport = 40000, .seq = 7000, .ack = isn + 1, .flags = 0x12});
}
bool Data(WorkerRig& rig, std::uint32_t seq, const Octets& data) {
  return rig.SendTcp(true, {.seq = seq, .ack = 7001}, data);
}

// A passed and acknowledged connection.
void Pass(WorkerRig& rig) {
  rig.Handshake();
  const Octets hello = WorkerRig::Hello("www.innocent.example");
  EXPECT_TRUE(rig.SendHello("www.innocent.example"));
  const Octets answer =
      test::Records(test::ServerHelloMessage(Octets(32, std::byte{9}), test::Extension(43, test::Hex("0304"))));
  EXPECT_TRUE(rig.SendTcp(
      false, {.sport = 443, .dport = 40000, .seq = 1, .ack = static_cast<std::uint32_t>(1 + hello.size())}, answer));
  EXPECT_TRUE(rig.SendTcp(true, {.seq = static_cast<std::uint32_t>(1 + hello.size()),
                                 .ack = static_cast<std::uint32_t>(1 + answer.size())}));
}

TEST(Reuse, AnAnsweredSynOpensAConnectionThatIsJudgedOnItsOwn) {
  WorkerRig rig;
  Pass(rig);
  EXPECT_TRUE(Syn(rig));
  EXPECT_TRUE(SynAck(rig));
  EXPECT_FALSE(Data(rig, kIsn + 1, WorkerRig::Hello("a.chat.example")));
  EXPECT_EQ(rig.worker->counters().flows_created, 2u);
  rig.ExpectConservation();
}

// The live connection's server answers with a challenge ACK: nothing changes for it.
TEST(Reuse, AStrangersSynDoesNotStopAConnection) {
  WorkerRig rig;
  Pass(rig);
  EXPECT_TRUE(Syn(rig));
  EXPECT_TRUE(Data(rig, 600, Octets(100)));
  EXPECT_TRUE(rig.SendTcp(false, {.sport = 443, .dport = 40000, .seq = 200, .ack = 600}));
  EXPECT_TRUE(Data(rig, 700, Octets(100)));
  EXPECT_EQ(rig.worker->counters().flows_created, 1u);
}

// A SYN just before what the server waits for, then junk up to there and the hello behind
// it: the server of the live connection would trim the junk.
TEST(Reuse, ASynThatNobodyAnsweredGivesTheStreamNoOtherBeginning) {
  for (const bool after_drop : {false, true}) {
    WorkerRig rig;
    std::uint32_t next = 1;
    if (after_drop) {
      rig.Handshake();
      EXPECT_FALSE(rig.SendHello("a.chat.example"));
    } else {
      Pass(rig);
      next += static_cast<std::uint32_t>(WorkerRig::Hello("www.innocent.example").size());
    }
    (void)Syn(rig, next - 11);
    EXPECT_FALSE(Data(rig, next - 10, Octets(10, std::byte{0x41}) + WorkerRig::Hello("a.chat.example")));
    EXPECT_FALSE(Data(rig, next, WorkerRig::Hello("a.chat.example")));
  }
}

TEST(Reuse, AResetThatDiedOnTheWayDoesNotMakeUsForgetTheConnection) {
  WorkerRig rig;
  rig.Handshake();
  EXPECT_TRUE(rig.SendTcp(true, {.seq = 1, .ack = 1, .flags = 0x14}));
  (void)Syn(rig, 1u - 11u);
  EXPECT_FALSE(Data(rig, 1u - 10u, Octets(10, std::byte{0x41}) + WorkerRig::Hello("a.chat.example")));
  EXPECT_FALSE(rig.SendHello("a.chat.example"));
}

// The link repeated the SYN and lost the copy behind us: the server stays silent, and
// waits for the client's bytes.
TEST(Reuse, ACopyOfItsOwnSynThatCameLateDoesNotStopAnUpload) {
  WorkerRig rig;
  Pass(rig);
  const auto next = static_cast<std::uint32_t>(1 + WorkerRig::Hello("www.innocent.example").size());
  EXPECT_TRUE(Syn(rig, 0));
  for (int i = 0; i < 5; ++i, rig.now.us += 2'000'000) EXPECT_TRUE(Data(rig, next, test::Text("POST"))) << i;
}

TEST(Reuse, ASynWithDataWaitsForItsTurn) {
  WorkerRig rig;
  Pass(rig);
  EXPECT_FALSE(Syn(rig, kIsn, WorkerRig::Hello("www.innocent.example")));
  EXPECT_TRUE(Syn(rig));
}

TEST(Reuse, WhereTheServerIsNeverSeenTheClientsNextSegmentOpensTheConnection) {
  WorkerRig rig;
  EXPECT_TRUE(Syn(rig, 5000));
  EXPECT_TRUE(Data(rig, 5001, WorkerRig::Hello("www.innocent.example")));
  EXPECT_TRUE(Syn(rig));
  EXPECT_FALSE(Data(rig, kIsn + 1, WorkerRig::Hello("a.chat.example")));
  EXPECT_EQ(rig.worker->counters().flows_created, 2u);
}

// A client that forges its server's acknowledgement would settle bytes that never arrive.
TEST(Reuse, WhoWritesInTheNameOfTheOtherSideIsNotBelieved) {
  WorkerRig rig;
  rig.worker->SetPortSides({PortSide::kInside, PortSide::kOutside});
  EXPECT_TRUE(rig.SendTcp(true, {.seq = 0, .flags = 0x02}));
  const test::TcpHeader syn_ack{.sport = 443, .dport = 40000, .seq = 0, .ack = 1, .flags = 0x12};
  EXPECT_FALSE(rig.SendTcp(false, syn_ack)) << "it came in by the client's port";
  EXPECT_EQ(rig.dropped(DropReason::kWrongSide), 1u);
  rig.in_port = PortId{1};
  EXPECT_TRUE(rig.SendTcp(false, syn_ack));
  rig.ExpectConservation();
}

}  // namespace
}  // namespace weir
