#include <algorithm>

#include "tests/disguise/oracle.h"

namespace weir::disguise {
namespace {

using Wins = bool (*)(const Piece& old, const Piece& now);
constexpr Wins kWins[kPolicies] = {
    [](const Piece&, const Piece&) { return false; },                  // first
    [](const Piece&, const Piece&) { return true; },                   // last
    [](const Piece& o, const Piece& n) { return n.start < o.start; },  // BSD
    [](const Piece& o, const Piece& n) { return n.start < o.start || (n.start == o.start && n.end() > o.end()); },
    [](const Piece& o, const Piece& n) { return n.start < o.start && n.end() > o.end(); },  // Windows
};
constexpr std::int64_t kFarthest = 1 << 20;  // no host buffers bytes this far ahead

}  // namespace

Octets Assemble(const std::vector<Piece>& pieces, std::size_t policy, bool& differ) {
  Octets data;
  std::vector<const Piece*> owner;
  for (const Piece& piece : pieces) {
    if (piece.data.empty() || piece.end() > kFarthest || piece.end() <= 0) continue;
    const auto end = static_cast<std::size_t>(piece.end());
    if (end > data.size()) {
      data.resize(end);
      owner.resize(end, nullptr);
    }
    for (auto at = static_cast<std::size_t>(std::max<std::int64_t>(0, piece.start)); at < end; ++at) {
      const std::byte byte = piece.data[static_cast<std::size_t>(static_cast<std::int64_t>(at) - piece.start)];
      if (owner[at] != nullptr && data[at] != byte) differ = true;
      if (owner[at] != nullptr && !kWins[policy](*owner[at], piece)) continue;
      data[at] = byte;
      owner[at] = &piece;
    }
  }
  const auto hole = std::find(owner.begin(), owner.end(), nullptr);
  data.resize(static_cast<std::size_t>(hole - owner.begin()));
  return data;
}

}  // namespace weir::disguise
