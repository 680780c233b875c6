// IPv4 with options, IPv6 with any chain of extension headers.
#include "dataplane/packet/checksum.h"
#include "dataplane/packet/walk.h"

namespace weir {
namespace {

constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kAuthentication = 51;
constexpr std::uint8_t kDestinationOptions = 60;
constexpr std::uint8_t kMobility = 135;
constexpr std::uint8_t kHip = 139;
constexpr std::uint8_t kShim6 = 140;

bool IsExtension(std::uint8_t next) noexcept {
  return next == kHopByHop || next == kRouting || next == kDestinationOptions || next == kMobility || next == kHip ||
         next == kShim6;
}

DropReason WalkAbove(Walk& walk, std::size_t at, std::size_t end) noexcept {
  PacketView& view = walk.view;
  view.l4_off = view.payload_off = static_cast<std::uint32_t>(at);
  view.payload_len = static_cast<std::uint32_t>(end - at);
  if (view.is_fragment) return DropReason::kNone;
  return WalkTransport(walk, at, end);
}

// RFC 4302: any number of headers that vouch for what follows in the clear.
DropReason WalkAuthenticated(Walk& walk, std::size_t at, std::size_t end) noexcept {
  for (; walk.view.proto == kAuthentication && !walk.view.is_fragment; ++walk.layers) {
    if (walk.layers > kMaxLayers) return DropReason::kTooManyLayers;
    if (end - at < 12) return DropReason::kTruncated;
    const std::size_t length = (std::size_t{LoadU8(walk.At(at + 1))} + 2) * 4;
    if (end - at < length) return DropReason::kTruncated;
    walk.view.proto = LoadU8(walk.At(at));
    at += length;
  }
  return WalkAbove(walk, at, end);
}

DropReason WalkIpv4(Walk& walk, std::size_t at) noexcept {
  if (!walk.Has(at, 20)) return DropReason::kTruncated;
  const std::byte* p = walk.At(at);
  const std::size_t header = std::size_t{LoadU8(p) & 15u} * 4;
  const std::size_t total = LoadBe16(p + 2);
  if (header < 20 || total < header) return DropReason::kBadLength;
  if (!walk.Has(at, total)) return DropReason::kTruncated;
  if (walk.options.verify_checksums && ChecksumFold(ChecksumAdd({p, header})) != 0xffff)
    return DropReason::kBadIpChecksum;
  PacketView& view = walk.view;
  view.ip_version = 4;
  view.src = IpAddress::V4(p + 12);
  view.dst = IpAddress::V4(p + 16);
  view.l3_off = static_cast<std::uint32_t>(at);
  view.l3_len = static_cast<std::uint32_t>(total);
  view.proto = LoadU8(p + 9);
  view.ttl = LoadU8(p + 8);
  const std::uint16_t fragment = LoadBe16(p + 6);
  view.fragment_id = LoadBe16(p + 4);
  view.fragment_off = static_cast<std::uint16_t>((fragment & 0x1fff) * 8);
  view.more_fragments = (fragment & 0x2000) != 0;
  view.is_fragment = view.fragment_off != 0 || view.more_fragments;
  return WalkAuthenticated(walk, at + header, at + total);
}

DropReason WalkExtensions(Walk& walk, std::uint8_t next, std::size_t at, std::size_t end) noexcept {
  PacketView& view = walk.view;
  for (;; ++walk.layers) {
    if (walk.layers > kMaxLayers) return DropReason::kTooManyLayers;
    std::size_t length = 8;
    if (IsExtension(next) || next == kAuthentication || next == kFragment) {
      if (end - at < 8) return DropReason::kTruncated;
      const std::byte* p = walk.At(at);
      if (next == kAuthentication) {
        length = (std::size_t{LoadU8(p + 1)} + 2) * 4;  // RFC 4302 s2.2
      } else if (next == kFragment) {
        const std::uint16_t field = LoadBe16(p + 2);
        view.fragment_off = field & 0xfff8;
        view.more_fragments = (field & 1) != 0;
        view.fragment_id = LoadBe32(p + 4);
        view.is_fragment = view.fragment_off != 0 || view.more_fragments;  // else atomic: RFC 6946
      } else {
        length = (std::size_t{LoadU8(p + 1)} + 1) * 8;
      }
      if (end - at < length) return DropReason::kTruncated;
      next = LoadU8(p);
      at += length;
      if (!view.is_fragment) continue;
    }
    view.proto = next;
    return WalkAbove(walk, at, end);
  }
}

DropReason WalkIpv6(Walk& walk, std::size_t at) noexcept {
  if (!walk.Has(at, 40)) return DropReason::kTruncated;
  const std::byte* p = walk.At(at);
  const std::size_t length = LoadBe16(p + 4);
  if (!walk.Has(at + 40, length)) return DropReason::kTruncated;
  PacketView& view = walk.view;
  view.ip_version = 6;
  view.src = IpAddress::V6(p + 8);
  view.dst = IpAddress::V6(p + 24);
  view.l3_off = static_cast<std::uint32_t>(at);
  view.l3_len = static_cast<std::uint32_t>(40 + length);
  view.ttl = LoadU8(p + 7);
  return WalkExtensions(walk, LoadU8(p + 6), at + 40, at + 40 + length);
}

}  // namespace

DropReason WalkIp(Walk& walk, std::size_t at) noexcept {
  if (++walk.layers > kMaxLayers) return DropReason::kTooManyLayers;
  if (!walk.Has(at, 1)) return DropReason::kTruncated;
  switch (LoadU8(walk.At(at)) >> 4) {
    case 4:
      return WalkIpv4(walk, at);
    case 6:
      return WalkIpv6(walk, at);
    default:
      return DropReason::kBadVersion;
  }
}

}  // namespace weir
