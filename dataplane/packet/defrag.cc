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

// A datagram that is being collected.
struct Collection {
  std::map<std::uint32_t, std::uint32_t> pieces;  // start -> end of what is there, disjoint
  std::vector<std::byte> payload;
  std::vector<std::byte> header;  // of the fragment at offset 0, without its fragment header
  std::vector<FrameRef> frames;
  std::uint32_t total = 0;  // payload length, known from the last fragment
  std::size_t bytes = 0;    // of the held frames
  Timestamp first{};
  bool has_total = false;
  DropReason poisoned = DropReason::kNone;  // every later fragment is dropped for this too
};

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
  std::vector<std::byte> datagram;
  std::vector<FrameRef> frames;

  DropReason Check(const PacketView& view, const Collection& c) const noexcept;
  DropReason Merge(Collection& c, const PacketView& view);
  void Poison(Collection& c, DropReason reason, std::vector<DroppedFrame>& dropped);
  void Remove(std::map<Identity, Collection>::iterator at);
  Outcome Finish(std::map<Identity, Collection>::iterator at);
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
  if (!view.more_fragments && !c.pieces.empty() && std::prev(c.pieces.end())->second > end)
    return DropReason::kFragmentBad;
  // RFC 1858 s4, RFC 3128: nothing may begin inside of a TCP header.
  const bool tiny = view.proto == kProtoTcp &&
                    ((start == 0 && view.payload_len < kSmallestTcpFirst) || (start > 0 && start < kSmallestTcpFirst));
  return tiny ? DropReason::kFragmentTiny : DropReason::kNone;
}

// Takes the fragment's bytes in; kFragmentOverlap for anything but new ground.
DropReason Defragmenter::State::Merge(Collection& c, const PacketView& view) {
  const std::uint32_t start = view.fragment_off;
  const std::uint32_t end = start + view.payload_len;
  auto next = c.pieces.upper_bound(start);
  if (next != c.pieces.begin() && std::prev(next)->second > start) return DropReason::kFragmentOverlap;
  if (next != c.pieces.end() && next->first < end) return DropReason::kFragmentOverlap;
  if (c.payload.size() < end) c.payload.resize(end);
  std::memcpy(c.payload.data() + start, view.base + view.payload_off, view.payload_len);
  c.pieces.emplace_hint(next, start, end);
  if (start == 0) c.header = WholeHeader(view);
  if (!view.more_fragments) {
    c.has_total = true;
    c.total = end;
  }
  return DropReason::kNone;
}

void Defragmenter::State::Poison(Collection& c, DropReason reason, std::vector<DroppedFrame>& dropped) {
  c.poisoned = reason;
  for (const FrameRef& frame : c.frames) dropped.push_back({frame, reason});
  held_frames -= c.frames.size();
  held_bytes -= c.bytes;
  c.bytes = 0;
  c.frames = {};
  c.payload = {};
  c.pieces.clear();
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

Defragmenter::Outcome Defragmenter::State::Finish(std::map<Identity, Collection>::iterator at) {
  Collection& c = at->second;
  datagram = std::move(c.header);
  datagram.insert(datagram.end(), c.payload.begin(), c.payload.begin() + c.total);
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
  return {true, datagram, frames};
}

Defragmenter::Outcome Defragmenter::Add(const FrameRef& frame, const PacketView& view,
                                        std::vector<DroppedFrame>& dropped) {
  State& s = *state_;
  Identity id{
      view.src,   view.dst,       view.fragment_id, view.vni, view.vlan_count > 0 ? view.vlan[0] : std::uint16_t{0},
      view.proto, view.ip_version};
  if (view.ip_version == 6) id.proto = 0;  // RFC 8200 s4.5: addresses and identification alone
  auto at = s.open.find(id);
  const bool fresh = at == s.open.end();
  const auto drop = [&](DropReason reason) {
    dropped.push_back({frame, reason});
    return Outcome{};
  };
  if (fresh) {
    const auto source = s.by_source.find(view.src);
    const bool crowded =
        s.open.size() >= s.limits.datagrams || (source != s.by_source.end() && source->second >= s.limits.per_source);
    if (crowded) return drop(DropReason::kFragmentBudget);
    at = s.open.try_emplace(id).first;
    at->second.first = frame.time;
    s.by_age.emplace(frame.time.us, id);
    ++s.by_source[view.src];
  }
  Collection& c = at->second;
  if (c.poisoned != DropReason::kNone) return drop(c.poisoned);
  // The same bytes at the same place again: what a duplicating network does.
  const auto above = c.pieces.upper_bound(view.fragment_off);
  if (above != c.pieces.begin() && std::prev(above)->second >= view.fragment_off + view.payload_len &&
      std::memcmp(c.payload.data() + view.fragment_off, view.base + view.payload_off, view.payload_len) == 0) {
    return drop(DropReason::kFragmentOverlap);
  }
  DropReason defect = s.Check(view, c);
  const bool full = c.frames.size() >= s.limits.fragments_each || s.held_bytes + frame.len > s.limits.bytes;
  if (defect == DropReason::kNone && full) defect = DropReason::kFragmentBudget;
  if (defect == DropReason::kNone) defect = s.Merge(c, view);
  if (defect != DropReason::kNone) {
    s.Poison(c, defect, dropped);
    return drop(defect);
  }
  c.frames.push_back(frame);
  c.bytes += frame.len;
  ++s.held_frames;
  s.held_bytes += frame.len;
  // Neighbours become one piece, so that "whole" is one look.
  auto piece = c.pieces.find(view.fragment_off);
  if (piece != c.pieces.begin() && std::prev(piece)->second == piece->first) {
    std::prev(piece)->second = piece->second;
    piece = std::prev(c.pieces.erase(piece));
  }
  if (const auto after = std::next(piece); after != c.pieces.end() && after->first == piece->second) {
    piece->second = after->second;
    c.pieces.erase(after);
  }
  const bool whole = c.has_total && c.pieces.size() == 1 && piece->first == 0 && piece->second == c.total;
  return whole ? s.Finish(at) : Outcome{};
}

void Defragmenter::Expire(Timestamp now, std::vector<DroppedFrame>& dropped) {
  State& s = *state_;
  const std::int64_t oldest = now.us - std::int64_t{s.limits.timeout_ms} * 1000;
  while (!s.by_age.empty() && s.by_age.begin()->first < oldest) {
    const auto at = s.open.find(s.by_age.begin()->second);
    for (const FrameRef& frame : at->second.frames) dropped.push_back({frame, DropReason::kFragmentTimeout});
    s.Remove(at);
  }
}

void Defragmenter::Flush(std::vector<DroppedFrame>& dropped) {
  State& s = *state_;
  while (!s.open.empty()) {
    for (const FrameRef& frame : s.open.begin()->second.frames) dropped.push_back({frame, DropReason::kShutdown});
    s.Remove(s.open.begin());
  }
}

}  // namespace weir
