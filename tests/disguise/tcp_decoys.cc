// Segments that stand between the true ones.
#include <algorithm>

#include "tests/disguise/tcp_player.h"

namespace weir::disguise {
namespace {

using test::Hex;
using test::operator+;

constexpr std::uint8_t kFin = 1, kRst = 4, kPsh = 8, kAck = 16;
constexpr std::uint32_t kFar = 3u << 20;

}  // namespace

// A decoy is as old as what it stands beside, unless its age is what it is about.
void TcpPlayer::AgeLike(Packet& decoy, const std::vector<Packet>& segments, std::size_t at) const {
  if (!shape_.stamps) return;
  std::uint32_t oldest = UINT32_MAX;
  for (std::size_t i = at; i < segments.size(); ++i) oldest = std::min(oldest, LoadBe32(&segments[i].options[4]));
  const std::uint32_t beside = LoadBe32(&segments[std::min(at, segments.size() - 1)].options[4]);
  StoreBe32(&decoy.options[4], std::min(oldest, beside));
}

// What weir cannot tell from the truth comes before all of it, and then first wins, or behind all of it.
void TcpPlayer::AddDecoy(std::vector<Packet>& segments, Packet decoy, bool recognised) {
  decoy.may_drop = true;
  const bool front = Chance(random_, 50);
  if (!recognised && front) readable = false;
  const std::size_t at = recognised ? Below(random_, segments.size() + 1) : front ? 0 : segments.size();
  if (decoy.options.size() == 12) AgeLike(decoy, segments, at);
  segments.insert(segments.begin() + static_cast<std::ptrdiff_t>(at), std::move(decoy));
}

void TcpPlayer::AddDecoys(std::vector<Packet>& segments) {
  const bool server_seen = shape_.open != Open::kOneSided && shape_.open != Open::kMidstream;
  const auto like = [&] {  // garbage where something true stands
    const Packet& model = segments[Below(random_, segments.size())];
    Packet p = Client(kAck | kPsh, Garbage(std::max<std::size_t>(1, model.data.size())));
    p.seq = model.seq;
    return p;
  };
  const auto add = [&](Decoy kind, bool recognised, auto change) {
    if (!Has(kind)) return;
    Packet p = like();
    change(p);
    AddDecoy(segments, std::move(p), recognised);
  };
  add(kBadSum, true, [](Packet& p) { p.bad_sum = true; });
  // Garbage that first wins in an earlier message makes a conversation of no known protocol: no disguise.
  if (naming_) add(kLowTtl, false, [](Packet& p) { p.ttl = 1; });
  if (naming_)
    add(kMd5, false, [](Packet& p) { p.options = p.options + Hex("01 01 13 12 000102030405060708090a0b0c0d0e0f"); });
  if (naming_ || server_seen) add(kBadAck, server_seen, [&](Packet& p) { p.ack = server_ + 0x40000000u; });
  add(kNoFlags, true, [](Packet& p) { p.flags = 0; });
  add(kFinWithoutAck, true, [](Packet& p) { p.flags = kFin | kPsh; });
  add(kBeyondWindow, true, [&](Packet& p) { p.seq = client_ + (server_seen ? 70'000u + p.seq % 400'000u : kFar); });
  add(kLeftOfWindow, true, [&](Packet& p) { p.seq = client_ - kFar; });
  if (shape_.stamps) {
    add(kOldStamp, true, [](Packet& p) {
      StoreBe32(&p.options[4], LoadBe32(&p.options[4]) - 100'000);
      p.options = p.options + Hex("01 01 01 01");  // keeps its age
    });
  }
}

void TcpPlayer::AddEndings(std::vector<Packet>& segments) {
  const auto put = [&](Decoy kind, std::uint8_t flags, auto change) {
    if (!Has(kind)) return;
    Packet p = Client(flags);
    change(p);
    const std::size_t at = Below(random_, segments.size());
    AgeLike(p, segments, at);
    segments.insert(segments.begin() + static_cast<std::ptrdiff_t>(at), std::move(p));
  };
  const auto bad = [](Packet& p) { p.bad_sum = p.may_drop = true; };
  const auto dies = [](Packet& p) { p.ttl = 1; };
  const auto wrong = [](Packet& p) { p.seq += 0x30000000u; };
  const auto right = [](Packet&) {};
  put(kRstBadSum, kRst | kAck, bad);
  put(kRstLowTtl, kRst | kAck, dies);
  put(kRstWrongSeq, kRst, wrong);
  put(kRstRightSeq, kRst, right);
  put(kFinBadSum, kFin | kAck, bad);
  put(kFinLowTtl, kFin | kAck, dies);
  put(kFinWrongSeq, kFin | kAck, wrong);
  put(kFinRightSeq, kFin | kAck, right);
}

void TcpPlayer::AddConflict(std::vector<Packet>& segments) {
  if (!naming_) return;
  if (shape_.conflict != Conflict::kDecoyFirst && shape_.conflict != Conflict::kDecoyAfter) return;
  const std::size_t at = Below(random_, segments.size());
  const Packet& truth = segments[at];
  Packet decoy = Client(kAck | kPsh, Garbage(truth.data.size()));
  decoy.seq = truth.seq;
  decoy.may_drop = true;
  const bool first = shape_.conflict == Conflict::kDecoyFirst;
  if (first) readable = false;
  // Behind the last copy of what it contradicts.
  segments.insert(first ? segments.begin() + static_cast<std::ptrdiff_t>(at) : segments.end(), std::move(decoy));
}

}  // namespace weir::disguise
