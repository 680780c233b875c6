#include "dataplane/packet/unfinished_sums.h"

#include "dataplane/packet/checksum.h"
#include "dataplane/packet/parser.h"

namespace weir {
namespace {

// Ones' complement sums are numbers modulo 65535; that of good data is 0.
constexpr std::uint64_t kRing = 65535;

// What the sums of one frame say.
struct Sums {
  std::uint64_t ip_error = 0;  // IPv4 header
  bool ip_absent = false;      // its field is zero, and that is wrong
  bool has_l4 = false;         // TCP or UDP with a sum, not in fragments
  std::uint64_t l4_error = 0;
  std::uint64_t seed = 0;  // the field less the pseudo header's sum
  std::uint64_t seed_without_length = 0;

  [[nodiscard]] bool ip_wrong() const noexcept { return ip_error != 0 && !ip_absent; }
  [[nodiscard]] bool finished() const noexcept { return ip_error == 0 && (!has_l4 || l4_error == 0); }
  [[nodiscard]] bool offloaded() const noexcept {
    if (ip_wrong()) return false;
    return has_l4 && (seed == 0 || seed_without_length == 0 || (ip_absent && l4_error == 0));
  }
  [[nodiscard]] bool rewritten() const noexcept {
    return ip_wrong() && has_l4 && (l4_error == ip_error || (seed + ip_error) % kRing == 0);
  }
};

Sums SumsOf(const PacketView& view) noexcept {
  Sums sums;
  if (view.ip_version == 4) {
    sums.ip_error = ChecksumAdd({view.base + view.l3_off, view.l4_off - view.l3_off}) % kRing;
    sums.ip_absent = sums.ip_error != 0 && LoadBe16(view.base + view.l3_off + 10) == 0;
  }
  const bool tcp = view.proto == kProtoTcp;
  if (view.is_fragment || (!tcp && view.proto != kProtoUdp)) return sums;
  const auto length = view.payload_off - view.l4_off + view.payload_len;
  const std::uint16_t field = LoadBe16(view.base + view.l4_off + (tcp ? 16 : 6));
  if (!tcp && field == 0) return sums;  // RFC 768: none
  const std::uint64_t pseudo = PseudoHeaderSum(view, view.proto, length);
  sums.has_l4 = true;
  sums.l4_error = ChecksumAdd({view.base + view.l4_off, length}, pseudo) % kRing;
  sums.seed = (field + kRing - pseudo % kRing) % kRing;
  sums.seed_without_length = (field + kRing - PseudoHeaderSum(view, view.proto, 0) % kRing) % kRing;
  return sums;
}

std::uint64_t Mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 31)) * 0x9e3779b97f4a7c15u;
  return x ^ (x >> 29);
}

std::uint64_t HashOf(const IpAddress& address, std::uint64_t port) noexcept {
  const auto* octets = reinterpret_cast<const std::byte*>(address.octets.data());
  return Mixed(Mixed(Mixed(port + 1) ^ LoadBe64(octets)) ^ LoadBe64(octets + 8));
}

// One sender in one flow; and two hosts, whoever sends.
std::uint64_t SenderKey(const PacketView& view) noexcept {
  return Mixed(HashOf(view.src, view.src_port) + 3 * HashOf(view.dst, view.dst_port) + view.proto);
}
std::uint64_t HostsKey(const PacketView& view) noexcept {
  return Mixed(HashOf(view.src, 1u << 20) + HashOf(view.dst, 1u << 20));
}

}  // namespace

UnfinishedSums::Known* UnfinishedSums::Find(std::uint64_t key) {
  const auto found = known_.find(key);
  if (found != known_.end()) return &found->second;
  return known_.size() < kMaxKnown ? &known_[key] : nullptr;
}

bool UnfinishedSums::Vouches(Bytes frame, LinkType link) {
  PacketView view;
  const ParseOptions outer{.verify_checksums = false, .peel_tunnels = false};
  if (Parse(frame, link, outer, view) != DropReason::kNone || view.ip_version == 0) return false;
  const Sums sums = SumsOf(view);
  if (!sums.has_l4 && !sums.ip_wrong()) return false;
  Known* hosts = sums.ip_wrong() ? Find(HostsKey(view)) : nullptr;
  if (!sums.has_l4) return hosts != nullptr && hosts->error == sums.ip_error;
  const bool unfinished = sums.offloaded() || sums.rewritten();
  if (!unfinished && !sums.finished()) return false;
  Known* sender = Find(SenderKey(view));
  if (sender == nullptr) return false;
  if (sender->first == First::kNothing) sender->first = sums.finished() ? First::kFinished : First::kUnfinished;
  if (sums.finished() || sender->first == First::kFinished) return false;
  if (hosts != nullptr && hosts->error == 0) hosts->error = static_cast<std::uint16_t>(sums.ip_error);
  return true;
}

}  // namespace weir
