#include "tests/unit/dataplane/pipeline/worker_rig.h"

namespace weir {
namespace {

using test::Octets;
using test::WorkerRig;

std::string PolicyOf(const std::string& action, bool mirror) {
  return "version: 1\nrules:\n  - name: r\n    match: {category: [messaging]}\n    action: " + action +
         (mirror ? "\n    mirror: soc\n" : "\n");
}

TEST(StageTransmit, ARejectedTcpFlowGetsAResetEachWayWithTheNumbersItsEndsExpect) {
  WorkerRig rig(PolicyOf("reject", false));
  rig.Handshake();
  const Octets hello = WorkerRig::Hello("a.chat.example");
  EXPECT_FALSE(rig.SendHello("a.chat.example"));
  ASSERT_EQ(rig.out.injected.size(), 2u);
  for (const InjectedFrame& frame : rig.out.injected) {
    PacketView view;
    ASSERT_EQ(Parse(frame.bytes, LinkType::kEthernet, {}, view), DropReason::kNone);
    EXPECT_NE(view.tcp_flags & 0x04, 0);
    // RFC 5961 s3.2: only the exact next sequence number resets.
    EXPECT_EQ(view.tcp_seq, 1u) << frame.back;  // to the client: its ACK; to the server: what it has taken so far
    EXPECT_TRUE(!frame.back || view.tcp_ack == 1 + hello.size());
    EXPECT_EQ(view.dst_port, frame.back ? 40000 : 443);
  }
  EXPECT_EQ(rig.worker->counters().injected_packets, 2u);
  EXPECT_EQ(rig.dropped(DropReason::kPolicyReject), 1u);
}

TEST(StageTransmit, ARejectedDatagramIsAnsweredAsProhibited) {
  WorkerRig rig("version: 1\ndefault: {action: pass}\n", WorkerRig::Small(),
                "reject udp any any -> any 5000 (content:\"bad\"; sid:1;)\n");
  EXPECT_FALSE(rig.Send(test::Ethernet(0x0800, test::Ipv4(17, test::Udp(4000, 5000, test::Text("bad"))))));
  ASSERT_EQ(rig.out.injected.size(), 1u);
  const std::vector<std::byte>& icmp = rig.out.injected[0].bytes;
  EXPECT_EQ(icmp[34], std::byte{3});   // destination unreachable
  EXPECT_EQ(icmp[35], std::byte{13});  // communication administratively prohibited (RFC 1812 s5.2.7.1)
  EXPECT_TRUE(rig.out.injected[0].back);
}

TEST(StageTransmit, TheMirrorBeginsWithTheVerdictPacketDroppedOnesIncluded) {
  for (const char* action : {"pass", "drop"}) {
    WorkerRig rig(PolicyOf(action, true));
    rig.Handshake();
    EXPECT_TRUE(rig.out.mirror.empty());
    EXPECT_EQ(rig.SendHello("a.chat.example"), std::string_view(action) == "pass");
    EXPECT_EQ(rig.out.mirror.size(), 1u);
    rig.SendTcp(true, {.seq = 500, .ack = 1}, Octets(10));
    EXPECT_EQ(rig.out.mirror.size(), 1u) << action;
  }
}

TEST(StageTransmit, TheMirrorGetsUndecidedFramesTooWhereTold) {
  EngineSettings settings = WorkerRig::Small();
  settings.mirror_pending = true;
  WorkerRig rig(PolicyOf("drop", false), settings);
  rig.Handshake();
  EXPECT_EQ(rig.out.mirror.size(), 1u);
  EXPECT_FALSE(rig.SendHello("a.chat.example"));
  EXPECT_TRUE(rig.out.mirror.empty());  // decided, and its rule mirrors nothing
}

TEST(StageTransmit, WhatTheDriverRefusesIsDroppedForThatReason) {
  WorkerRig rig;
  rig.Handshake();
  rig.worker->CountTxFull(rig.out.forward[0]);
  rig.worker->CountMirror(true);
  rig.worker->CountMirror(false);
  EXPECT_EQ(rig.dropped(DropReason::kTxFull), 1u);
  EXPECT_EQ(rig.worker->counters().mirrored_packets, 1u);
  EXPECT_EQ(rig.worker->counters().mirror_dropped_packets, 1u);
  rig.ExpectConservation();
}

TEST(StageTransmit, OnlyTheFirstDropOfAFlowAndReasonIsAnEvent) {
  WorkerRig rig;
  rig.Handshake();
  EXPECT_FALSE(rig.SendHello("a.chat.example"));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(rig.SendHello("a.chat.example"));
  EXPECT_EQ(rig.Finish().drops, 1u);
}

// A reset may be lost on its way: the client that sends on is told again, five times a second at most.
TEST(StageTransmit, TellsARejectedClientAgainWhileItGoesOn) {
  WorkerRig rig("version: 1\nrules:\n  - name: r\n    match: {category: [messaging]}\n    action: reject\n");
  rig.Handshake();
  EXPECT_FALSE(rig.SendHello("a.chat.example"));
  EXPECT_EQ(rig.out.injected.size(), 2u);
  EXPECT_FALSE(rig.SendHello("a.chat.example"));
  EXPECT_TRUE(rig.out.injected.empty()) << "so soon";
  rig.now.us += 300'000;
  EXPECT_FALSE(rig.SendHello("a.chat.example"));
  ASSERT_EQ(rig.out.injected.size(), 2u);
  PacketView back;
  ASSERT_EQ(Parse(rig.out.injected[0].bytes, LinkType::kEthernet, {}, back), DropReason::kNone);
  EXPECT_EQ(back.tcp_seq, 1u) << "what the client expects next";
  PacketView on;
  ASSERT_EQ(Parse(rig.out.injected[1].bytes, LinkType::kEthernet, {}, on), DropReason::kNone);
  EXPECT_EQ(on.tcp_seq, 1u) << "what the server expects next: it got nothing of the hello";
  rig.ExpectConservation();
}

}  // namespace
}  // namespace weir
