// What an end host does not take, or takes only later, must not move the engine.
#include <gtest/gtest.h>

#include "dataplane/flow/tcp_connection.h"
#include "tests/unit/dataplane/flow/tcp_play.h"

namespace weir {
namespace {

using test::kC;
using test::kIsnC;
using test::kIsnS;
using test::kS;
using test::Play;

TEST(TcpHostile, AResetOfTheClientDoesNotLetASynBeginAnew) {
  Play p;
  p.Handshake();
  p.Data(0, "first half ");
  p.Data(11, "", kTcpRst);
  EXPECT_EQ(p.Syn(kIsnC + 11).drop, DropReason::kTcpOutOfWindow) << "it would begin in the middle of the old stream";
  EXPECT_FALSE(p.Syn(kIsnC + 0x20000000).restarts);
  p.Data(11, "second half");
  EXPECT_EQ(p.read[0], "first half second half");
}

TEST(TcpHostile, AResetOfTheServerEndsTheConnection) {
  Play p;
  p.Handshake();
  p.Offer(kS, {.seq = kIsnS + 1, .flags = kTcpRst});
  EXPECT_EQ(p.tcp.state(), TcpState::kClosing);
  EXPECT_TRUE(p.Syn(77).restarts);
}

TEST(TcpHostile, ASynOnALiveConnectionRestartsItOnlyWhenThePeerAnswersIt) {
  Play p;
  p.Handshake();
  p.Data(0, "before the server lost its state");
  constexpr std::uint32_t kAgain = kIsnC + 0x20000000;
  EXPECT_EQ(p.Syn(kAgain).drop, DropReason::kNone);
  EXPECT_EQ(p.Offer(kC, {.seq = kAgain + 1, .ack = kIsnS + 1, .flags = kTcpAck, .data = AsBytes("early")}).drop,
            DropReason::kTcpOutOfWindow);
  EXPECT_FALSE(p.Ack(0).restarts) << "a challenge ACK is no answer";
  const TcpSegment answer{.seq = 99, .ack = kAgain + 1, .window = 500, .flags = kTcpSyn | kTcpAck};
  EXPECT_TRUE(p.Offer(kS, answer).restarts);
  Play next;  // what the pipeline does then
  EXPECT_EQ(next.Offer(kS, answer).drop, DropReason::kNone);
  next.Offer(kC, {.seq = kAgain + 1, .ack = 100, .flags = kTcpAck, .data = AsBytes("anew")});
  EXPECT_EQ(next.read[0], "anew");
}

TEST(TcpHostile, NothingIsPutWhereAnAcknowledgementMadeUsSkip) {
  Play p;
  p.Handshake();
  p.Data(0, "GET");
  p.Ack(20);  // a lie, or bytes that went another way
  p.Data(20, "goes on");
  EXPECT_EQ(p.read[0], "GETgoes on");
  EXPECT_EQ(p.Data(3, " /blocked").drop, DropReason::kTcpConflict);
  EXPECT_EQ(p.Data(0, "PUT").drop, DropReason::kTcpConflict);
  EXPECT_EQ(p.Data(20, "goes on").drop, DropReason::kNone);
}

TEST(TcpHostile, AResetBeforeTheFirstSynCarriesNoDataPast) {
  Play p;
  EXPECT_EQ(p.Data(0, "GET /blocked", kTcpRst | kTcpUrg).drop, DropReason::kTcpOutOfWindow);
  EXPECT_EQ(p.Data(0, "", kTcpRst).drop, DropReason::kNone);
}

TEST(TcpHostile, ASegmentThatWasDroppedBeginsNoStream) {
  Play p;
  p.Offer(kS, {.seq = kIsnS, .flags = kTcpSyn});
  EXPECT_EQ(p.Offer(kC, {.seq = 73, .ack = 900'000'000, .flags = kTcpAck, .data = AsBytes("x")}).drop,
            DropReason::kTcpOutOfWindow);
  EXPECT_EQ(p.Offer(kC, {.seq = 1, .ack = kIsnS + 1, .flags = kTcpRst, .data = AsBytes("xyz")}).drop,
            DropReason::kTcpOutOfWindow);
}

TEST(TcpHostile, ASecondSynCarriesNoDataPast) {
  Play p;
  p.Syn(100);
  p.Syn(900);
  EXPECT_EQ(p.Syn(900, "hello").drop, DropReason::kTcpOutOfWindow);
  EXPECT_EQ(p.Syn(100, "hello").drop, DropReason::kTcpOutOfWindow);
}

TEST(TcpHostile, BytesThatWentBeforeTheSynAreNoOtherSynsStream) {
  Play p;
  p.Syn(1000);
  EXPECT_EQ(p.Offer(kC, {.seq = 997, .flags = kTcpAck, .data = AsBytes("abcd")}).drop, DropReason::kNone);
  EXPECT_EQ(p.Syn(996).drop, DropReason::kTcpOutOfWindow) << "a server that missed the first SYN would read them";
}

TEST(TcpHostile, TheClientPicksBetweenTwoAnswers) {
  Play p;
  p.Syn();
  p.SynAck();
  EXPECT_EQ(p.Offer(kS, {.seq = 70, .ack = kIsnC + 1, .window = 500, .flags = kTcpSyn | kTcpAck}).drop,
            DropReason::kNone)
      << "a SYN cookie of the next minute";
  p.Offer(kC, {.seq = kIsnC + 1, .ack = 71, .flags = kTcpAck});
  p.Offer(kS, {.seq = 71, .ack = kIsnC + 1, .window = 500, .flags = kTcpAck, .data = AsBytes("220 hello")});
  EXPECT_EQ(p.read[1], "220 hello");
}

TEST(TcpHostile, AKeepAliveMayCarryAnyByteWhereOneWasAcknowledged) {
  Play p;
  p.Handshake();
  p.Data(0, "abc");
  EXPECT_EQ(p.Data(2, std::string_view("\0", 1)).drop, DropReason::kTcpConflict) << "not acknowledged";
  p.Ack(3);
  EXPECT_EQ(p.Data(2, std::string_view("\0", 1)).drop, DropReason::kNone);
  EXPECT_EQ(p.Data(1, "XY").drop, DropReason::kTcpConflict);
  EXPECT_EQ(p.Data(1, "X").drop, DropReason::kTcpConflict);
}

TEST(TcpHostile, AnOldTimestampStopsNewBytesOnly) {
  Play p;
  p.Handshake();
  const auto at = [&](std::uint32_t offset, std::uint32_t tsval, std::string_view data) {
    return p
        .Offer(kC, {.seq = kIsnC + 1 + offset,
                    .ack = kIsnS + 1,
                    .flags = kTcpAck,
                    .has_ts = true,
                    .tsval = tsval,
                    .data = AsBytes(data)})
        .drop;
  };
  EXPECT_EQ(at(0, 100, "aa"), DropReason::kNone);
  EXPECT_EQ(at(4, 102, "cc"), DropReason::kNone);
  EXPECT_EQ(at(2, 101, "bb"), DropReason::kNone) << "overtaken by the one before";
  EXPECT_EQ(at(6, 103, "dd"), DropReason::kNone);
  EXPECT_EQ(at(0, 100, "aa"), DropReason::kNone) << "a duplicate of the network";
  EXPECT_EQ(at(8, 99, "ee"), DropReason::kTcpOldTimestamp);
  EXPECT_EQ(p.read[0], "aabbccdd");
}

TEST(TcpHostile, DropsDataWhoseAcknowledgementIsOfNothingSent) {
  Play p;
  p.Handshake();
  EXPECT_EQ(p.Offer(kC, {.seq = kIsnC + 1, .ack = 0x70000000, .flags = kTcpAck, .data = AsBytes("decoy")}).drop,
            DropReason::kTcpOutOfWindow);
  p.Data(0, "truth");
  EXPECT_EQ(p.read[0], "truth");
}

TEST(TcpHostile, AnAcknowledgementAloneSkipsNothing) {
  Play p;
  p.Handshake();
  p.Offer(kC, {.seq = kIsnC + 1, .ack = kIsnS + 1 + 500, .window = 500, .flags = kTcpAck});
  p.Offer(kS, {.seq = kIsnS + 1, .ack = kIsnC + 1, .window = 500, .flags = kTcpAck, .data = AsBytes("200 OK")});
  EXPECT_EQ(p.read[1], "200 OK");
}

TEST(TcpHostile, ARefusalBeforeTheAnswerOpensNothing) {
  Play p;
  p.Syn();
  p.Offer(kS, {.seq = 0, .ack = kIsnC + 1, .flags = kTcpRst | kTcpAck});
  EXPECT_EQ(p.SynAck().drop, DropReason::kNone) << "somebody else had sent the RST";
  p.Data(0, "hello");
  EXPECT_EQ(p.read[0], "hello");
}

TEST(TcpHostile, AFinThatIsNotAcknowledgedClosesNothing) {
  Play p;
  p.Handshake();
  p.Data(0, "abc");
  p.Data(3, "", kTcpFin | kTcpAck);
  p.Ack(3);
  EXPECT_EQ(p.tcp.state(), TcpState::kEstablished);
  p.Ack(4);
  EXPECT_EQ(p.tcp.state(), TcpState::kClosing);
}

TEST(TcpHostile, AnOlderConnectionsLateSegmentDoesNotBarANewOne) {
  Play p;
  p.Offer(kC, {.seq = 0x60000000, .ack = 0x50000000, .flags = kTcpFin | kTcpAck});
  EXPECT_TRUE(p.Syn().restarts);
  Play answered;
  answered.Offer(kS, {.seq = 0x50000000, .ack = 0x60000000, .window = 500, .flags = kTcpAck});
  answered.Syn(kIsnC);
  EXPECT_TRUE(answered.SynAck().restarts);
}

TEST(TcpHostile, WhatMustBeAnsweredSendsNothingBefore) {
  Play p;
  p.tcp.RequireAnswer();
  EXPECT_EQ(p.Syn(kIsnC, "fast").drop, DropReason::kTcpOutOfWindow);
  p.Syn();
  EXPECT_EQ(p.Data(0, "x").drop, DropReason::kTcpOutOfWindow);
  EXPECT_EQ(p.Data(-1, "x").drop, DropReason::kTcpOutOfWindow);
  p.Ack(400);  // the older connection's challenge ACK
  EXPECT_EQ(p.Data(0, "x").drop, DropReason::kTcpOutOfWindow);
  p.SynAck();
  EXPECT_EQ(p.Data(0, "x").drop, DropReason::kNone);
}

TEST(TcpHostile, OneSidedTrafficIsNeverOverBudget) {
  Play p({.retained_bytes = 4096});
  p.Syn();
  const std::string chunk(1000, 'x');
  for (int i = 0; i < 100; ++i) ASSERT_EQ(p.Data(i * 1000, chunk).drop, DropReason::kNone) << i;
  EXPECT_EQ(p.Data(99'500, "y").drop, DropReason::kTcpConflict);
  EXPECT_LT(p.tcp.memory_bytes(), 100'000u);
}

TEST(TcpHostile, OnceJudgedOnlyWhatWasReadIsGuarded) {
  Play p;
  p.Handshake();
  p.Data(0, "innocent");
  p.tcp.StopReading();
  EXPECT_EQ(p.Data(0, "blocked!").drop, DropReason::kTcpConflict);
  EXPECT_EQ(p.Data(4, "cent, and on").drop, DropReason::kNone);
  EXPECT_EQ(p.Data(8, "XXX").drop, DropReason::kNone) << "no verdict rests on it";
  for (int i = 1; i < 6; ++i) p.Data(std::int64_t{i} * 0x3fffffff, "far");
  EXPECT_EQ(p.Data(0, "blocked!").drop, DropReason::kTcpConflict) << "numbers did not wrap";
  p.Ack(8);
  EXPECT_TRUE(p.tcp.Settled(kC));
}

TEST(TcpHostile, TheWindowIsNotBelievedWhereAScaleWasNotSeen) {
  Play p;  // the client's SYN went another way
  p.SynAck();
  p.Data(0, "");
  p.Ack(0);
  EXPECT_EQ(p.Data(200'000, "scaled by seven").drop, DropReason::kNone);
}

TEST(TcpHostile, SegmentsThatWereOvertakenAtAMidstreamStartGoOn) {
  Play p;
  p.Data(1000, "second");
  EXPECT_EQ(p.Data(0, "first").drop, DropReason::kNone);
}

TEST(TcpHostile, SingleBytesStayWithinTheMemoryThatWasConfigured) {
  TcpLimits limits;
  limits.out_of_order_bytes = 64 * 1024;
  Play p(limits);
  p.Handshake();
  int refused = 0;
  for (int i = 1; i < 4000; ++i) refused += p.Data(i * 2, "x").over_budget ? 1 : 0;
  EXPECT_GT(refused, 3000);
  EXPECT_LT(p.tcp.memory_bytes(), 80'000u);
}

}  // namespace
}  // namespace weir
