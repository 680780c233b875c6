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
  bool opened = false;       // its first sequence number is known
  bool syn = false;          // exactly: from its SYN, or from the answer to it
  bool heard = false;        // it sent something else than a RST
  bool answered = false;     // the peer acknowledged a number of this stream
  bool must_answer = false;  // nothing of it goes before the peer answered its SYN
  bool fin = false;
  bool fin_taken = false;  // the peer acknowledged the FIN
  bool rst = false;
  bool has_window = false;  // the peer announced how far this side may send
  bool has_ts = false;
  bool strayed = false;       // bytes of it went on that lie before its SYN: another SYN could make them its stream
  bool has_other = false;     // a second SYN with another number is open too
  bool has_rival = false;     // a SYN passed on a live connection: the peer's answer would make it a new one
  std::uint8_t scale = 0xff;  // of the windows that this side announces; 0xff: not offered
  std::uint32_t base = 0;     // sequence number of offset 0
  std::uint32_t other_base = 0;
  std::uint32_t rival_base = 0;
  std::uint32_t ts = 0;
  std::uint32_t highest_ack = 0;  // that this side sent
  std::int64_t edge = 0;          // offset after the last that the peer takes
  std::uint64_t fin_at = 0;

  // The offset of a sequence number, taken nearest to what comes next.
  [[nodiscard]] std::int64_t OffsetOf(std::uint32_t seq) const noexcept {
    const auto expected = static_cast<std::uint32_t>(base + half.next());
    return static_cast<std::int64_t>(half.next()) + static_cast<std::int32_t>(seq - expected);
  }
  // Could bytes of this stream lie where one that begins at `other` has its first?
  [[nodiscard]] bool IsNear(std::uint32_t other) const noexcept {
    const std::int64_t at = OffsetOf(other);
    return at > -kUnknownWindow && at < static_cast<std::int64_t>(half.end()) + kUnknownWindow;
  }
};

}  // namespace

struct TcpConnection::State {
  TcpLimits limits;
  std::array<Side, 2> sides;
  TcpState state = TcpState::kNew;
  bool reading = true;

  TcpVerdict OnSyn(Side& from, Side& to, const TcpSegment& s);
  TcpVerdict OnOtherSyn(Side& from, const Side& to, const TcpSegment& s);
  TcpVerdict OnOtherAnswer(Side& from, const Side& to, const TcpSegment& s);
  void Open(Side& from, std::uint32_t base, bool by_syn, const TcpSegment& s) noexcept;
  void TakeAck(Side& from, Side& to, const TcpSegment& s);
  void TakeReset(Side& from, const Side& to, const TcpSegment& s) noexcept;
  [[nodiscard]] DropReason Acceptable(const Side& from, const Side& to, const TcpSegment& s,
                                      std::int64_t at) const noexcept;
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

TcpVerdict TcpConnection::State::OnSyn(Side& from, Side& to, const TcpSegment& s) {
  const std::uint32_t base = s.seq + 1;
  const bool answers = (s.flags & kTcpAck) != 0;
  // The peer took the SYN that passed on the live connection: that connection is over.
  if (answers && to.has_rival && s.ack == to.rival_base) return {.restarts = true};
  if (!from.opened) {
    Open(from, base, true, s);
    return {};
  }
  if (base == from.base) {
    from.syn = true;
    // Sent again with another scale: which of them arrived is not known, the larger is safe.
    if (s.wscale != 0xff)
      from.scale = std::max(from.scale == 0xff ? std::uint8_t{0} : from.scale, std::min(s.wscale, kMaxScale));
    return {};
  }
  if (from.has_other && base == from.other_base) {
    return {.drop = s.data.empty() ? DropReason::kNone : DropReason::kTcpOutOfWindow};
  }
  return answers ? OnOtherAnswer(from, to, s) : OnOtherSyn(from, to, s);
}

// A SYN with another number than the one that is followed.
TcpVerdict TcpConnection::State::OnOtherSyn(Side& from, const Side& to, const TcpSegment& s) {
  const std::uint32_t base = s.seq + 1;
  // Over for good: what the other side itself ended, or both did. A RST of this side may have died on its way.
  if (to.rst || (from.fin_taken && to.fin_taken)) return {.restarts = true};
  const bool unanswered = from.syn && !from.answered && !to.heard;
  if (unanswered && from.half.empty() && !from.strayed && s.data.empty() && !from.has_other) {
    // Both are followed until an acknowledgement picks one; till then no data goes.
    from.has_other = true;
    from.other_base = base;
    return {};
  }
  // It must not serve as a second beginning of the stream for bytes that we read as its middle.
  if (from.IsNear(base)) return {.drop = DropReason::kTcpOutOfWindow};
  // One-sided traffic shows no answer ever. The old stream's bytes are out of the new one's window.
  if (!to.heard && !(from.half.empty() && from.syn)) return {.restarts = true};
  if (!s.data.empty()) return {.drop = DropReason::kTcpOutOfWindow};
  // On a live connection it only provokes a challenge ACK (RFC 5961 s4), unless the peer lost its state.
  from.has_rival = true;
  from.rival_base = base;
  return {.other_syn = true};
}

// A SYN/ACK with another number than this side's first one.
TcpVerdict TcpConnection::State::OnOtherAnswer(Side& from, const Side& to, const TcpSegment& s) {
  const std::uint32_t base = s.seq + 1;
  const bool to_what_was_asked = to.opened && to.syn && (s.ack == to.base || (to.has_other && s.ack == to.other_base));
  if (!to_what_was_asked) return {.drop = DropReason::kTcpOutOfWindow};
  if (!from.syn) {  // what was seen of it before belonged to an older connection
    const bool asked_too = from.has_rival;
    from = Side{};
    from.has_rival = asked_too;
    from.heard = true;
    Open(from, base, true, s);
    return {};
  }
  // SYN cookies of another minute, an anycast neighbour: the client's ACK picks.
  if (from.answered || !from.half.empty() || !s.data.empty() || from.has_other) {
    return {.drop = DropReason::kTcpOutOfWindow};
  }
  from.has_other = true;
  from.other_base = base;
  return {};
}

// What `from` acknowledges of the bytes that `to` sent, and how far `to` may send.
void TcpConnection::State::TakeAck(Side& from, Side& to, const TcpSegment& s) {
  const bool answers = (s.flags & kTcpSyn) != 0;
  if (!to.opened) {
    // A SYN/ACK names the beginning of what it answers; the scale that was offered is not known.
    if (answers || !from.syn) Open(to, s.ack, answers, TcpSegment{});
    if (!answers) return;
  }
  if (to.has_other && (s.ack == to.base || s.ack == to.other_base)) {
    to.base = s.ack;
    to.has_other = false;
  }
  if (answers && s.ack == to.base) to.must_answer = false;
  const std::int64_t at = to.OffsetOf(s.ack);
  if (at < 0 || at > static_cast<std::int64_t>(to.half.end()) + kUnknownWindow) return;
  to.answered = true;
  from.highest_ack = at >= static_cast<std::int64_t>(to.half.acked()) ? s.ack : from.highest_ack;
  const bool of_fin = to.fin && to.half.next() == to.fin_at && static_cast<std::uint64_t>(at) == to.fin_at + 1;
  to.fin_taken = to.fin_taken || of_fin;
  to.half.Acknowledge(static_cast<std::uint64_t>(at) - (of_fin ? 1 : 0));
  const bool scaled = !answers && from.scale != 0xff && to.scale != 0xff;
  const std::int64_t window = std::int64_t{s.window} << (scaled ? from.scale : 0);
  // Where a SYN was not seen its scale is not known: take a large one.
  const bool scale_known = from.syn && to.syn && (from.scale != 0xff) == (to.scale != 0xff);
  const std::int64_t edge = at + (scale_known || answers ? window : std::max(window, kUnknownWindow));
  to.edge = std::max(to.edge, edge);
  to.has_window = true;
}

// RFC 5961 s3.2: only the very next sequence number can end a connection; RFC 9293
// s3.10.7.3: before there is one, the acknowledged SYN.
void TcpConnection::State::TakeReset(Side& from, const Side& to, const TcpSegment& s) noexcept {
  const bool refuses = !from.opened && (s.flags & kTcpAck) != 0 && to.opened && s.ack == to.base;
  if (refuses || (from.opened && s.seq == from.base + static_cast<std::uint32_t>(from.half.next()))) from.rst = true;
}

// Would a receiver take this data? What it must not take is dropped, so that it cannot
// stand in the way of what follows.
DropReason TcpConnection::State::Acceptable(const Side& from, const Side& to, const TcpSegment& s,
                                            std::int64_t at) const noexcept {
  if (from.has_other || from.must_answer) return DropReason::kTcpOutOfWindow;
  const std::int64_t end = at + static_cast<std::int64_t>(s.data.size());
  const std::int64_t limit = from.has_window ? from.edge : static_cast<std::int64_t>(from.half.next()) + kUnknownWindow;
  // Picked up in the middle: segments that were overtaken lie before what was first seen.
  if (at > limit || end < (from.syn ? -1 : -kUnknownWindow)) return DropReason::kTcpOutOfWindow;
  if ((s.flags & kTcpAck) != 0 && to.opened && to.syn && !to.has_other) {
    // RFC 5961 s5.2, RFC 9293 s3.10.7.4: with such an acknowledgement the whole segment is discarded.
    const std::int64_t ack = to.OffsetOf(s.ack);
    if (ack < -kUnknownWindow || ack > static_cast<std::int64_t>(to.half.end()) + kUnknownWindow) {
      return DropReason::kTcpOutOfWindow;
    }
  }
  // RFC 7323 s5.3 R1. Bytes that went before may go again at any age.
  const bool stale = s.has_ts && from.has_ts && static_cast<std::int32_t>(s.tsval - from.ts) < 0;
  return stale && !from.half.Has(at, s.data) ? DropReason::kTcpOldTimestamp : DropReason::kNone;
}

TcpVerdict TcpConnection::State::TakeData(Side& from, const Side& to, const TcpSegment& s) {
  const std::uint32_t first = s.seq + ((s.flags & kTcpSyn) != 0 ? 1 : 0);
  const std::int64_t at = from.OffsetOf(first);
  const std::int64_t end = at + static_cast<std::int64_t>(s.data.size());
  const bool urgent = (s.flags & kTcpUrg) != 0;
  bool one_sided = false;
  // A keep-alive's byte of garbage (RFC 9293 s3.8.4) stands where the receiver has long taken another.
  const bool keep_alive =
      s.data.size() == 1 && end == static_cast<std::int64_t>(from.half.acked()) && !from.has_other && !from.must_answer;
  if (!s.data.empty() && !keep_alive) {
    if (reading) {
      if (const DropReason why = Acceptable(from, to, s, at); why != DropReason::kNone) return {.drop = why};
    }
    const std::uint64_t forgotten = from.half.forgotten();
    const DropReason placed = from.half.Place(at, s.data, limits, !to.heard && limits.one_sided);
    const bool budget = placed == DropReason::kTcpBudget;
    one_sided = from.half.forgotten() != forgotten ||
                (budget && !to.heard && at <= static_cast<std::int64_t>(from.half.next()));
    if (placed != DropReason::kNone) return {.drop = placed, .one_sided = one_sided, .over_budget = budget};
  }
  from.strayed = from.strayed || (at < 0 && !s.data.empty());
  const auto next = static_cast<std::int64_t>(from.half.next());
  const bool newer = s.has_ts && (s.flags & kTcpRst) == 0 && at <= next;
  if (newer && (!from.has_ts || static_cast<std::int32_t>(s.tsval - from.ts) > 0)) {
    from.has_ts = true;
    from.ts = s.tsval;
  }
  const std::int64_t limit = from.has_window ? from.edge : next + kUnknownWindow;
  if ((s.flags & kTcpFin) != 0 && end >= 0 && end <= limit) {
    from.fin = true;
    from.fin_at = static_cast<std::uint64_t>(end);
  }
  return {.clear_urgent = urgent, .one_sided = one_sided};
}

// A flow may be forgotten soon only when its server cannot read on: a FIN or RST that
// was sent has not yet arrived.
void TcpConnection::State::Advance() noexcept {
  const Side& a = sides[0];
  const Side& b = sides[1];
  const bool both_open = a.opened && b.opened;
  if (a.fin_taken && b.fin_taken) {
    state = TcpState::kClosed;
  } else if (a.fin_taken || b.rst || (b.fin && a.rst)) {
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
  const bool opened = from.opened;
  if ((segment.flags & kTcpSyn) != 0) {
    const TcpVerdict verdict = s.OnSyn(from, to, segment);
    if (verdict.restarts || verdict.drop != DropReason::kNone) return verdict;
    from.heard = true;
    // Another beginning than the one followed: of what it says, only whom it answers counts.
    if (segment.seq + 1 != from.base) {
      if ((segment.flags & kTcpAck) != 0) s.TakeAck(from, to, segment);
      return verdict;
    }
  } else if ((segment.flags & kTcpRst) != 0) {
    s.TakeReset(from, to, segment);
    // There is no place yet for data that it may bring (RFC 9293 s3.10.7: text for a person).
    if (!from.opened) return {.drop = segment.data.empty() ? DropReason::kNone : DropReason::kTcpOutOfWindow};
  } else if (!from.opened) {
    if (!s.limits.midstream) return {.drop = DropReason::kTcpNoHandshake};
    s.Open(from, segment.seq, false, segment);
  }
  const TcpVerdict verdict = s.TakeData(from, to, segment);
  if (verdict.drop != DropReason::kNone) {
    from.opened = opened || from.syn;  // what never went on begins no stream
    return verdict;
  }
  from.heard = from.heard || (segment.flags & kTcpRst) == 0;
  if ((segment.flags & (kTcpAck | kTcpRst)) == kTcpAck) s.TakeAck(from, to, segment);
  s.Advance();
  return verdict;
}

void TcpConnection::RequireAnswer() noexcept { state_->sides[Index(Direction::kToServer)].must_answer = true; }

void TcpConnection::StopReading() noexcept {
  state_->reading = false;
  for (Side& side : state_->sides) side.half.Freeze();
}

void TcpConnection::Trim() {
  for (Side& side : state_->sides) side.half.Trim();
}

bool TcpConnection::holding(Direction d) const noexcept {
  const TcpHalf& half = state_->sides[Index(d)].half;
  return half.end() > half.next();
}

Bytes TcpConnection::Readable(Direction d) const noexcept { return state_->sides[Index(d)].half.Readable(); }
void TcpConnection::Consume(Direction d, std::size_t n) noexcept { state_->sides[Index(d)].half.Consume(n); }

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

TcpState TcpConnection::state() const noexcept { return state_->state; }

std::size_t TcpConnection::memory_bytes() const noexcept {
  return sizeof(State) + state_->sides[0].half.memory_bytes() + state_->sides[1].half.memory_bytes();
}

}  // namespace weir
