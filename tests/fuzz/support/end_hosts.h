#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/core/bytes.h"
#include "dataplane/core/packet_view.h"

namespace weir::fuzz {

// How end hosts read a stream, written apart from the product: the reading models of the
// evasion check (`acceptable`, `readings`) over all segments of one direction that were let
// through. Overlaps after Novak and Sturges 2007.
enum class Overlap : std::uint8_t { kFirst, kLast, kBsd, kLinux, kWindows };
inline constexpr std::array kOverlaps = {Overlap::kFirst, Overlap::kLast, Overlap::kBsd, Overlap::kLinux,
                                         Overlap::kWindows};

struct Segment {
  std::uint8_t flags = 0;
  std::uint32_t seq = 0;
  bool has_ts = false;
  std::uint32_t ts = 0;
  bool has_edge = false;  // the receiver's window was known when it came
  std::uint32_t edge = 0;
  std::vector<std::byte> data;
};

struct HostRules {
  bool syn_data = true;
  bool paws = false;
  bool window = false;
};

// What a host reads in order, from the sequence number `base` on.
[[nodiscard]] inline std::vector<std::byte> ReadAs(const std::vector<Segment>& segments, std::uint32_t base,
                                                   Overlap overlap, const HostRules& rules) {
  struct Piece {
    std::int64_t start, end;
  };
  constexpr std::int64_t kFarthest = 1 << 16;
  std::vector<std::byte> bytes;
  std::vector<Piece> owner;  // of each byte; an empty one: not there
  bool has_newest = false;
  std::uint32_t newest = 0;
  const auto wins = [overlap](const Piece& o, const Piece& n) {
    switch (overlap) {
      case Overlap::kFirst:
        return false;
      case Overlap::kLast:
        return true;
      case Overlap::kBsd:
        return n.start < o.start;
      case Overlap::kLinux:
        return n.start < o.start || (n.start == o.start && n.end > o.end);
      case Overlap::kWindows:
        return n.start < o.start && n.end > o.end;
    }
    return false;
  };
  for (const Segment& s : segments) {
    const bool syn = (s.flags & kTcpSyn) != 0;
    if (rules.paws && s.has_ts) {
      if (has_newest && static_cast<std::int32_t>(s.ts - newest) < 0) continue;
      has_newest = true;
      newest = s.ts;
    }
    if (rules.window && s.has_edge && !syn && static_cast<std::int32_t>(s.seq - s.edge) > 0) continue;
    if (syn && !rules.syn_data) continue;
    Piece piece{static_cast<std::int32_t>(s.seq + (syn ? 1 : 0) - base), 0};
    piece.end = piece.start + static_cast<std::int64_t>(s.data.size());
    if (s.data.empty() || piece.end > kFarthest || piece.end <= 0) continue;
    if (piece.end > static_cast<std::int64_t>(owner.size())) {
      owner.resize(static_cast<std::size_t>(piece.end), Piece{0, 0});
      bytes.resize(owner.size());
    }
    for (std::int64_t at = std::max<std::int64_t>(0, piece.start); at < piece.end; ++at) {
      Piece& old = owner[static_cast<std::size_t>(at)];
      if (old.start != old.end && !wins(old, piece)) continue;
      bytes[static_cast<std::size_t>(at)] = s.data[static_cast<std::size_t>(at - piece.start)];
      old = piece;
    }
  }
  std::size_t whole = 0;
  while (whole < owner.size() && owner[whole].start != owner[whole].end) ++whole;
  bytes.resize(whole);
  return bytes;
}

}  // namespace weir::fuzz
