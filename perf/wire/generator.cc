#include "perf/wire/generator.h"

#include <algorithm>
#include <cstring>

namespace weir::perf {
namespace {

constexpr std::uint32_t kBurstFrames = 32, kAtOnce = 128;
constexpr std::size_t kSlot = 1536;  // bytes of room a frame: whole cache lines
constexpr std::uint32_t kFcs = 4, kStamp = 6;
constexpr std::uint32_t kIndexBits = 5, kTrialShift = 28, kBurstMask = (1u << (kTrialShift - kIndexBits)) - 1;
constexpr std::size_t kRemembered = 1u << 14;  // bursts, more than can be under way
constexpr int kPauses = 32;
constexpr double kPatience = 5, kQuiet = 0.1;  // seconds
constexpr double kMayLag = 200e-6;             // seconds that are caught up,
constexpr double kMayLagShare = 0.25;          // of what the rings hold, so that a ring does not overflow by it
constexpr double kStandstill = 50e-6;          // seconds: a device at work takes a burst every few microseconds

std::uint16_t Word(const std::byte* at) noexcept {
  std::uint16_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// What brings the sum of three words, two of them the stamp's, to `fill` (RFC 1071: ones' complement).
std::uint16_t Balance(std::uint32_t stamp, std::uint32_t fill) noexcept {
  std::uint32_t sum = fill + (~stamp & 0xffff) + (~stamp >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>((sum & 0xffff) + (sum >> 16));
}

std::uint32_t FillOf(const Pattern& pattern) noexcept {
  const std::byte* at = pattern.bytes.data() + pattern.bytes.size() - kStamp;
  return std::uint32_t{Word(at)} + Word(at + 2) + Word(at + 4);
}

}  // namespace

Generator::Generator(std::array<MemifLink*, 2> links, std::uint32_t flows, double ticks_per_second)
    : flows_(flows), ticks_per_second_(ticks_per_second), sent_at_(kRemembered) {
  for (std::size_t i = 0; i < 2; ++i) lanes_[i].link = links[i];
}

// A frame is not stamped anew while the ring may still hold it.
std::size_t Generator::RoomFor(std::uint32_t flows, unsigned slots) {
  return kSlot * std::max<std::size_t>({flows, 2u * slots, kAtOnce});
}

bool Generator::Establish() {
  const auto v4 = TlsConnection(false, "www.innocent.example"), v6 = TlsConnection(true, "www.innocent.example");
  constexpr std::size_t kSteps = 8;  // up to the first data each way
  for (std::uint32_t first = 0; first < flows_; first += kAtOnce)
    for (std::size_t step = 0; step < kSteps; ++step)
      if (!ExchangeStep(v4, v6, step, first, std::min(first + kAtOnce, flows_))) return false;
  size_ = 0;  // the room is overwritten
  return true;
}

bool Generator::ExchangeStep(const std::vector<Pattern>& v4, const std::vector<Pattern>& v6, std::size_t step,
                             std::uint32_t first, std::uint32_t last) {
  const std::size_t from = v4[step].to_server ? 0 : 1;
  MemifLink& link = *lanes_[from].link;
  MemifRing& ring = *link.to_server;
  const std::uint16_t head = ring.head;
  for (std::uint32_t flow = first; flow < last; ++flow) {
    const Pattern& pattern = (flow % 2 == 0 ? v4 : v6)[step];
    std::byte* frame = link.room() + kSlot * (flow - first);
    if (pattern.bytes.size() > kSlot) return false;
    Stamper::StampInto(frame, pattern, flow);
    MemifDescriptor& slot = ring.descriptors()[(head + (flow - first)) & (link.slots - 1u)];
    slot = {0, 0, static_cast<std::uint32_t>(pattern.bytes.size()), static_cast<std::uint32_t>(frame - link.region()),
            0};
  }
  ring.Store(&MemifRing::head, static_cast<std::uint16_t>(head + (last - first)));
  std::uint32_t came = 0;
  const double start = Seconds(CLOCK_MONOTONIC);
  while (came < last - first) {
    came += Discard(lanes_[1 - from]);
    if (Seconds(CLOCK_MONOTONIC) - start > kPatience) return false;
  }
  return true;
}

void Generator::Prepare(std::uint32_t size) {
  if (size == size_) return;
  size_ = size;
  const std::uint32_t v4 = std::max(size, kLeastFrame), v6 = std::max(size, 84u);
  const std::array patterns = {Established(false, v4 - 54 - kFcs), Established(true, v6 - 74 - kFcs)};
  lengths_ = {v4 - kFcs, v6 - kFcs};
  for (std::size_t to = 0; to < 2; ++to) {
    Lane& lane = lanes_[to];
    const std::size_t count = RoomFor(flows_, lane.link->slots) / kSlot;
    const std::size_t apart = (std::size_t{v6} - kFcs + 63) / 64 * 64;  // as close as lines allow: a page holds many
    lane.frames.clear();
    for (std::size_t i = 0; i < count; ++i) {
      const auto flow = static_cast<std::uint32_t>(i * 2654435761u % flows_);
      const Pattern& pattern = patterns[flow % 2][to];
      std::byte* frame = lane.link->room() + apart * i;
      Stamper::StampInto(frame, pattern, flow);
      lane.frames.push_back(
          {static_cast<std::uint32_t>(frame - lane.link->region()), static_cast<std::uint32_t>(pattern.bytes.size())});
    }
    lane.next = 0;
    lane.fill_sent = FillOf(patterns[0][to]);
    lane.fill = FillOf(patterns[0][1 - to]);
  }
}

TrialResult Generator::Run(const TrialOptions& options) {
  Prepare(options.size);
  TrialResult result;
  trial_ = (trial_ + 1) & 15;
  for (Lane& lane : lanes_) (void)Discard(lane), lane.last = 0, lane.refused_by_then = 0;
  burst_ = 0;
  const double gap = options.rate > 0 ? ticks_per_second_ * kBurstFrames / options.rate : 0;
  const double may_lag =
      std::min(ticks_per_second_ * kMayLag, gap * kMayLagShare * 2 * lanes_[0].link->slots / kBurstFrames);
  const auto frames = options.frames > 0 ? options.frames : UINT64_MAX;
  result.began = Seconds(CLOCK_REALTIME);
  std::uint64_t start = Ticks();
  std::uint64_t end =
      options.frames > 0 ? UINT64_MAX : start + static_cast<std::uint64_t>(options.seconds * ticks_per_second_);
  double due = 0;  // ticks since the start
  std::uint64_t now = start;
  for (std::size_t to = 0; now < end && result.offered < frames; now = Ticks()) {
    const auto since = static_cast<double>(now - start);
    if (since >= due && gap > 0 && StandsStill(lanes_[to], now, result)) {
      const std::uint64_t paused = SitOut(lanes_[to], result);
      if (paused == 0) break;
      start += paused, end += options.frames > 0 ? 0 : paused;
      continue;
    }
    if (since >= due) {
      SendBurst(lanes_[to], now,
                static_cast<std::uint32_t>(std::min<std::uint64_t>(kBurstFrames, frames - result.offered)), result);
      to = 1 - to;
      due += gap;
      if (gap > 0 && since - due > may_lag) ++result.slips, due = since;
    }
    for (Lane& lane : lanes_) result.received += Receive(lane, result);
  }
  result.seconds = static_cast<double>(now - start) / ticks_per_second_;
  result.ended = Seconds(CLOCK_REALTIME);
  std::uint64_t quiet = Ticks();
  while (result.received + result.refused < result.offered &&
         static_cast<double>(Ticks() - quiet) < kQuiet * ticks_per_second_) {
    for (Lane& lane : lanes_) {
      const std::uint32_t came = Receive(lane, result);
      result.received += came;
      if (came > 0) quiet = Ticks();
    }
  }
  return result;
}

bool Generator::StandsStill(Lane& lane, std::uint64_t now, const TrialResult& result) const noexcept {
  MemifRing& ring = *lane.link->to_server;
  const std::uint16_t tail = ring.Load(&MemifRing::tail);
  const bool full = static_cast<std::uint16_t>(ring.head - tail) + kBurstFrames > lane.link->slots;
  if (!full || tail != lane.taken) lane.taken = tail, lane.taken_at = now, lane.refused_by_then = result.refused;
  return static_cast<double>(now - lane.taken_at) >= kStandstill * ticks_per_second_;
}

// Ticks from when it last took something until it has taken all; 0: it does not any more.
std::uint64_t Generator::SitOut(const Lane& lane, TrialResult& result) noexcept {
  const std::uint64_t refused = result.refused - lane.refused_by_then;
  result.refused -= refused, result.offered -= refused;
  const auto rings_empty = [&] {
    return std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& each) {
      MemifRing& ring = *each.link->to_server;
      return ring.Load(&MemifRing::tail) == ring.head;
    });
  };
  const std::uint64_t began = lane.taken_at;
  const double patience = kPatience * ticks_per_second_;
  do {
    for (Lane& each : lanes_) result.received += Receive(each, result);
  } while (!rings_empty() && static_cast<double>(Ticks() - began) < patience);
  if (!rings_empty()) return 0;
  const std::uint64_t took = Ticks() - began;
  ++result.pauses, result.paused += static_cast<double>(took) / ticks_per_second_;
  return took;
}

void Generator::SendBurst(Lane& lane, std::uint64_t now, std::uint32_t most, TrialResult& result) noexcept {
  MemifLink& link = *lane.link;
  MemifRing& ring = *link.to_server;
  const std::uint16_t head = ring.head;
  const auto under_way = static_cast<std::uint16_t>(head - ring.Load(&MemifRing::tail));
  const std::uint32_t n = std::min<std::uint32_t>(most, link.slots - under_way);
  result.offered += most;
  result.refused += most - n;
  if (n == 0) {  // to look again at once would only take the ring's cache line from who must make room
    for (int i = 0; i < kPauses; ++i) __builtin_ia32_pause();
    return;
  }
  const std::uint32_t number = ++burst_ & kBurstMask;
  sent_at_[number % kRemembered] = now;
  const std::uint32_t stamp = trial_ << kTrialShift | number << kIndexBits;
  for (std::uint32_t i = 0; i < n; ++i) {
    const Frame frame = lane.frames[lane.next];
    if (++lane.next == lane.frames.size()) lane.next = 0;
    std::byte* at = link.region() + frame.offset + frame.length - kStamp;
    const std::uint32_t own = stamp | i;
    const std::uint16_t balance = Balance(own, lane.fill_sent);
    std::memcpy(at, &own, sizeof own);
    std::memcpy(at + sizeof own, &balance, sizeof balance);
    ring.descriptors()[(head + i) & (link.slots - 1u)] = {0, 0, frame.length, frame.offset, 0};
  }
  ring.Store(&MemifRing::head, static_cast<std::uint16_t>(head + n));
}

std::uint32_t Generator::Receive(Lane& lane, TrialResult& result) noexcept {
  MemifLink& link = *lane.link;
  MemifRing& ring = *link.to_client;
  const auto waiting = static_cast<std::uint16_t>(ring.Load(&MemifRing::tail) - lane.seen);
  if (waiting == 0) return 0;
  const std::uint64_t now = Ticks();
  const std::uint32_t n = std::min<std::uint32_t>(waiting, 2 * kBurstFrames);
  std::uint32_t good = 0;
  std::uint32_t same = 0, of_burst = UINT32_MAX;  // frames of one burst share their latency
  const auto count = [&] {
    if (same > 0) result.latency.Add(now - sent_at_[of_burst % kRemembered], same);
    same = 0;
  };
  for (std::uint32_t i = 0; i < n; ++i, ++lane.seen) {
    const MemifDescriptor& slot = ring.descriptors()[lane.seen & (link.slots - 1u)];
    const std::uint32_t length = slot.length;
    const std::byte* at = link.region() + slot.offset + length - kStamp;
    std::uint32_t stamp = 0;
    const bool whole = length == lengths_[0] || length == lengths_[1];
    if (whole) std::memcpy(&stamp, at, sizeof stamp);
    if (!whole || Word(at + sizeof stamp) != Balance(stamp, lane.fill)) {
      ++result.damaged;
    } else if (stamp >> kTrialShift != trial_) {
      ++result.late;
    } else {
      const std::uint32_t burst = stamp >> kIndexBits & kBurstMask;
      if (burst != of_burst) count(), of_burst = burst;
      ++same, ++good;
      const bool later = static_cast<std::int32_t>((stamp - lane.last) << (32 - kTrialShift)) >= 0;  // numbers wrap
      if (later) lane.last = stamp;
      result.reordered += later ? 0 : 1;
    }
    link.Renew(lane.seen);
  }
  count();
  ring.Store(&MemifRing::head, static_cast<std::uint16_t>(lane.seen + link.slots));
  return good;
}

std::uint32_t Generator::Discard(Lane& lane) noexcept {
  MemifRing& ring = *lane.link->to_client;
  std::uint32_t n = 0;
  for (const std::uint16_t tail = ring.Load(&MemifRing::tail); lane.seen != tail; ++lane.seen, ++n)
    lane.link->Renew(lane.seen);
  ring.Store(&MemifRing::head, static_cast<std::uint16_t>(lane.seen + lane.link->slots));
  return n;
}

}  // namespace weir::perf
