#include "perf/wire/connections.h"

#include <algorithm>

#include "perf/wire/headers.h"

namespace weir::perf {
namespace {

constexpr std::uint32_t kBegins = 8;           // at most, before it looks at what came
constexpr std::uint16_t kTaken = 64;           // frames at a time
constexpr double kPatience = 3, kQuiet = 0.5;  // seconds
constexpr double kMayLag = 1e-3;               // seconds that are caught up
constexpr std::uint32_t kNumbers = 1u << 22;   // of flows that differ

}  // namespace

Connections::Connections(std::array<MemifLink*, 2> links, const Talks& talks, std::uint32_t first,
                         double ticks_per_second)
    : links_(links),
      talks_(talks),
      states_(kStates),
      ticks_per_second_(ticks_per_second),
      next_(first),
      oldest_(first) {}

const std::vector<Pattern>& Connections::TalkOf(std::uint32_t number) const noexcept {
  return talks_[number % talks_.size()];
}

ConnectionResult Connections::Run(const ConnectionTrial& trial) {
  ConnectionResult result;
  for (std::size_t i = 0; i < 2; ++i) heads_[i] = links_[i]->to_server->head;
  const std::uint32_t at_once = std::min<std::uint32_t>(trial.at_once, links_[0]->slots / 2);
  const double gap = trial.rate > 0 ? ticks_per_second_ / trial.rate : 0;
  const double may_lag = ticks_per_second_ * kMayLag;
  result.began = Seconds(CLOCK_REALTIME);
  const std::uint64_t start = Ticks();
  const std::uint64_t end = start + static_cast<std::uint64_t>(trial.seconds * ticks_per_second_);
  std::uint64_t now = start, last = start, heard = start;
  double due = 0;  // ticks since the start
  while (now < end || (under_way_ > 0 && static_cast<double>(now - heard) < kQuiet * ticks_per_second_)) {
    const auto since = static_cast<double>(now - start);
    for (std::uint32_t begun = 0; now < end && begun < kBegins && since >= due; ++begun) {
      if (under_way_ < at_once) {
        ++result.offered;
        Begin(now);
      } else if (gap > 0) {
        ++result.offered, ++result.refused;
      } else {
        break;
      }
      due += gap;
    }
    if (gap > 0 && since - due > may_lag) ++result.slips, due = since;
    const std::uint64_t before = result.completed;
    for (std::size_t side = 0; side < 2; ++side)
      if (Receive(side, now, result)) heard = now;
    if (result.completed != before) last = now;
    Flush();
    Expire(now, kPatience);
    now = Ticks();
  }
  result.seconds = trial.seconds;
  result.busy = static_cast<double>(last - start) / ticks_per_second_;
  result.ended = Seconds(CLOCK_REALTIME);
  Expire(now, 0);
  return result;
}

void Connections::Begin(std::uint64_t now) noexcept {
  State& state = states_[next_ % kStates];
  if (state.sent > 0) --under_way_;  // it was lost long ago
  state = {next_, 0, 0, now};
  next_ = (next_ + 1) % kNumbers;
  ++under_way_;
  Speak(state);
}

// All that this side says before it must hear the other one.
void Connections::Speak(State& state) noexcept {
  const std::vector<Pattern>& talk = TalkOf(state.number);
  const bool to_server = talk[state.sent].to_server;
  MemifLink& link = *links_[to_server ? 0 : 1];
  std::uint16_t& head = heads_[to_server ? 0 : 1];
  for (; state.sent < talk.size() && talk[state.sent].to_server == to_server; ++state.sent) {
    if (static_cast<std::uint16_t>(head - link.to_server->Load(&MemifRing::tail)) >= link.slots) continue;  // lost
    const std::size_t slot = head & (link.slots - 1u);
    std::byte* frame = link.room() + kSlot * slot;  // the device gave it back with the slot
    Stamper::StampInto(frame, talk[state.sent], state.number);
    link.to_server->descriptors()[slot] = {0, 0, static_cast<std::uint32_t>(talk[state.sent].bytes.size()),
                                           static_cast<std::uint32_t>(frame - link.region()), 0};
    ++head;
  }
}

void Connections::Flush() noexcept {
  for (std::size_t i = 0; i < 2; ++i) {
    MemifRing& ring = *links_[i]->to_server;
    if (ring.head != heads_[i]) ring.Store(&MemifRing::head, heads_[i]);
  }
}

bool Connections::Receive(std::size_t side, std::uint64_t now, ConnectionResult& result) noexcept {
  MemifLink& link = *links_[side];
  std::uint16_t seen = link.taken();
  const auto waiting = static_cast<std::uint16_t>(link.to_client->Load(&MemifRing::tail) - seen);
  if (waiting == 0) return false;
  const bool to_server = side == 1;
  for (std::uint16_t left = std::min(waiting, kTaken); left > 0; --left, ++seen) {
    const MemifDescriptor slot = link.to_client->descriptors()[seen & (link.slots - 1u)];
    const std::uint32_t number = StampedFrame{link.region() + slot.offset}.flow(to_server);
    link.Renew(seen);
    State& state = states_[number % kStates];
    const std::vector<Pattern>& talk = TalkOf(number);
    if (state.number != number || state.sent == 0) {
      ++result.late;
      continue;
    }
    const auto fits = [&](std::uint16_t i) {
      return talk[i].to_server == to_server && talk[i].bytes.size() == slot.length;
    };
    std::uint16_t which = state.came;
    while (which < state.sent && !fits(which)) ++which;
    if (which == state.sent) ++result.damaged;
    if (which != state.came) {  // one before it is lost
      End(state);
      continue;
    }
    if (++state.came < state.sent) continue;
    if (state.sent < talk.size()) {
      Speak(state);
      continue;
    }
    result.latency.Add(now - state.began, 1);
    ++result.completed;
    End(state);
  }
  link.Release(seen);
  return true;
}

// Those that began longer ago are given up: their numbers are nobody's from then on.
void Connections::Expire(std::uint64_t now, double patience) noexcept {
  const double most = patience * ticks_per_second_;
  for (; oldest_ != next_; oldest_ = (oldest_ + 1) % kNumbers) {
    State& state = states_[oldest_ % kStates];
    if (state.number != oldest_ || state.sent == 0) continue;
    if (static_cast<double>(now - state.began) < most) return;
    End(state);
  }
}

void Connections::End(State& state) noexcept {
  --under_way_;
  state.sent = state.came = 0;
}

}  // namespace weir::perf
