#include "perf/wire/generator.h"

#include <algorithm>
#include <cstring>

#include "perf/wire/data_frames.h"

namespace weir::perf {
namespace {

constexpr std::uint32_t kBurstFrames = 32, kAtOnce = 128;
constexpr std::size_t kSlot = 1536;  // bytes of room a frame: whole cache lines
constexpr std::uint32_t kFcs = 4;
constexpr std::uint32_t kLeastFrame6 = 84;
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

std::uint32_t Half(const std::byte* at) noexcept {
  std::uint32_t half;
  std::memcpy(&half, at, sizeof half);
  return half;
}

// Sums of 16-bit words (RFC 1071: ones' complement).
std::uint32_t Without(std::uint32_t both) noexcept { return (~both & 0xffff) + (~both >> 16); }
std::uint16_t Fold(std::uint32_t sum) noexcept {
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>((sum & 0xffff) + (sum >> 16));
}

std::size_t TcpAt(const Pattern& pattern) noexcept { return pattern.ipv6 ? 54 : 34; }

std::uint32_t FillOf(const Pattern& pattern) noexcept {
  const std::byte* at = pattern.bytes.data() + pattern.bytes.size() - kStamp;
  return std::uint32_t{Word(at)} + Word(at + 2) + Word(at + 4);
}

std::uint32_t NumbersShare(const std::byte* tcp) noexcept { return Without(Half(tcp + 4)) + Without(Half(tcp + 8)); }

// Numbers in the place of 0, the checksum goes with them (RFC 1624, equation 3).
void SetNumbers(std::byte* tcp, const Sequences::Numbers& numbers) noexcept {
  StoreBe32(tcp + 4, numbers.sequence);
  StoreBe32(tcp + 8, numbers.acknowledged);
  std::uint32_t sum = static_cast<std::uint16_t>(~Word(tcp + 16));
  for (std::size_t at = 4; at < 12; at += 2) sum += Word(tcp + at);
  const auto mended = static_cast<std::uint16_t>(~Fold(sum));
  std::memcpy(tcp + 16, &mended, sizeof mended);
}

}  // namespace

Generator::Generator(std::array<MemifLink*, 2> links, std::uint32_t flows, double ticks_per_second)
    : Generator(links, flows, ticks_per_second,
                {TlsConnection(false, "www.innocent.example"), TlsConnection(true, "www.innocent.example")}) {
  sequences_.reset();
}

Generator::Generator(std::array<MemifLink*, 2> links, std::uint32_t flows, double ticks_per_second, Talks talks)
    : flows_(flows),
      ticks_per_second_(ticks_per_second),
      talks_(std::move(talks)),
      sequences_(flows),
      sent_at_(kRemembered) {
  for (std::size_t i = 0; i < 2; ++i) lanes_[i].link = links[i];
}

// A frame is not stamped anew while the ring may still hold it.
std::size_t Generator::RoomFor(std::uint32_t flows, unsigned slots) {
  return kSlot * std::max<std::size_t>({flows, 2u * slots, kAtOnce});
}

bool Generator::Establish() {
  constexpr std::size_t kSteps = 8;  // up to the first data each way
  for (std::uint32_t first = 0; first < flows_; first += kAtOnce)
    for (std::size_t step = 0; step < kSteps; ++step)
      if (!ExchangeStep(step, first, std::min(first + kAtOnce, flows_))) return false;
  for (std::uint32_t flow = 0; sequences_ && flow < flows_; ++flow) {
    const Pattern& next = talks_[flow % talks_.size()][kSteps];  // of the client's
    const std::byte* tcp = next.bytes.data() + TcpAt(next);
    sequences_->Start(flow, {LoadBe32(tcp + 4), LoadBe32(tcp + 8)});
  }
  size_.reset();  // the room is overwritten
  return true;
}

bool Generator::ExchangeStep(std::size_t step, std::uint32_t first, std::uint32_t last) {
  const std::size_t from = talks_.front()[step].to_server ? 0 : 1;
  MemifLink& link = *lanes_[from].link;
  MemifRing& ring = *link.to_server;
  const std::uint16_t head = ring.head;
  for (std::uint32_t flow = first; flow < last; ++flow) {
    const Pattern& pattern = talks_[flow % talks_.size()][step];
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

// By place in the mix, family, direction.
std::vector<std::array<std::array<Pattern, 2>, 2>> Generator::PatternsOf(std::uint32_t size) const {
  const std::vector<std::uint32_t> sizes =
      size == kImix ? std::vector<std::uint32_t>{64, 594, 64, 594, 64, 1518, 64, 594, 64, 594, 64, 64}
                    : std::vector<std::uint32_t>{size};
  std::vector<std::array<std::array<Pattern, 2>, 2>> patterns;
  for (const std::uint32_t each : sizes) {
    auto& families = patterns.emplace_back();
    for (const bool ipv6 : {false, true}) {
      const std::uint32_t whole = std::max(each, ipv6 ? kLeastFrame6 : kLeastFrame);
      if (sequences_) {
        families[ipv6] = DataFrames(ipv6, whole);
      } else {
        const auto both = Established(ipv6, whole - (ipv6 ? 74 : 54) - kFcs);
        families[ipv6] = {both[0], both[1]};
      }
    }
  }
  return patterns;
}

void Generator::Prepare(std::uint32_t size) {
  if (size_ == size) return;
  size_ = size;
  const auto patterns = PatternsOf(size);
  std::size_t most = 0;
  lengths_.reset();
  for (const auto& families : patterns)
    for (const auto& both : families) lengths_.set(both[0].bytes.size()), most = std::max(most, both[0].bytes.size());
  for (std::size_t to = 0; to < 2; ++to) {
    Lane& lane = lanes_[to];
    const std::size_t count = RoomFor(flows_, lane.link->slots) / kSlot;
    const std::size_t apart = (most + 63) / 64 * 64;  // as close as lines allow: a page holds many
    lane.frames.clear();
    for (std::size_t i = 0; i < count; ++i) {
      const auto flow = static_cast<std::uint32_t>(i * 2654435761u % flows_);
      const Pattern& pattern = patterns[flow / 2 % patterns.size()][flow % 2][to];
      const auto length = static_cast<std::uint32_t>(pattern.bytes.size());
      const StampedFrame frame{lane.link->room() + apart * i};
      Stamper::StampInto(frame.at, pattern, flow);
      if (sequences_ && frame.payload(length) == 0) SetNumbers(frame.tcp(), sequences_->Next(flow, to, 0));
      lane.frames.push_back({static_cast<std::uint32_t>(frame.at - lane.link->region()), length, flow});
    }
    lane.next = 0;
    lane.fill_sent = FillOf(patterns[0][0][to]);
    lane.fill = FillOf(patterns[0][0][1 - to]);
  }
}

// Writes a segment's numbers; their share of what balances a stamp. What has no data keeps those it was prepared with.
std::uint32_t Generator::Number(const Frame& frame, std::size_t to) noexcept {
  const StampedFrame stamped{lanes_[to].link->region() + frame.offset};
  const std::uint32_t payload = stamped.payload(frame.length);
  if (payload == 0) return 0;
  const Sequences::Numbers numbers = sequences_->Next(frame.flow, to, payload);
  std::byte* tcp = stamped.tcp();
  StoreBe32(tcp + 4, numbers.sequence);
  StoreBe32(tcp + 8, numbers.acknowledged);
  return NumbersShare(tcp);
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
      SendBurst(to, now, static_cast<std::uint32_t>(std::min<std::uint64_t>(kBurstFrames, frames - result.offered)),
                result);
      to = 1 - to;
      due += gap;
      if (gap > 0 && since - due > may_lag) ++result.slips, due = since;
    }
    for (const std::size_t side : {0u, 1u}) result.received += Receive(side, result);
  }
  result.seconds = static_cast<double>(now - start) / ticks_per_second_;
  result.ended = Seconds(CLOCK_REALTIME);
  std::uint64_t quiet = Ticks(), last = now;
  while (result.received + result.refused < result.offered &&
         static_cast<double>(Ticks() - quiet) < kQuiet * ticks_per_second_) {
    for (const std::size_t side : {0u, 1u}) {
      const std::uint32_t came = Receive(side, result);
      result.received += came;
      if (came > 0) quiet = Ticks(), last = quiet;
    }
  }
  result.busy = static_cast<double>(last - start) / ticks_per_second_;
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
    for (const std::size_t side : {0u, 1u}) result.received += Receive(side, result);
  } while (!rings_empty() && static_cast<double>(Ticks() - began) < patience);
  if (!rings_empty()) return 0;
  const std::uint64_t took = Ticks() - began;
  ++result.pauses, result.paused += static_cast<double>(took) / ticks_per_second_;
  return took;
}

void Generator::SendBurst(std::size_t to, std::uint64_t now, std::uint32_t most, TrialResult& result) noexcept {
  Lane& lane = lanes_[to];
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
    const std::uint16_t balance = Fold(lane.fill_sent + Without(own) + (sequences_ ? Number(frame, to) : 0));
    std::memcpy(at, &own, sizeof own);
    std::memcpy(at + sizeof own, &balance, sizeof balance);
    ring.descriptors()[(head + i) & (link.slots - 1u)] = {0, 0, frame.length, frame.offset, 0};
  }
  ring.Store(&MemifRing::head, static_cast<std::uint16_t>(head + n));
}

std::uint32_t Generator::Receive(std::size_t side, TrialResult& result) noexcept {
  Lane& lane = lanes_[side];
  MemifLink& link = *lane.link;
  MemifRing& ring = *link.to_client;
  std::uint16_t seen = link.taken();
  const auto waiting = static_cast<std::uint16_t>(ring.Load(&MemifRing::tail) - seen);
  if (waiting == 0) return 0;
  const std::uint64_t now = Ticks();
  const std::uint32_t n = std::min<std::uint32_t>(waiting, 2 * kBurstFrames);
  std::uint32_t good = 0;
  std::uint32_t same = 0, of_burst = UINT32_MAX;  // frames of one burst share their latency
  const auto count = [&] {
    if (same > 0) result.latency.Add(now - sent_at_[of_burst % kRemembered], same);
    same = 0;
  };
  for (std::uint32_t i = 0; i < n; ++i, ++seen) {
    const MemifDescriptor& slot = ring.descriptors()[seen & (link.slots - 1u)];
    const std::uint32_t length = slot.length;
    const StampedFrame frame{link.region() + slot.offset};
    const std::byte* at = frame.at + length - kStamp;
    std::uint32_t stamp = 0;
    const bool whole = length < lengths_.size() && lengths_[length];
    if (whole) stamp = Half(at);
    std::uint32_t sum = lane.fill + Without(stamp);
    const std::uint32_t payload = whole && sequences_ ? frame.payload(length) : 0;
    if (payload > 0) sum += NumbersShare(frame.tcp());
    if (!whole || Word(at + sizeof stamp) != Fold(sum)) {
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
      if (payload > 0) sequences_->Arrived(frame.flow(side == 1), 1 - side, LoadBe32(frame.tcp() + 4), payload);
    }
    link.Renew(seen);
  }
  count();
  link.Release(seen);
  return good;
}

std::uint32_t Generator::Discard(Lane& lane) noexcept {
  MemifLink& link = *lane.link;
  std::uint16_t seen = link.taken();
  std::uint32_t n = 0;
  for (const std::uint16_t tail = link.to_client->Load(&MemifRing::tail); seen != tail; ++seen, ++n) link.Renew(seen);
  link.Release(seen);
  return n;
}

}  // namespace weir::perf
