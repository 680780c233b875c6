#include "dataplane/packet/defrag.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <set>

#include "dataplane/packet/checksum.h"

namespace weir {
namespace {

constexpr std::size_t kMaxDatagram = 65535;
constexpr std::uint32_t kSmallestTcpFirst = 20;  // RFC 1858 s3: a first fragment holds the whole TCP header

struct Identity {
  IpAddress src, dst;
  std::uint32_t id = 0;
  std::uint32_t vni = 0;
  std::uint16_t vlan = 0;
  std::uint8_t proto = 0;
  std::uint8_t version = 0;
  auto operator<=>(const Identity&) const = default;
};

Identity IdentityOf(const PacketView& view) noexcept {
  const std::uint16_t vlan = view.vlan_count > 0 ? view.vlan[0] : std::uint16_t{0};
  // RFC 8200 s4.5: addresses and identification alone.
  const std::uint8_t proto = view.ip_version == 6 ? std::uint8_t{0} : view.proto;
  return {view.src, view.dst, view.fragment_id, view.vni, vlan, proto, view.ip_version};
}

// One fragment's bytes: where they are in their frame.
struct Piece {
  std::uint32_t end = 0;
  std::uint32_t frame = 0;  // index into Collection::frames
  std::uint32_t at = 0;     // offset in the frame
  bool last = false;        // no more fragments behind it
};

// A datagram that is being collected.
struct Collection {
  std::map<std::uint32_t, Piece> pieces;  // by start, disjoint
  std::vector<std::byte> header;          // of the fragment at offset 0, without its fragment header
  std::vector<FrameRef> frames;
  std::uint32_t covered = 0;  // bytes of all pieces
  std::uint32_t total = 0;    // payload length, known from the last fragment
  std::size_t bytes = 0;      // counted against the budget
  Timestamp first{};
  bool has_total = false;
  DropReason poisoned = DropReason::kNone;  // every later fragment is dropped for this too

  // This very fragment?
  [[nodiscard]] bool Holds(const PacketView& view) const noexcept {
    const auto same = pieces.find(view.fragment_off);
    return same != pieces.end() && same->second.end == view.fragment_off + view.payload_len &&
           std::memcmp(frames[same->second.frame].data + same->second.at, view.base + view.payload_off,
                       view.payload_len) == 0;
  }
  [[nodiscard]] bool Overlaps(std::uint32_t start, std::uint32_t end) const noexcept {
    const auto next = pieces.upper_bound(start);
    return (next != pieces.begin() && std::prev(next)->second.end > start) ||
           (next != pieces.end() && next->first < end);
  }
  [[nodiscard]] bool whole() const noexcept { return has_total && covered == total; }
};

// What holding a fragment costs beside its frame: its place in the map and in the list.
constexpr std::int64_t kReusedAfterUs = 1'000'000;
constexpr std::size_t kPieceCost = sizeof(Piece) + sizeof(FrameRef) + 64;

// The IP header as it would be without fragmentation: an IPv6 fragment header and
// all behind it is cut off, the next-header field before it mended.
std::vector<std::byte> WholeHeader(const PacketView& view) {
  const Bytes head(view.base + view.l3_off, view.payload_off - view.l3_off);
  std::vector<std::byte> out(head.begin(), head.end());
  if (view.ip_version == 4) return out;
  std::size_t next_at = 6;
  std::size_t at = 40;
  while (at + 8 <= out.size()) {
    const std::uint8_t type = LoadU8(&out[next_at]);
    if (type == 44) {
      out[next_at] = out[at];
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(at), out.begin() + static_cast<std::ptrdiff_t>(at) + 8);
      return out;
    }
    next_at = at;
    at += type == 51 ? (std::size_t{LoadU8(&out[at + 1])} + 2) * 4 : (std::size_t{LoadU8(&out[at + 1])} + 1) * 8;
  }
  return out;
}

}  // namespace

struct Defragmenter::State {
  DefragLimits limits;
  std::map<Identity, Collection> open;
  std::map<IpAddress, std::uint32_t> by_source;
  std::multimap<std::int64_t, Identity> by_age;
  std::size_t held_frames = 0;
  std::size_t held_bytes = 0;
  std::vector<std::byte> datagram;  // of the last Outcome, with its frames
  std::vector<FrameRef> frames;

  DropReason Check(const PacketView& view, const Collection& c) const noexcept;
  DropReason Place(Collection& c, const FrameRef& frame, const PacketView& view, Outcome& outcome);
  void Poison(Collection& c, DropReason reason, std::vector<DroppedFrame>& dropped);
  void GiveUp(std::map<Identity, Collection>::iterator at, DropReason reason, std::vector<DroppedFrame>& dropped);
  void Remove(std::map<Identity, Collection>::iterator at);
  void Finish(std::map<Identity, Collection>::iterator at, Outcome& outcome);
  void ForgetOld(Collection& c, Timestamp now, std::vector<DroppedFrame>& dropped);
  [[nodiscard]] bool Crowded(const IpAddress& source) const noexcept;
  [[nodiscard]] static bool Stale(const Collection& c, const FrameRef& frame, const PacketView& view) noexcept;
};

Defragmenter::Defragmenter(const DefragLimits& limits, std::uint64_t) : state_(std::make_unique<State>()) {
  state_->limits = limits;
}
Defragmenter::~Defragmenter() = default;
std::size_t Defragmenter::held_frames() const noexcept { return state_->held_frames; }
std::size_t Defragmenter::held_bytes() const noexcept { return state_->held_bytes; }

DropReason Defragmenter::State::Check(const PacketView& view, const Collection& c) const noexcept {
  const std::uint32_t start = view.fragment_off;
  const std::uint32_t end = start + view.payload_len;
  if (view.payload_len == 0 || end > kMaxDatagram - 20) return DropReason::kFragmentBad;
  if (view.more_fragments && view.payload_len % 8 != 0) return DropReason::kFragmentBad;
  if (!view.more_fragments && c.has_total && c.total != end) return DropReason::kFragmentBad;
  if (c.has_total && end > c.total) return DropReason::kFragmentBad;
  if (!view.more_fragments && !c.pieces.empty() && std::prev(c.pieces.end())->second.end > end)
    return DropReason::kFragmentBad;
  // RFC 1858 s4, RFC 3128: nothing may begin inside of a TCP header.
  const bool tiny = view.proto == kProtoTcp &&
                    ((start == 0 && view.payload_len < kSmallestTcpFirst) || (start > 0 && start < kSmallestTcpFirst));
  return tiny ? DropReason::kFragmentTiny : DropReason::kNone;
}

// Takes the fragment in; kFragmentOverlap for anything but new ground.
DropReason Defragmenter::State::Place(Collection& c, const FrameRef& frame, const PacketView& view, Outcome& outcome) {
  const std::uint32_t start = view.fragment_off;
  const std::uint32_t end = start + view.payload_len;
  if (c.Overlaps(start, end)) return DropReason::kFragmentOverlap;
  const auto at = static_cast<std::uint32_t>(view.base + view.payload_off - frame.data);
  c.pieces.emplace(start, Piece{end, static_cast<std::uint32_t>(c.frames.size()), at, !view.more_fragments});
  c.covered += view.payload_len;
  if (start == 0) c.header = WholeHeader(view);
  if (!view.more_fragments) {
    c.has_total = true;
    c.total = end;
  }
  outcome.copied = limits.copy_held && !c.whole();
  c.frames.push_back(outcome.copied ? CopyFrame(frame) : frame);
  c.bytes += frame.len + kPieceCost;
  held_bytes += frame.len + kPieceCost;
  ++held_frames;
  return DropReason::kNone;
}

void Defragmenter::State::Poison(Collection& c, DropReason reason, std::vector<DroppedFrame>& dropped) {
  c.poisoned = reason;
  for (const FrameRef& frame : c.frames) dropped.push_back({frame, reason});
  held_frames -= c.frames.size();
  held_bytes -= c.bytes;
  c.bytes = 0;
  c.frames = {};
  c.pieces.clear();
}

void Defragmenter::State::GiveUp(std::map<Identity, Collection>::iterator at, DropReason reason,
                                 std::vector<DroppedFrame>& dropped) {
  for (const FrameRef& frame : at->second.frames) dropped.push_back({frame, reason});
  Remove(at);
}

void Defragmenter::State::Remove(std::map<Identity, Collection>::iterator at) {
  held_frames -= at->second.frames.size();
  held_bytes -= at->second.bytes;
  const auto source = by_source.find(at->first.src);
  if (--source->second == 0) by_source.erase(source);
  const auto [from, to] = by_age.equal_range(at->second.first.us);
  by_age.erase(std::find_if(from, to, [&](const auto& age) { return age.second == at->first; }));
  open.erase(at);
}

void Defragmenter::State::Finish(std::map<Identity, Collection>::iterator at, Outcome& outcome) {
  Collection& c = at->second;
  datagram = std::move(c.header);
  for (const auto& [start, piece] : c.pieces) {
    const std::byte* from = c.frames[piece.frame].data + piece.at;
    datagram.insert(datagram.end(), from, from + (piece.end - start));
  }
  frames = c.frames;
  Remove(at);
  if (LoadU8(datagram.data()) >> 4 == 4) {
    const std::size_t header = std::size_t{LoadU8(datagram.data()) & 15u} * 4;
    StoreBe16(&datagram[2], static_cast<std::uint16_t>(datagram.size()));
    StoreBe16(&datagram[6], 0);
    StoreBe16(&datagram[10], 0);
    StoreBe16(&datagram[10], static_cast<std::uint16_t>(~ChecksumFold(ChecksumAdd(Bytes(datagram).first(header)))));
  } else {
    StoreBe16(&datagram[4], static_cast<std::uint16_t>(datagram.size() - 40));
  }
  outcome.complete = true;
  outcome.datagram = datagram;
  outcome.frames = frames;
}

bool Defragmenter::State::Crowded(const IpAddress& source) const noexcept {
  const auto of_source = by_source.find(source);
  return of_source != by_source.end() && of_source->second >= limits.per_source;
}

// Gives up the pieces that came long ago, and keeps those of the new datagram.
void Defragmenter::State::ForgetOld(Collection& c, Timestamp now, std::vector<DroppedFrame>& dropped) {
  Collection young;
  young.first = c.first;
  for (const auto& [start, piece] : c.pieces) {
    const FrameRef& frame = c.frames[piece.frame];
    if (now - frame.time >= kReusedAfterUs) {
      dropped.push_back({frame, DropReason::kFragmentTimeout});
      --held_frames;
      held_bytes -= frame.len + kPieceCost;
      continue;
    }
    Piece kept = piece;
    kept.frame = static_cast<std::uint32_t>(young.frames.size());
    young.frames.push_back(frame);
    young.pieces.emplace(start, kept);
    young.covered += kept.end - start;
    young.bytes += frame.len + kPieceCost;
    if (kept.last) young.total = kept.end;
    young.has_total = young.has_total || kept.last;
    if (start == 0) young.header = std::move(c.header);
  }
  c = std::move(young);
}

// An identification that a busy sender used again (RFC 4963): what was left of the old
// datagram never went on, so no host can mix the two.
bool Defragmenter::State::Stale(const Collection& c, const FrameRef& frame, const PacketView& view) noexcept {
  if (frame.time - c.first < kReusedAfterUs || c.Holds(view)) return false;
  const std::uint32_t start = view.fragment_off;
  return c.poisoned != DropReason::kNone || c.Overlaps(start, start + view.payload_len);
}

Defragmenter::Outcome Defragmenter::Add(const FrameRef& frame, const PacketView& view,
                                        std::vector<DroppedFrame>& dropped) {
  State& s = *state_;
  const Identity id = IdentityOf(view);
  auto at = s.open.find(id);
  Outcome outcome;
  const auto drop = [&](DropReason reason) {
    dropped.push_back({frame, reason});
    return Outcome{};
  };
  if (at != s.open.end() && s.Stale(at->second, frame, view)) s.ForgetOld(at->second, frame.time, dropped);
  const bool fresh = at == s.open.end();
  if (!fresh && at->second.poisoned != DropReason::kNone) return drop(at->second.poisoned);
  // The same bytes at the same place again: what a duplicating network does.
  if (!fresh && at->second.Holds(view)) return drop(DropReason::kFragmentOverlap);
  const bool no_slot = fresh && (s.open.size() >= s.limits.datagrams || s.Crowded(view.src));
  const bool many = !fresh && at->second.frames.size() >= s.limits.fragments_each;
  if (no_slot || many || s.held_bytes + frame.len + kPieceCost > s.limits.bytes) {
    outcome.over_budget = true;
    return outcome;
  }
  if (fresh) {
    at = s.open.try_emplace(id).first;
    at->second.first = frame.time;
    s.by_age.emplace(frame.time.us, id);
    ++s.by_source[view.src];
  }
  Collection& c = at->second;
  DropReason defect = s.Check(view, c);
  if (defect == DropReason::kNone) defect = s.Place(c, frame, view, outcome);
  if (defect != DropReason::kNone) {
    s.Poison(c, defect, dropped);
    return drop(defect);
  }
  if (c.whole()) s.Finish(at, outcome);
  return outcome;
}

void Defragmenter::MakeRoom(const PacketView& view, std::vector<DroppedFrame>& dropped) {
  State& s = *state_;
  const auto self = s.open.find(IdentityOf(view));
  if (self != s.open.end() && self->second.frames.size() >= s.limits.fragments_each)
    return s.GiveUp(self, DropReason::kFragmentBudget, dropped);
  const bool crowded = s.Crowded(view.src);
  for (const auto& [time, id] : s.by_age) {
    if (crowded && id.src != view.src) continue;
    return s.GiveUp(s.open.find(id), DropReason::kFragmentBudget, dropped);
  }
}

void Defragmenter::Expire(Timestamp now, std::vector<DroppedFrame>& dropped) {
  State& s = *state_;
  const std::int64_t oldest = now.us - std::int64_t{s.limits.timeout_ms} * 1000;
  while (!s.by_age.empty() && s.by_age.begin()->first < oldest) {
    s.GiveUp(s.open.find(s.by_age.begin()->second), DropReason::kFragmentTimeout, dropped);
  }
}

void Defragmenter::Flush(std::vector<DroppedFrame>& dropped) {
  State& s = *state_;
  while (!s.open.empty()) {
    s.GiveUp(s.open.begin(), DropReason::kShutdown, dropped);
  }
}

}  // namespace weir
