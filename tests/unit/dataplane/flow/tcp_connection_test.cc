#include "dataplane/flow/tcp_connection.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/dataplane/flow/tcp_play.h"

namespace weir {
namespace {

using test::kC;
using test::kIsnC;
using test::kIsnS;
using test::kS;
using test::Play;

TEST(TcpConnection, DeliversInOrderAcrossTheWrapOfSequenceNumbers) {
  Play p;
  p.Handshake();
  p.Data(0, "0123456789");
  p.Data(10, "abcdefghij");
  p.Data(20, "KLM");
  EXPECT_EQ(p.read[0], "0123456789abcdefghijKLM");
  EXPECT_EQ(p.tcp.state(), TcpState::kEstablished);
}

TEST(TcpConnection, HoldsWhatCameEarlyUntilTheHoleIsFilled) {
  Play p;
  p.Handshake();
  EXPECT_EQ(p.Data(6, "world").drop, DropReason::kNone);
  EXPECT_EQ(p.read[0], "");
  EXPECT_EQ(p.Data(0, "hello ").drop, DropReason::kNone);
  EXPECT_EQ(p.read[0], "hello world");
}

TEST(TcpConnection, DropsOtherBytesWhereSomeWereForwarded) {
  Play p;
  p.Handshake();
  p.Data(0, "innocent");
  EXPECT_EQ(p.Data(0, "innocent").drop, DropReason::kNone) << "a true retransmission goes on";
  EXPECT_EQ(p.Data(0, "blocked!").drop, DropReason::kTcpConflict);
  EXPECT_EQ(p.Data(4, "cent and more").drop, DropReason::kNone);
  p.Data(30, "early");
  EXPECT_EQ(p.Data(28, "xxEARLY").drop, DropReason::kTcpConflict) << "held out of order counts as forwarded";
  p.Ack(8);
  EXPECT_EQ(p.Data(0, "blocked!").drop, DropReason::kTcpConflict) << "also shortly after it was acknowledged";
}

TEST(TcpConnection, ReadsDataOfTheSynAndHoldsItAgainstLaterCopies) {
  Play p;
  p.Syn(kIsnC, "fast");
  EXPECT_EQ(p.read[0], "fast");
  p.SynAck();
  EXPECT_EQ(p.Data(0, "slow").drop, DropReason::kTcpConflict);
  EXPECT_EQ(p.Data(0, "fast").drop, DropReason::kNone);
}

TEST(TcpConnection, WaitsForAnAckToPickBetweenTwoSyns) {
  Play p;
  p.Syn(100);
  EXPECT_EQ(p.Syn(900).drop, DropReason::kNone);
  EXPECT_EQ(p.Offer(kC, {.seq = 101, .flags = kTcpAck, .data = AsBytes("early")}).drop, DropReason::kTcpOutOfWindow);
  p.SynAck(900);
  p.Offer(kC, {.seq = 901, .ack = kIsnS + 1, .flags = kTcpAck, .data = AsBytes("picked")});
  EXPECT_EQ(p.read[0], "picked");
}

TEST(TcpConnection, LetsNoSynBeginTheStreamAnew) {
  Play p;
  p.Handshake();
  p.Data(0, "prefix");
  EXPECT_EQ(p.Syn(kIsnC + 6).drop, DropReason::kTcpOutOfWindow);
  EXPECT_EQ(p.Syn(kIsnC + 0x40000000).drop, DropReason::kNone) << "a rebooted client gets its challenge ACK";
  p.Data(6, " goes on");
  EXPECT_EQ(p.read[0], "prefix goes on");
}

TEST(TcpConnection, LeavesASynOfAnotherConnectionWithoutEffectUntilItIsAnswered) {
  Play p;
  p.Handshake();
  p.Data(0, "", kTcpFin | kTcpAck);
  EXPECT_TRUE(p.Syn(0x40000077).other_syn);
  EXPECT_EQ(p.Syn(0x40000078, "data").drop, DropReason::kTcpOutOfWindow);
  p.Offer(kS, {.seq = kIsnS + 1, .ack = kIsnC + 2, .flags = kTcpFin | kTcpAck});
  p.Offer(kC, {.seq = kIsnC + 2, .ack = kIsnS + 2, .flags = kTcpAck});
  EXPECT_EQ(p.tcp.state(), TcpState::kClosed);
  EXPECT_TRUE(p.Syn(0x40000077).restarts) << "the server itself ended the old one";
}

TEST(TcpConnection, GoesOnReadingAfterFinAndReset) {
  Play p;
  p.Handshake();
  p.Data(0, "", kTcpFin | kTcpAck);
  p.Data(0, "", kTcpRst | kTcpAck);
  p.Data(0, "still here");
  EXPECT_EQ(p.read[0], "still here");
}

TEST(TcpConnection, DropsWhatIsBeyondTheWindowAndStale) {
  Play p;
  p.Handshake();
  EXPECT_EQ(p.Data(3'000'000, "far").drop, DropReason::kTcpOutOfWindow);
  EXPECT_EQ(p.Data(-3000, "old").drop, DropReason::kTcpOutOfWindow);
  p.Offer(kC,
          {.seq = kIsnC + 1, .ack = kIsnS + 1, .flags = kTcpAck, .has_ts = true, .tsval = 100, .data = AsBytes("a")});
  EXPECT_EQ(
      p.Offer(kC,
              {.seq = kIsnC + 2, .ack = kIsnS + 1, .flags = kTcpAck, .has_ts = true, .tsval = 99, .data = AsBytes("b")})
          .drop,
      DropReason::kTcpOldTimestamp);
}

TEST(TcpConnection, ReadsUrgentDataInBand) {
  Play p;
  p.Handshake();
  EXPECT_TRUE(p.Data(0, "abXcd", kTcpAck | kTcpUrg).clear_urgent);
  EXPECT_EQ(p.read[0], "abXcd");
}

TEST(TcpConnection, PicksAConnectionUpInTheMiddleUnlessForbidden) {
  Play p;
  p.Data(500, "middle");
  EXPECT_EQ(p.read[0], "middle");
  EXPECT_EQ(p.tcp.state(), TcpState::kMidstream);
  Play strict({.midstream = false});
  EXPECT_EQ(strict.Data(500, "middle").drop, DropReason::kTcpNoHandshake);
}

TEST(TcpConnection, SkipsBytesThatThePeerAcknowledgedAndWeNeverSaw) {
  Play p;
  p.Handshake();
  p.Data(0, "a");
  p.Data(10, "after the hole");
  p.Ack(10);
  EXPECT_EQ(p.read[0], "aafter the hole");
}

TEST(TcpConnection, IsSettledOnceThePeerHasWhatWasRead) {
  Play p;
  p.Handshake();
  EXPECT_TRUE(p.tcp.Settled(kC));
  p.Data(0, "hello");
  EXPECT_FALSE(p.tcp.Settled(kC));
  p.Ack(5);
  EXPECT_TRUE(p.tcp.Settled(kC));
}

TEST(TcpConnection, StaysWithinItsBudgets) {
  Play p({.out_of_order_bytes = 1000, .out_of_order_segments = 3});
  p.Handshake();
  for (const int at : {10, 20, 30}) EXPECT_EQ(p.Data(at, "x").drop, DropReason::kNone);
  EXPECT_TRUE(p.Data(40, "x").over_budget);
  EXPECT_EQ(p.Data(11, "y").drop, DropReason::kNone) << "joins its neighbour";
  EXPECT_TRUE(p.Data(50, std::string(2000, 'z')).over_budget);
}

// How hosts settle overlaps (Novak and Sturges 2007): does a newer piece replace
// the bytes that it shares with an older one?
struct Piece {
  std::int64_t start;
  std::string data;
  [[nodiscard]] std::int64_t end() const { return start + static_cast<std::int64_t>(data.size()); }
};
using Wins = bool (*)(const Piece& old, const Piece& now);
constexpr std::array<Wins, 5> kHosts = {
    [](const Piece&, const Piece&) { return false; },
    [](const Piece&, const Piece&) { return true; },
    [](const Piece& o, const Piece& n) { return n.start < o.start; },
    [](const Piece& o, const Piece& n) { return n.start < o.start || (n.start == o.start && n.end() > o.end()); },
    [](const Piece& o, const Piece& n) { return n.start < o.start && n.end() > o.end(); },
};

std::string Assemble(const std::vector<Piece>& pieces, Wins wins) {
  std::map<std::int64_t, std::pair<char, const Piece*>> bytes;
  for (const Piece& piece : pieces) {
    for (std::int64_t at = std::max<std::int64_t>(0, piece.start); at < piece.end(); ++at) {
      const auto known = bytes.find(at);
      if (known == bytes.end() || wins(*known->second.second, piece)) {
        bytes[at] = {piece.data[static_cast<std::size_t>(at - piece.start)], &piece};
      }
    }
  }
  std::string stream;
  for (const auto& [at, byte] : bytes) {
    if (at != static_cast<std::int64_t>(stream.size())) break;
    stream += byte.first;
  }
  return stream;
}

TEST(TcpConnection, ReadsWhatEveryHostReadsOfWhatWasForwarded) {
  std::mt19937 random(3);
  const auto below = [&](unsigned long n) { return static_cast<std::int64_t>(random() % n); };
  for (int run = 0; run < 10'000; ++run) {
    Play p;
    p.Handshake();
    std::vector<Piece> forwarded;
    std::int64_t acked = 0;
    for (int i = 0; i < 14; ++i) {
      Piece piece{below(40) - 3, {}};
      const std::int64_t size = 1 + below(12);
      for (std::int64_t k = 0; k < size; ++k) {
        // Mostly the true bytes, now and then a decoy.
        piece.data += static_cast<char>((piece.start + k) % 26 + (random() % 16 == 0 ? 'A' : 'a'));
      }
      // A keep-alive's byte: no host looks at what it has acknowledged.
      const bool keep_alive = piece.data.size() == 1 && piece.end() == acked;
      if (p.Data(piece.start, piece.data).drop == DropReason::kNone && !keep_alive) forwarded.push_back(piece);
      if (random() % 4 == 0) p.Ack(static_cast<std::uint32_t>(acked = static_cast<std::int64_t>(p.read[0].size())));
    }
    for (const Wins wins : kHosts) ASSERT_EQ(Assemble(forwarded, wins), p.read[0]) << "run " << run;
  }
}

TEST(TcpConnection, TakesSingleBytesLastToFirst) {
  TcpLimits limits;
  limits.out_of_order_bytes = limits.retained_bytes = 2 << 20;
  limits.out_of_order_segments = 2 << 20;
  Play p(limits);
  p.Handshake();
  constexpr int kBytes = 60'000;
  for (int at = kBytes - 1; at >= 0; --at) p.Data(at, "x");
  EXPECT_EQ(p.read[0].size(), std::size_t{kBytes});
}

}  // namespace
}  // namespace weir
