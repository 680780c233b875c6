// GRE (and ERSPAN, WCCP, PPTP), IP-in-IP, EtherIP, MPLS-in-IP, VXLAN (and GPE), Geneve,
// GTP-U, L2TP, Teredo. A tunnel is peeled only if its header verifies strictly and its
// inside parses: a false peel would hide the outer payload from inspection.
#include "dataplane/packet/walk.h"

namespace weir {
namespace {

constexpr std::uint8_t kProtoIpip = 4;
constexpr std::uint8_t kProtoIpv6 = 41;
constexpr std::uint8_t kProtoGre = 47;
constexpr std::uint8_t kProtoEtherIp = 97;
constexpr std::uint8_t kProtoMpls = 137;
constexpr std::uint16_t kPortVxlan = 4789;
constexpr std::uint16_t kPortVxlanLinux = 8472;  // what Linux uses where none is named
constexpr std::uint16_t kPortVxlanGpe = 4790;
constexpr std::uint16_t kPortL2tp = 1701;
constexpr std::uint16_t kPortGeneve = 6081;
constexpr std::uint16_t kPortGtpU = 2152;
constexpr std::uint16_t kPortTeredo = 3544;
constexpr std::uint16_t kEtherErspan2 = 0x88be;
constexpr std::uint16_t kEtherErspan3 = 0x22eb;
constexpr std::uint16_t kEtherWccp = 0x883e;
constexpr std::uint16_t kEtherPpp = 0x880b;

// Parses the inside on a copy of the view; keeps it only if it is an IP packet.
template <class Inside>
bool Try(Walk& walk, std::uint32_t vni, Inside inside) noexcept {
  if (walk.layers >= kMaxLayers) {
    walk.inside = DropReason::kTooManyLayers;
    return false;
  }
  PacketView view;
  view.base = walk.view.base;
  view.vlan = walk.view.vlan;
  view.vlan_count = walk.view.vlan_count;
  view.vni = vni;
  Walk inner{walk.frame, walk.options, view, walk.layers + 1};
  const DropReason defect = inside(inner);
  // A whole TCP segment with a good checksum is no chance likeness: its flags count in here too.
  // Nor are so many headers one within another, and beyond them nothing is read.
  for (const DropReason counts : {DropReason::kTcpBadFlags, DropReason::kTooManyLayers}) {
    if (defect == counts || inner.inside == counts) walk.inside = counts;
  }
  if (defect != DropReason::kNone || view.ip_version == 0) return false;
  view.tunnelled = true;
  walk.view = view;
  walk.layers = inner.layers;
  return true;
}

// PPP with or without its address and control bytes (RFC 1661 s2, RFC 1662 s3.1).
bool PeelPpp(Walk& walk, std::size_t at, std::size_t end) noexcept {
  if (end - at >= 2 && LoadBe16(walk.At(at)) == 0xff03) at += 2;
  return at < end && Try(walk, 0, [at](Walk& inner) { return WalkPpp(inner, at); });
}

// Version 1 with a key, RFC 2637 s4.1.
bool PeelPptp(Walk& walk, std::size_t at, std::size_t end) noexcept {
  const std::uint16_t flags = LoadBe16(walk.At(at));
  if ((flags & 0xef7fu) != 0x2001 || LoadBe16(walk.At(at + 2)) != kEtherPpp) return false;
  const std::size_t header = 8u + ((flags & 0x1000) != 0 ? 4u : 0u) + ((flags & 0x0080) != 0 ? 4u : 0u);
  return end - at > header && PeelPpp(walk, at + header, end);
}

bool PeelGre(Walk& walk, std::size_t at, std::size_t end) noexcept {
  if (end - at < 4) return false;
  const std::uint16_t flags = LoadBe16(walk.At(at));
  const std::uint16_t type = LoadBe16(walk.At(at + 2));
  if ((flags & 7u) == 1) return PeelPptp(walk, at, end);
  if ((flags & 0x4fffu) != 0) return false;  // routing, reserved bits, versions: RFC 2784
  std::size_t header = 4;
  for (const unsigned bit : {0x8000u, 0x2000u, 0x1000u}) header += (flags & bit) != 0 ? 4 : 0;  // RFC 2890
  if (type == kEtherErspan2) header += (flags & 0x1000) != 0 ? 8 : 0;  // type I has neither sequence nor header
  if (type == kEtherErspan3) header += 12;
  if (type == kEtherErspan3 && end - at >= header && (LoadU8(walk.At(at + header - 1)) & 1) != 0) header += 8;
  if (end - at <= header) return false;
  std::size_t inside = at + header;
  if (type == kEtherWccp) {  // IPv4; version 2 puts four bytes before it
    if (LoadU8(walk.At(inside)) >> 4 != 4) inside += 4;
    return Try(walk, 0, [inside](Walk& inner) { return WalkEtherType(inner, kEtherIpv4, inside); });
  }
  const bool ethernet = type == kEtherBridging || type == kEtherErspan2 || type == kEtherErspan3;
  if (ethernet) return Try(walk, 0, [inside](Walk& inner) { return WalkEthernet(inner, inside); });
  return Try(walk, 0, [inside, type](Walk& inner) { return WalkEtherType(inner, type, inside); });
}

// Reserved bits are for no receiver to look at (RFC 7348 s5), but with the two highest of
// the first byte it could be QUIC; of those the group policy extension has one, and an id then.
bool IsVxlan(std::uint32_t head) noexcept {
  if ((head & 0xc8000000) == 0x08000000) return true;
  return (head & 0xffb70000) == 0x88000000 && (head & 0xffff) != 0;
}

bool PeelVxlan(Walk& walk, std::size_t at, std::size_t length) noexcept {
  if (length < 8 + 14 || !IsVxlan(LoadBe32(walk.At(at)))) return false;
  return Try(walk, LoadBe32(walk.At(at + 4)) >> 8, [at](Walk& inner) { return WalkEthernet(inner, at + 8); });
}

// draft-ietf-nvo3-vxlan-gpe s3: the next protocol is said.
bool PeelVxlanGpe(Walk& walk, std::size_t at, std::size_t length) noexcept {
  if (length < 8 + 14 || (LoadU8(walk.At(at)) & 0xfc) != 0x0c) return PeelVxlan(walk, at, length);
  const std::uint32_t vni = LoadBe32(walk.At(at + 4)) >> 8;
  const std::size_t inside = at + 8;
  switch (LoadU8(walk.At(at + 3))) {
    case 1:
      return Try(walk, vni, [inside](Walk& inner) { return WalkEtherType(inner, kEtherIpv4, inside); });
    case 2:
      return Try(walk, vni, [inside](Walk& inner) { return WalkEtherType(inner, kEtherIpv6, inside); });
    case 3:
      return Try(walk, vni, [inside](Walk& inner) { return WalkEthernet(inner, inside); });
    default:
      return false;
  }
}

// A data message of version 2 (RFC 2661 s3.1).
bool PeelL2tp(Walk& walk, std::size_t at, std::size_t length) noexcept {
  if (length < 6) return false;
  const std::uint16_t flags = LoadBe16(walk.At(at));
  if ((flags & 0x800f) != 0x0002) return false;
  std::size_t header = 6u + ((flags & 0x4000) != 0 ? 2u : 0u) + ((flags & 0x0800) != 0 ? 4u : 0u);
  if ((flags & 0x0200) != 0) {
    if (header + 2 > length) return false;
    header += 2u + LoadBe16(walk.At(at + header));
  }
  return header < length && PeelPpp(walk, at + header, at + length);
}

bool PeelGeneve(Walk& walk, std::size_t at, std::size_t length) noexcept {
  if (length < 8) return false;
  const std::byte* p = walk.At(at);
  const std::size_t header = 8 + std::size_t{LoadU8(p) & 0x3fu} * 4;
  if (LoadU8(p) >> 6 != 0 || header > length) return false;  // RFC 8926 s3.4: reserved bits are ignored
  const std::uint16_t type = LoadBe16(p + 2);
  const std::uint32_t vni = LoadBe32(p + 4) >> 8;
  const std::size_t inside = at + header;
  if (type == kEtherBridging) return Try(walk, vni, [inside](Walk& inner) { return WalkEthernet(inner, inside); });
  return Try(walk, vni, [inside, type](Walk& inner) { return WalkEtherType(inner, type, inside); });
}

bool PeelGtpU(Walk& walk, std::size_t at, std::size_t length) noexcept {
  if (length < 8) return false;
  const std::byte* p = walk.At(at);
  const std::uint8_t flags = LoadU8(p);
  const bool g_pdu = (flags & 0xf8) == 0x30 && LoadU8(p + 1) == 0xff;  // TS 29.281 s5.1: version 1, PT, G-PDU
  if (!g_pdu) return false;  // its length is looked at by nobody: Linux goes by UDP's
  std::size_t header = 8;
  if ((flags & 7) != 0) {
    if (length < 12) return false;
    header = 12;
    std::uint8_t next = (flags & 4) != 0 ? LoadU8(p + 11) : std::uint8_t{0};
    while (next != 0) {
      if (header + 4 > length) return false;
      const std::size_t units = LoadU8(p + header);
      if (units == 0 || header + units * 4 > length) return false;
      header += units * 4;
      next = LoadU8(p + header - 1);
    }
  }
  return Try(walk, 0, [inside = at + header](Walk& inner) { return WalkIp(inner, inside); });
}

// RFC 6081 s4: a type and a length each.
bool AreTeredoTrailers(const Walk& walk, std::size_t at, std::size_t end) noexcept {
  while (end - at >= 2 && end - at - 2 >= LoadU8(walk.At(at + 1))) at += 2u + LoadU8(walk.At(at + 1));
  return at == end;
}

bool PeelTeredo(Walk& walk, std::size_t at, std::size_t length) noexcept {
  std::size_t header = 0;
  if (length >= 4 && LoadBe16(walk.At(at)) == 1) header = 4u + 9u + LoadU8(walk.At(at + 2)) + LoadU8(walk.At(at + 3));
  if (header + 8 <= length && LoadBe16(walk.At(at + header)) == 0) header += 8;  // origin indication, RFC 4380 s5.1.1
  if (header + 40 > length || LoadU8(walk.At(at + header)) >> 4 != 6) return false;
  const std::size_t packet = header + 40 + LoadBe16(walk.At(at + header + 4));
  if (packet > length || !AreTeredoTrailers(walk, at + packet, at + length)) return false;
  return Try(walk, 0, [inside = at + header](Walk& inner) { return WalkIp(inner, inside); });
}

}  // namespace

bool PeelIpTunnel(Walk& walk, std::size_t at, std::size_t end) noexcept {
  switch (walk.view.proto) {
    case kProtoIpip:
    case kProtoIpv6:
      return at < end && Try(walk, 0, [at](Walk& inner) { return WalkIp(inner, at); });
    case kProtoGre:
      return PeelGre(walk, at, end);
    case kProtoEtherIp:  // RFC 3378 s3
      return end - at > 2 && LoadU8(walk.At(at)) >> 4 == 3 &&
             Try(walk, 0, [at](Walk& inner) { return WalkEthernet(inner, at + 2); });
    case kProtoMpls:  // RFC 4023 s3
      return at < end && Try(walk, 0, [at](Walk& inner) { return WalkEtherType(inner, kEtherMpls, at); });
    default:
      return false;
  }
}

bool IsTunnelPort(std::uint16_t src, std::uint16_t dst) noexcept {
  const auto either = [](std::uint16_t port) { return port == kPortL2tp || port == kPortTeredo; };
  switch (dst) {
    case kPortVxlan:
    case kPortVxlanLinux:
    case kPortVxlanGpe:
    case kPortGeneve:
    case kPortGtpU:
      return true;
    default:
      return either(dst) || either(src);
  }
}

bool PeelUdpTunnel(Walk& walk) noexcept {
  const PacketView& view = walk.view;
  // Asked here too, so that a port that is missing there peels nothing anywhere, and its test says so.
  if (!IsTunnelPort(view.src_port, view.dst_port)) return false;
  const std::size_t at = view.payload_off;
  const std::size_t length = view.payload_len;
  switch (view.dst_port) {
    case kPortVxlan:
    case kPortVxlanLinux:
      return PeelVxlan(walk, at, length);
    case kPortVxlanGpe:
      return PeelVxlanGpe(walk, at, length);
    case kPortGeneve:
      return PeelGeneve(walk, at, length);
    case kPortGtpU:
      return PeelGtpU(walk, at, length);
    default:
      break;
  }
  if (view.dst_port == kPortL2tp || view.src_port == kPortL2tp) return PeelL2tp(walk, at, length);
  return (view.dst_port == kPortTeredo || view.src_port == kPortTeredo) && PeelTeredo(walk, at, length);
}

}  // namespace weir
