#include "dataplane/flow/tcp_connection.h"

#include <algorithm>
#include <array>

#include "dataplane/flow/tcp_half.h"

namespace weir {
namespace {

constexpr std::int64_t kUnknownWindow = 1 << 20;  // bytes ahead that are believed before a window was seen
constexpr std::uint8_t kMaxScale = 14;            // RFC 7323 s2.3

// One side of the connection as a sender.
struct Side {
  TcpHalf half;
  bool opened = false;  // its first sequence number is known
  bool seen = false;    // it sent something
  bool syn = false;     // from a SYN
  bool fin = false;
  bool rst = false;
  bool has_window = false;  // the peer announced how far this side may send
  bool has_ts = false;
  std::uint8_t scale = 0xff;  // of the windows that this side announces; 0xff: not offered
  std::uint32_t base = 0;     // sequence number of offset 0
  std::uint32_t other_base = 0;
  bool has_other = false;  // a second SYN with another number is open too
  std::uint32_t ts = 0;
  std::uint32_t highest_ack = 0;  // that this side sent
  std::int64_t edge = 0;          // offset after the last that the peer takes
  std::uint64_t fin_at = 0;

  // The offset of a sequence number, taken nearest to what comes next.
  [[nodiscard]] std::int64_t OffsetOf(std::uint32_t seq) const noexcept {
    const auto expected = static_cast<std::uint32_t>(base + half.next());
    return static_cast<std::int64_t>(half.next()) + static_cast<std::int32_t>(seq - expected);
  }
};

}  // namespace

struct TcpConnection::State {
  TcpLimits limits;
  std::array<Side, 2> sides;
  TcpState state = TcpState::kNew;

  TcpVerdict OnSyn(Side& from, const Side& to, const TcpSegment& s);
  void Open(Side& from, std::uint32_t base, bool by_syn, const TcpSegment& s) noexcept;
  void TakeAck(Side& from, Side& to, const TcpSegment& s);
  TcpVerdict PlaceData(Side& from, const Side& to, std::int64_t at, Bytes data);
  TcpVerdict TakeData(Side& from, const Side& to, const TcpSegment& s);
  void Advance() noexcept;
};

TcpSegment TcpSegment::From(const PacketView& view) noexcept {
  TcpSegment s;
  s.seq = view.tcp_seq;
  s.ack = view.tcp_ack;
  s.window = view.tcp_window;
  s.flags = view.tcp_flags;
  s.wscale = view.tcp_wscale;
  s.has_ts = view.has_tcp_ts;
  s.tsval = view.tcp_tsval;
  s.urgent = view.tcp_urgent;
  s.data = view.payload();
  return s;
}

TcpConnection::TcpConnection(const TcpLimits& limits) : state_(std::make_unique<State>()) { state_->limits = limits; }
TcpConnection::~TcpConnection() = default;
TcpConnection::TcpConnection(TcpConnection&&) noexcept = default;
TcpConnection& TcpConnection::operator=(TcpConnection&&) noexcept = default;

void TcpConnection::State::Open(Side& from, std::uint32_t base, bool by_syn, const TcpSegment& s) noexcept {
  from.opened = true;
  from.syn = by_syn;
  from.base = base;
  if (by_syn) from.scale = s.wscale == 0xff ? std::uint8_t{0xff} : std::min(s.wscale, kMaxScale);
}

TcpVerdict TcpConnection::State::OnSyn(Side& from, const Side& to, const TcpSegment& s) {
  const std::uint32_t base = s.seq + 1;
  if (!from.opened) {
    Open(from, base, true, s);
    return {};
  }
  if (base == from.base || (from.has_other && base == from.other_base)) return {};
  const bool answers = (s.flags & kTcpAck) != 0;
  const bool unanswered = from.half.acked() == 0 && !to.opened;
  if (unanswered && from.half.empty() && s.data.empty() && !from.has_other) {
    // Both are followed until an acknowledgement picks one; till then no data goes.
    from.has_other = true;
    from.other_base = base;
    return {};
  }
  // On a live connection it only provokes a challenge ACK (RFC 5961 s4); if the server
  // lost the old one, its SYN/ACK says so. Till then nothing of the new one is believed,
  // and it must not serve as another beginning for bytes that we read as the middle.
  const std::int64_t at = from.OffsetOf(base);
  const bool closed = (from.fin && to.fin) || from.rst || to.rst;
  const bool inside = at > -kUnknownWindow && at < static_cast<std::int64_t>(from.half.next()) + kUnknownWindow;
  if ((inside && !closed) || answers || !s.data.empty()) return {.drop = DropReason::kTcpOutOfWindow};
  return {.other_syn = true};
}

// What `from` acknowledges of the bytes that `to` sent, and how far `to` may send.
void TcpConnection::State::TakeAck(Side& from, Side& to, const TcpSegment& s) {
  if (!to.opened) {
    if (!from.syn) Open(to, s.ack, false, s);
    return;
  }
  if (to.has_other) {
    if (s.ack == to.other_base) to.base = to.other_base;
    if (s.ack == to.base) to.has_other = false;
  }
  const std::int64_t at = to.OffsetOf(s.ack);
  const std::int64_t fin = to.fin ? 1 : 0;
  if (at < 0 || at > static_cast<std::int64_t>(to.half.end()) + kUnknownWindow) return;
  from.highest_ack = at >= static_cast<std::int64_t>(to.half.acked()) ? s.ack : from.highest_ack;
  const bool of_fin = fin != 0 && static_cast<std::uint64_t>(at) == to.fin_at + 1;
  to.half.Acknowledge(static_cast<std::uint64_t>(at) - (of_fin ? 1 : 0));
  const bool scaled = (s.flags & kTcpSyn) == 0 && from.scale != 0xff && to.scale != 0xff;
  const std::int64_t window = std::int64_t{s.window} << (scaled ? from.scale : 0);
  // A midstream connection's scale was never seen: take the largest.
  const std::int64_t edge = at + (from.syn ? window : std::max(window, kUnknownWindow));
  to.edge = std::max(to.edge, edge);
  to.has_window = true;
}

// A peer that was never seen acknowledges nothing: what is older than half of the budget
// then counts as taken, if the limits allow to go on so.
TcpVerdict TcpConnection::State::PlaceData(Side& from, const Side& to, std::int64_t at, Bytes data) {
  const bool alone = !to.seen;
  if (from.half.frozen()) {
    const std::int64_t beyond = at + static_cast<std::int64_t>(data.size() - from.half.consumed());
    const DropReason placed = from.half.Place(at, data, limits);
    return {.drop = placed, .one_sided = alone && beyond > std::int64_t{limits.one_sided_bytes}};
  }
  DropReason placed = from.half.Place(at, data, limits);
  const bool ended = alone && placed == DropReason::kTcpBudget && at <= static_cast<std::int64_t>(from.half.next());
  if (ended && limits.one_sided) {
    const std::uint64_t keep = limits.retained_bytes / 2;
    from.half.Acknowledge(from.half.consumed() - std::min<std::uint64_t>(from.half.consumed(), keep));
    placed = from.half.Place(at, data, limits);
  }
  return {.drop = placed, .over_budget = placed == DropReason::kTcpBudget, .one_sided = ended};
}

TcpVerdict TcpConnection::State::TakeData(Side& from, const Side& to, const TcpSegment& s) {
  const std::uint32_t first = s.seq + ((s.flags & kTcpSyn) != 0 ? 1 : 0);
  const std::int64_t at = from.OffsetOf(first);
  const auto next = static_cast<std::int64_t>(from.half.next());
  const std::int64_t limit = from.has_window ? from.edge : next + kUnknownWindow;
  bool one_sided = false;
  if (!s.data.empty()) {
    if (from.has_other) return {.drop = DropReason::kTcpOutOfWindow};
    if (at > limit) return {.drop = DropReason::kTcpOutOfWindow};
    if (at + static_cast<std::int64_t>(s.data.size()) < -1) return {.drop = DropReason::kTcpOutOfWindow};
    if (s.has_ts && from.has_ts && static_cast<std::int32_t>(s.tsval - from.ts) < 0) {
      return {.drop = DropReason::kTcpOldTimestamp};
    }
    const TcpVerdict placed = PlaceData(from, to, at, s.data);
    if (placed.drop != DropReason::kNone) return placed;
    one_sided = placed.one_sided;
  }
  if (s.has_ts && at <= next && (!from.has_ts || static_cast<std::int32_t>(s.tsval - from.ts) > 0)) {
    from.has_ts = true;
    from.ts = s.tsval;
  }
  const std::int64_t end = at + static_cast<std::int64_t>(s.data.size());
  if ((s.flags & kTcpFin) != 0 && end >= 0 && end <= limit) {
    from.fin = true;
    from.fin_at = static_cast<std::uint64_t>(end);
  }
  // RFC 5961 s3.2: only the very next sequence number can end a connection.
  if ((s.flags & kTcpRst) != 0 && at == next) from.rst = true;
  return {.clear_urgent = (s.flags & kTcpUrg) != 0, .one_sided = one_sided};
}

void TcpConnection::State::Advance() noexcept {
  const Side& a = sides[0];
  const Side& b = sides[1];
  const bool both_open = a.opened && b.opened;
  if ((a.fin && b.fin) || a.rst || b.rst) {
    const bool taken = a.half.acked() >= a.fin_at && b.half.acked() >= b.fin_at;
    state = a.fin && b.fin && taken ? TcpState::kClosed : TcpState::kClosing;
  } else if (a.fin || b.fin) {
    state = TcpState::kClosing;
  } else if (!a.syn && !b.syn) {
    state = TcpState::kMidstream;
  } else if (!both_open) {
    state = TcpState::kSynSent;
  } else if (state != TcpState::kEstablished) {
    // The third step: the client acknowledged the server's SYN, or either side's data was.
    const bool answered = a.highest_ack == b.base || a.half.acked() > 0 || b.half.acked() > 0 || !a.half.empty();
    state = answered ? TcpState::kEstablished : TcpState::kSynReceived;
  }
}

TcpVerdict TcpConnection::OnSegment(Direction direction, const TcpSegment& segment, Timestamp) {
  State& s = *state_;
  Side& from = s.sides[Index(direction)];
  Side& to = s.sides[Index(Opposite(direction))];
  if ((segment.flags & kTcpSyn) != 0) {
    const TcpVerdict verdict = s.OnSyn(from, to, segment);
    if (verdict.other_syn || verdict.drop != DropReason::kNone) return verdict;
    // Another beginning than the one followed: it passes, without effect.
    if (segment.seq + 1 != from.base) return {};
  } else if (!from.opened) {
    if (!s.limits.midstream) return {.drop = DropReason::kTcpNoHandshake};
    s.Open(from, segment.seq, false, segment);
  }
  const TcpVerdict verdict = s.TakeData(from, to, segment);
  from.seen = true;
  if (verdict.drop != DropReason::kNone) return verdict;
  if ((segment.flags & kTcpAck) != 0) s.TakeAck(from, to, segment);
  s.Advance();
  return verdict;
}

Bytes TcpConnection::Readable(Direction d) const noexcept { return state_->sides[Index(d)].half.Readable(); }
void TcpConnection::Consume(Direction d, std::size_t n) noexcept { state_->sides[Index(d)].half.Consume(n); }

void TcpConnection::Freeze() {
  for (Side& side : state_->sides) side.half.Freeze();
}
void TcpConnection::Trim() {
  for (Side& side : state_->sides) side.half.Trim();
}

bool TcpConnection::Settled(Direction d) const noexcept {
  const TcpHalf& half = state_->sides[Index(d)].half;
  return half.acked() >= half.consumed();
}

std::uint64_t TcpConnection::consumed(Direction d) const noexcept { return state_->sides[Index(d)].half.consumed(); }

std::uint32_t TcpConnection::next_seq(Direction d) const noexcept {
  const Side& side = state_->sides[Index(d)];
  return static_cast<std::uint32_t>(side.base + side.half.next());
}

std::uint32_t TcpConnection::highest_ack(Direction d) const noexcept {
  return state_->sides[Index(Opposite(d))].highest_ack;
}

bool TcpConnection::holding(Direction d) const noexcept {
  const TcpHalf& half = state_->sides[Index(d)].half;
  return half.end() > half.next();
}

TcpState TcpConnection::state() const noexcept { return state_->state; }

std::size_t TcpConnection::memory_bytes() const noexcept {
  return sizeof(State) + state_->sides[0].half.memory_bytes() + state_->sides[1].half.memory_bytes();
}

}  // namespace weir
