#include "dataplane/packet/defrag.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

#include "dataplane/packet/checksum.h"
#include "dataplane/packet/parser.h"
#include "tests/support/packet_builder.h"

namespace weir {
namespace {

using test::Octets;
using test::operator+;

// Fragments of one TCP segment of 200 payload bytes.
struct Fragments {
  std::deque<Octets> storage;
  std::vector<FrameRef> frames;
  Octets whole;

  FrameRef Frame(Octets bytes, Timestamp time = {1}) {
    storage.push_back(std::move(bytes));
    FrameRef frame;
    frame.data = storage.back().data();
    frame.len = static_cast<std::uint32_t>(storage.back().size());
    frame.time = time;
    return frame;
  }
  void V4(std::size_t size, std::string_view payload = {}) {
    const Octets segment = test::Tcp({}, payload.empty() ? Octets(200, std::byte{'x'}) : test::Text(payload));
    whole = test::Ipv4(6, segment);
    for (std::size_t at = 0; at < segment.size(); at += size) {
      const std::size_t end = std::min(segment.size(), at + size);
      const auto field = static_cast<std::uint16_t>(at / 8 | (end < segment.size() ? 0x2000 : 0));
      frames.push_back(
          Frame(test::Ethernet(0x0800, test::Ipv4(6, Part(segment, at, end), test::kClient, test::kServer, field))));
    }
  }
  void V6(std::size_t size) {
    const Octets segment = test::Tcp({}, Octets(200, std::byte{'x'}), test::kClient6, test::kServer6);
    whole = test::Ipv6(0, test::Hex("0600 010400000000") + segment);
    for (std::size_t at = 0; at < segment.size(); at += size) {
      const std::size_t end = std::min(segment.size(), at + size);
      const auto field = static_cast<std::uint16_t>(at | (end < segment.size() ? 1 : 0));
      const Octets fragment =
          test::Hex("2c00 010400000000") + test::Hex("0600") + test::Be16({field, 0, 9}) + Part(segment, at, end);
      frames.push_back(Frame(test::Ethernet(0x86dd, test::Ipv6(0, fragment))));
    }
  }
  static Octets Part(const Octets& all, std::size_t from, std::size_t to) {
    return {all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to)};
  }
};

struct Bench {
  explicit Bench(DefragLimits limits = {}) : defrag(limits) {}
  Defragmenter defrag;
  std::vector<DroppedFrame> dropped;
  Defragmenter::Outcome Add(const FrameRef& frame) {
    PacketView view;
    EXPECT_EQ(Parse(frame.bytes(), LinkType::kEthernet, {}, view), DropReason::kNone);
    EXPECT_TRUE(view.is_fragment);
    return defrag.Add(frame, view, dropped);
  }
  void MakeRoomFor(const FrameRef& frame) {
    PacketView view;
    EXPECT_EQ(Parse(frame.bytes(), LinkType::kEthernet, {}, view), DropReason::kNone);
    defrag.MakeRoom(view, dropped);
  }
};

TEST(Defragmenter, PutsFragmentsOfAnyOrderTogetherAsIfNeverCut) {
  std::mt19937 random(1);
  for (const bool v6 : {false, true}) {
    for (int run = 0; run < 50; ++run) {
      Fragments f;
      v6 ? f.V6(24) : f.V4(24);
      std::shuffle(f.frames.begin(), f.frames.end(), random);
      Bench b;
      for (std::size_t i = 0; i < f.frames.size(); ++i) {
        const Defragmenter::Outcome outcome = b.Add(f.frames[i]);
        ASSERT_EQ(outcome.complete, i + 1 == f.frames.size());
        if (!outcome.complete) continue;
        EXPECT_EQ(Octets(outcome.datagram.begin(), outcome.datagram.end()), f.whole);
        EXPECT_EQ(outcome.frames.size(), f.frames.size());
        EXPECT_EQ(outcome.frames[0].data, f.frames[0].data) << "in the order they came";
      }
      EXPECT_EQ(b.defrag.held_frames(), 0u);
      EXPECT_EQ(b.defrag.held_bytes(), 0u);
      EXPECT_TRUE(b.dropped.empty());
    }
  }
}

TEST(Defragmenter, DropsAnExactDuplicateAlone) {
  Fragments f;
  f.V4(24);
  Bench b;
  b.Add(f.frames[0]);
  b.Add(f.frames[1]);
  EXPECT_FALSE(b.Add(f.frames[0]).complete);
  ASSERT_EQ(b.dropped.size(), 1u);
  for (std::size_t i = 2; i + 1 < f.frames.size(); ++i) b.Add(f.frames[i]);
  EXPECT_TRUE(b.Add(f.frames.back()).complete);
}

TEST(Defragmenter, DropsTheWholeDatagramAndWhatFollowsOnAnOverlap) {
  Fragments f;
  f.V4(24);
  Fragments decoy;
  decoy.V4(24, std::string(200, 'y'));
  Bench b;
  b.Add(f.frames[0]);
  b.Add(decoy.frames[2]);
  b.Add(f.frames[2]);
  EXPECT_EQ(b.dropped.size(), 3u);
  for (const std::size_t i : {1u, 3u, 4u}) EXPECT_FALSE(b.Add(f.frames[i]).complete);
  EXPECT_EQ(b.dropped.size(), 6u);
  for (const DroppedFrame& dropped : b.dropped) EXPECT_EQ(dropped.reason, DropReason::kFragmentOverlap);
  EXPECT_EQ(b.defrag.held_frames(), 0u);
}

TEST(Defragmenter, RefusesFragmentsInsideOfATcpHeader) {
  Fragments f;
  f.V4(8);
  Bench b;
  b.Add(f.frames[1]);
  ASSERT_EQ(b.dropped.size(), 1u);
  EXPECT_EQ(b.dropped[0].reason, DropReason::kFragmentTiny);
}

TEST(Defragmenter, RefusesASecondEnd) {
  Fragments f;
  f.V4(24);
  Fragments shorter;
  shorter.V4(24, std::string(100, 'x'));
  Bench b;
  b.Add(f.frames.back());
  b.Add(shorter.frames.back());
  EXPECT_EQ(b.dropped.at(0).reason, DropReason::kFragmentBad);
}

TEST(Defragmenter, GivesUpWhatNeverComes) {
  Fragments f;
  f.V4(24);
  Bench b;
  b.Add(f.frames[0]);
  b.defrag.Expire({29'000'000}, b.dropped);
  EXPECT_TRUE(b.dropped.empty());
  b.defrag.Expire({31'000'000}, b.dropped);
  ASSERT_EQ(b.dropped.size(), 1u);
  EXPECT_EQ(b.dropped[0].reason, DropReason::kFragmentTimeout);
}

TEST(Defragmenter, StaysWithinEachBudget) {
  for (const DefragLimits& limits : {DefragLimits{.datagrams = 1}, DefragLimits{.per_source = 1}}) {
    Fragments f;
    f.V4(24);
    const Octets other = test::Ethernet(0x0800, test::Ipv4(6, Octets(24), test::kClient, "192.0.2.77", 0x2000));
    Bench b(limits);
    b.Add(f.frames[0]);
    EXPECT_TRUE(b.Add(f.Frame(other)).over_budget);
    EXPECT_TRUE(b.dropped.empty()) << "it is the caller's";
    b.MakeRoomFor(f.frames.back());
    ASSERT_EQ(b.dropped.size(), 1u);
    EXPECT_EQ(b.dropped[0].reason, DropReason::kFragmentBudget);
    EXPECT_FALSE(b.Add(f.frames.back()).over_budget);
  }
  Fragments f;
  f.V4(24);
  Bench b({.fragments_each = 2});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(b.Add(f.frames[i]).over_budget, i == 2);
  b.MakeRoomFor(f.frames[2]);
  EXPECT_EQ(b.dropped.size(), 2u) << "the datagram goes as a whole";
}

// Eight bytes at the end of a datagram cost eight bytes, not the room before them.
TEST(Defragmenter, CountsAllThatAFragmentCosts) {
  Fragments f;
  Bench b({.datagrams = 100'000, .per_source = 100'000, .bytes = 1u << 20});
  std::size_t held = 0;
  for (std::uint16_t id = 1; id < 20'000; ++id) {
    Octets ip = test::Ipv4(17, Octets(8), test::kClient, test::kServer, 0x1fe0);
    StoreBe16(&ip[4], id);
    StoreBe16(&ip[10], 0);
    StoreBe16(&ip[10], static_cast<std::uint16_t>(~ChecksumFold(ChecksumAdd(Bytes(ip).first(20)))));
    if (b.Add(f.Frame(test::Ethernet(0x0800, ip))).over_budget) break;
    ++held;
  }
  EXPECT_GT(held, 2000u);
  EXPECT_LT(held, 8000u);
  EXPECT_LE(b.defrag.held_bytes(), 1u << 20);
}

TEST(Defragmenter, TakesAReusedIdentificationForAnotherDatagramAfterASecond) {
  Fragments old;
  old.V4(24, std::string(200, 'o'));
  Fragments f;
  f.V4(24);
  Bench b;
  b.Add(old.frames[1]);
  bool complete = false;
  for (FrameRef frame : f.frames) {
    frame.time = {2'000'000};
    complete = b.Add(frame).complete;
  }
  EXPECT_TRUE(complete);
  ASSERT_EQ(b.dropped.size(), 1u);
  EXPECT_EQ(b.dropped[0].reason, DropReason::kFragmentTimeout);
}

TEST(Defragmenter, CopiesWhatItHoldsWhereToldAndPinsNoFrame) {
  Fragments f;
  f.V4(24);
  Bench b({.copy_held = true});
  for (std::size_t i = 0; i + 1 < f.frames.size(); ++i) EXPECT_TRUE(b.Add(f.frames[i]).copied);
  for (Octets& bytes : f.storage) {
    if (&bytes != &f.storage.back()) std::fill(bytes.begin(), bytes.end(), std::byte{0});
  }
  const Defragmenter::Outcome outcome = b.Add(f.frames.back());
  EXPECT_FALSE(outcome.copied);
  ASSERT_TRUE(outcome.complete);
  EXPECT_EQ(Octets(outcome.datagram.begin(), outcome.datagram.end()), f.whole);
  for (const FrameRef& frame : outcome.frames) {
    if (frame.copied) FreeCopy(frame);
  }
}

TEST(Defragmenter, HandsBackAllAtTheEnd) {
  Fragments f;
  f.V4(24);
  Bench b;
  b.Add(f.frames[0]);
  b.Add(f.frames[3]);
  b.defrag.Flush(b.dropped);
  EXPECT_EQ(b.dropped.size(), 2u);
  EXPECT_EQ(b.dropped[0].reason, DropReason::kShutdown);
  EXPECT_EQ(b.defrag.held_bytes(), 0u);
}

}  // namespace
}  // namespace weir
