// GRE (and ERSPAN), IP-in-IP, VXLAN, Geneve, GTP-U, Teredo. A tunnel is peeled
// only if its header verifies strictly and its inside parses: a false peel would
// hide the outer payload from inspection.
#include "dataplane/packet/walk.h"

namespace weir {
namespace {

constexpr std::uint8_t kProtoIpip = 4;
constexpr std::uint8_t kProtoIpv6 = 41;
constexpr std::uint8_t kProtoGre = 47;
constexpr std::uint16_t kPortVxlan = 4789;
constexpr std::uint16_t kPortGeneve = 6081;
constexpr std::uint16_t kPortGtpU = 2152;
constexpr std::uint16_t kPortTeredo = 3544;
constexpr std::uint16_t kEtherErspan2 = 0x88be;
constexpr std::uint16_t kEtherErspan3 = 0x22eb;

// Parses the inside on a copy of the view; keeps it only if it is an IP packet.
template <class Inside>
bool Try(Walk& walk, std::uint32_t vni, Inside inside) noexcept {
  if (walk.layers >= kMaxLayers) return false;
  PacketView view;
  view.base = walk.view.base;
  view.vlan = walk.view.vlan;
  view.vlan_count = walk.view.vlan_count;
  view.vni = vni;
  Walk inner{walk.frame, walk.options, view, walk.layers + 1};
  const DropReason defect = inside(inner);
  // A whole TCP segment with a good checksum is no chance likeness: its flags count in here too.
  if (defect == DropReason::kTcpBadFlags || inner.inside == DropReason::kTcpBadFlags)
    walk.inside = DropReason::kTcpBadFlags;
  if (defect != DropReason::kNone || view.ip_version == 0) return false;
  view.tunnelled = true;
  walk.view = view;
  walk.layers = inner.layers;
  return true;
}

bool PeelGre(Walk& walk, std::size_t at, std::size_t end) noexcept {
  if (end - at < 4) return false;
  const std::uint16_t flags = LoadBe16(walk.At(at));
  const std::uint16_t type = LoadBe16(walk.At(at + 2));
  if ((flags & 0x4fffu) != 0) return false;  // routing, reserved bits, version 1 (PPTP): RFC 2784, RFC 2637
  std::size_t header = 4;
  for (const unsigned bit : {0x8000u, 0x2000u, 0x1000u}) header += (flags & bit) != 0 ? 4 : 0;  // RFC 2890
  if (type == kEtherErspan2) header += (flags & 0x1000) != 0 ? 8 : 0;  // type I has neither sequence nor header
  if (type == kEtherErspan3) header += 12;
  if (end - at < header) return false;
  const std::size_t inside = at + header;
  const bool ethernet = type == kEtherBridging || type == kEtherErspan2 || type == kEtherErspan3;
  if (ethernet) return Try(walk, 0, [inside](Walk& inner) { return WalkEthernet(inner, inside); });
  return Try(walk, 0, [inside, type](Walk& inner) { return WalkEtherType(inner, type, inside); });
}

bool PeelVxlan(Walk& walk, std::size_t at, std::size_t length) noexcept {
  if (length < 8 + 14 || LoadBe32(walk.At(at)) != 0x08000000 || LoadU8(walk.At(at + 7)) != 0)
    return false;  // RFC 7348 s5
  return Try(walk, LoadBe32(walk.At(at + 4)) >> 8, [at](Walk& inner) { return WalkEthernet(inner, at + 8); });
}

bool PeelGeneve(Walk& walk, std::size_t at, std::size_t length) noexcept {
  if (length < 8) return false;
  const std::byte* p = walk.At(at);
  const std::size_t header = 8 + std::size_t{LoadU8(p) & 0x3fu} * 4;
  const bool valid = LoadU8(p) >> 6 == 0 && (LoadU8(p + 1) & 0x3f) == 0 && LoadU8(p + 7) == 0;  // RFC 8926 s3.4
  if (!valid || header > length) return false;
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
  if (!g_pdu || LoadBe16(p + 2) != length - 8) return false;
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

bool PeelTeredo(Walk& walk, std::size_t at, std::size_t length) noexcept {
  std::size_t header = 0;
  if (length >= 4 && LoadBe16(walk.At(at)) == 1) header = 4u + 9u + LoadU8(walk.At(at + 2)) + LoadU8(walk.At(at + 3));
  if (header + 8 <= length && LoadBe16(walk.At(at + header)) == 0) header += 8;  // origin indication, RFC 4380 s5.1.1
  if (header + 40 > length || LoadU8(walk.At(at + header)) >> 4 != 6) return false;
  if (LoadBe16(walk.At(at + header + 4)) != length - header - 40) return false;
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
    default:
      return false;
  }
}

bool PeelUdpTunnel(Walk& walk) noexcept {
  const PacketView& view = walk.view;
  const std::size_t at = view.payload_off;
  const std::size_t length = view.payload_len;
  switch (view.dst_port) {
    case kPortVxlan:
      return PeelVxlan(walk, at, length);
    case kPortGeneve:
      return PeelGeneve(walk, at, length);
    case kPortGtpU:
      return PeelGtpU(walk, at, length);
    default:
      break;
  }
  return (view.dst_port == kPortTeredo || view.src_port == kPortTeredo) && PeelTeredo(walk, at, length);
}

}  // namespace weir
