// Ethernet, 802.1Q and QinQ, MPLS, PPPoE, 802.2 LLC/SNAP.
#include "dataplane/packet/walk.h"

namespace weir {
namespace {

constexpr std::size_t kEthernetHeader = 14;
constexpr std::uint16_t kFirstEtherType = 0x0600;  // below: an 802.3 length

DropReason WalkLlc(Walk& walk, std::size_t at) noexcept {
  // SNAP with OUI 0 (RFC 1042) or 0000f8 (802.1H) carries an EtherType; all else is not IP.
  if (!walk.Has(at, 8)) return DropReason::kNone;
  const std::byte* p = walk.At(at);
  const bool snap = LoadBe32(p) == 0xaaaa0300u && (LoadBe16(p + 4) == 0 || LoadBe16(p + 4) == 0xf8);
  return snap ? WalkEtherType(walk, LoadBe16(p + 6), at + 8) : DropReason::kNone;
}

DropReason WalkVlan(Walk& walk, std::size_t at) noexcept {
  if (!walk.Has(at, 4)) return DropReason::kTruncated;
  PacketView& view = walk.view;
  // Id 0 is a priority and no VLAN (IEEE 802.1Q table 9-2): hosts take the frame as if it were not there.
  const std::uint16_t id = LoadBe16(walk.At(at)) & 0x0fff;
  if (id != 0 && view.vlan_count < view.vlan.size()) view.vlan[view.vlan_count++] = id;
  const std::uint16_t type = LoadBe16(walk.At(at + 2));
  if (type < kFirstEtherType) return WalkLlc(walk, at + 4);
  return WalkEtherType(walk, type, at + 4);
}

// Is there an Ethernet header before what we can read?
bool LooksLikeEthernet(const Walk& walk, std::size_t at) noexcept {
  if (!walk.Has(at, kEthernetHeader + 4)) return false;
  const int nibble = LoadU8(walk.At(at + kEthernetHeader)) >> 4;
  switch (LoadBe16(walk.At(at + 12))) {
    case kEtherIpv4:
      return nibble == 4;
    case kEtherIpv6:
      return nibble == 6;
    case kEtherVlan:
    case kEtherQinQ:
    case kEtherMpls:
      return true;
    default:
      return false;
  }
}

// What the labels do not tell: IP, or a pseudowire's Ethernet, with a control word of zero
// before it (RFC 4448 s4.6) or without, where an address may begin like any of the others.
DropReason WalkBelowLabels(Walk& walk, std::size_t at) noexcept {
  const int nibble = LoadU8(walk.At(at)) >> 4;
  const bool bare = LooksLikeEthernet(walk, at);
  if (nibble == 4 || nibble == 6) {
    const PacketView before = walk.view;
    const int layers = walk.layers;
    const DropReason defect = WalkIp(walk, at);
    if (defect == DropReason::kNone || !bare) return defect;
    walk.view = before;
    walk.layers = layers;
    walk.inside = DropReason::kNone;
    return WalkEthernet(walk, at);
  }
  const bool word = nibble == 0 && walk.Has(at, 4 + kEthernetHeader);
  if (bare && !(word && LooksLikeEthernet(walk, at + 4))) return WalkEthernet(walk, at);
  return word ? WalkEthernet(walk, at + 4) : DropReason::kNone;
}

// Labels to the bottom of the stack (RFC 3032).
DropReason WalkMpls(Walk& walk, std::size_t at) noexcept {
  for (;; at += 4) {
    if (!walk.Has(at, 4)) return DropReason::kTruncated;
    if (++walk.layers > kMaxLayers) return DropReason::kTooManyLayers;
    if ((LoadBe32(walk.At(at)) & 0x100) != 0) break;
  }
  at += 4;
  return walk.Has(at, 1) ? WalkBelowLabels(walk, at) : DropReason::kTruncated;
}

DropReason WalkPppoe(Walk& walk, std::size_t at) noexcept {
  if (!walk.Has(at, 6)) return DropReason::kTruncated;
  const std::byte* p = walk.At(at);
  const std::size_t length = LoadBe16(p + 4);
  if (LoadU8(p) != 0x11 || LoadU8(p + 1) != 0) return DropReason::kNone;  // not session data: RFC 2516 s6
  if (!walk.Has(at + 6, length)) return DropReason::kTruncated;
  return WalkPpp(walk, at + 6);
}

}  // namespace

DropReason WalkPpp(Walk& walk, std::size_t at) noexcept {
  // RFC 1661 s2: one byte with protocol field compression (odd), else two.
  if (!walk.Has(at, 1)) return DropReason::kTruncated;
  const bool compressed = (LoadU8(walk.At(at)) & 1) != 0;
  if (!compressed && !walk.Has(at, 2)) return DropReason::kTruncated;
  const std::uint16_t protocol = compressed ? LoadU8(walk.At(at)) : LoadBe16(walk.At(at));
  at += compressed ? 1 : 2;
  return protocol == 0x21 || protocol == 0x57 ? WalkIp(walk, at) : DropReason::kNone;
}

DropReason WalkEthernet(Walk& walk, std::size_t at) noexcept {
  if (!walk.Has(at, kEthernetHeader)) return DropReason::kTruncated;
  const std::uint16_t type = LoadBe16(walk.At(at + 12));
  if (type < kFirstEtherType) return WalkLlc(walk, at + kEthernetHeader);
  return WalkEtherType(walk, type, at + kEthernetHeader);
}

DropReason WalkEtherType(Walk& walk, std::uint16_t type, std::size_t at) noexcept {
  if (++walk.layers > kMaxLayers) return DropReason::kTooManyLayers;
  switch (type) {
    case kEtherIpv4:
    case kEtherIpv6: {
      if (!walk.Has(at, 1)) return DropReason::kTruncated;
      const int version = LoadU8(walk.At(at)) >> 4;
      if (version != (type == kEtherIpv4 ? 4 : 6)) return DropReason::kBadVersion;
      return WalkIp(walk, at);
    }
    case kEtherVlan:
    case kEtherQinQ:
    case kEtherQinQOld:
    case kEtherQinQOld2:
    case kEtherQinQOld3:
      return WalkVlan(walk, at);
    case kEtherMpls:
    case kEtherMplsMulticast:
      return WalkMpls(walk, at);
    case kEtherPppoeSession:
      return WalkPppoe(walk, at);
    default:
      return DropReason::kNone;
  }
}

}  // namespace weir
