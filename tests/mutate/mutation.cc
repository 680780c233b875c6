#include "tests/mutate/mutation.h"

#include <algorithm>
#include <array>

#include "dataplane/packet/parser.h"
#include "tests/support/mend.h"

namespace weir::mutate {
namespace {

constexpr std::size_t kLargest = 9000;
constexpr std::array<std::uint16_t, 12> kEdges = {0, 1, 4, 5, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff};

class Changes {
 public:
  Changes(Octets& frame, std::mt19937_64& random) : frame_(frame), random_(random) {}

  void One(const Octets& other) {
    if (frame_.empty()) return Insert(other);
    switch (Below(8)) {
      case 0:
        frame_[At()] ^= static_cast<std::byte>(1u << Below(8));
        return;
      case 1:
        frame_[At()] = static_cast<std::byte>(Below(256));
        return;
      case 2:
      case 3:
        return SetWord();
      case 4:
        frame_.resize(Below(frame_.size() + 1));
        return;
      case 5:
        return Erase();
      case 6:
        return Insert(frame_);
      default:
        return Insert(other);
    }
  }

 private:
  std::size_t Below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  // Mostly where headers are.
  std::size_t At() { return Below(4) != 0 ? Below(std::min<std::size_t>(frame_.size(), 80)) : Below(frame_.size()); }

  void SetWord() {
    if (frame_.size() < 2) return;
    const std::size_t at = std::min(At(), frame_.size() - 2);
    const auto was = LoadBe16(&frame_[at]);
    const auto near = static_cast<std::uint16_t>(was + Below(9) - 4);
    StoreBe16(&frame_[at], Below(2) != 0 ? kEdges[Below(kEdges.size())] : near);
  }
  void Erase() {
    const std::size_t at = At();
    const std::size_t n = 1 + Below(std::min<std::size_t>(frame_.size() - at, 40));
    frame_.erase(frame_.begin() + static_cast<std::ptrdiff_t>(at),
                 frame_.begin() + static_cast<std::ptrdiff_t>(at + n));
  }
  void Insert(const Octets& from) {
    if (from.empty() || frame_.size() >= kLargest) return;
    const std::size_t start = Below(from.size());
    const std::size_t n = 1 + Below(std::min<std::size_t>(from.size() - start, 64));
    const Octets piece(from.begin() + static_cast<std::ptrdiff_t>(start),
                       from.begin() + static_cast<std::ptrdiff_t>(start + n));
    const std::size_t at = frame_.empty() ? 0 : At();
    frame_.insert(frame_.begin() + static_cast<std::ptrdiff_t>(at), piece.begin(), piece.end());
  }

  Octets& frame_;
  std::mt19937_64& random_;
};

}  // namespace

Octets Mutated(const Octets& frame, const Octets& other, LinkType link, std::mt19937_64& random) {
  Octets changed = frame;
  Changes changes(changed, random);
  for (std::uint64_t n = 1 + random() % 4; n > 0; --n) changes.One(other);
  if (random() % 2 == 0) test::MendChecksums(changed, link);
  return changed;
}

Octets CutWithLengths(const Octets& frame, std::size_t length, LinkType link) {
  Octets cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(length));
  PacketView view;
  const ParseOptions options{.verify_checksums = false, .peel_tunnels = false};
  if (Parse(frame, link, options, view) != DropReason::kNone || view.ip_version == 0) return cut;
  if (length < view.payload_off || view.payload_off < view.l3_off) return cut;
  const std::size_t l3 = length - view.l3_off;
  if (view.ip_version == 4) {
    StoreBe16(&cut[view.l3_off + 2], static_cast<std::uint16_t>(l3));
  } else {
    StoreBe16(&cut[view.l3_off + 4], static_cast<std::uint16_t>(l3 - 40));
  }
  if (view.proto == kProtoUdp && !view.is_fragment)
    StoreBe16(&cut[view.l4_off + 4], static_cast<std::uint16_t>(length - view.l4_off));
  test::MendChecksums(cut, link);
  return cut;
}

}  // namespace weir::mutate
