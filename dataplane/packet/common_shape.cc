// Nine frames in ten: Ethernet, at most one VLAN tag, IPv4 without options or IPv6
// without extension headers, TCP or UDP, nothing wrong. Read without the walk.
#include "dataplane/packet/checksum.h"
#include "dataplane/packet/walk.h"

namespace weir {
namespace {

constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;

// The addresses stand right before the transport header in these shapes: one sum over both of
// them and the segment, and the rest of the pseudo header (proto, length) as words of the wire.
bool SumGood(const Walk& walk, std::size_t addresses, std::size_t at, std::size_t end) noexcept {
  const auto length = static_cast<std::uint32_t>(end - at);
  const std::uint64_t pseudo = std::uint64_t{walk.view.proto} << 8 | __builtin_bswap32(length);
  return ChecksumFold(ChecksumAddNative(walk.At(addresses), end - addresses) + pseudo) == 0xffff;
}

bool ReadTcp(Walk& walk, std::size_t at, std::size_t end) noexcept {
  if (end - at < 20) return false;
  const std::size_t header = std::size_t{LoadU8(walk.At(at + 12))} >> 4 << 2;
  if (header < 20 || header > end - at) return false;
  ReadTcpHeader(walk, at, header, end);
  return TcpFlagsMakeSense(walk.view.tcp_flags);
}

bool ReadUdp(Walk& walk, std::size_t at, std::size_t end) noexcept {
  if (end - at < 8 || LoadBe16(walk.At(at + 4)) != end - at) return false;
  PacketView& view = walk.view;
  view.src_port = LoadBe16(walk.At(at));
  view.dst_port = LoadBe16(walk.At(at + 2));
  if (walk.options.peel_tunnels && IsTunnelPort(view.src_port, view.dst_port)) return false;
  view.payload_off = static_cast<std::uint32_t>(at + 8);
  view.payload_len = static_cast<std::uint32_t>(end - at - 8);
  return true;
}

bool ReadAbove(Walk& walk, std::size_t addresses, std::size_t at, std::size_t end) noexcept {
  PacketView& view = walk.view;
  view.l4_off = static_cast<std::uint32_t>(at);
  const bool tcp = view.proto == kProtoTcp;
  if (tcp ? !ReadTcp(walk, at, end) : !ReadUdp(walk, at, end)) return false;
  if (!walk.options.verify_checksums) return true;
  if (!tcp && LoadBe16(walk.At(at + 6)) == 0) return view.ip_version == 4;
  return SumGood(walk, addresses, at, end);
}

bool ReadIpv4(Walk& walk, std::size_t at) noexcept {
  if (!walk.Has(at, kIpv4Header)) return false;
  const std::byte* p = walk.At(at);
  PacketView& view = walk.view;
  const std::size_t total = LoadBe16(p + 2);
  view.proto = LoadU8(p + 9);
  const bool common = LoadU8(p) == 0x45 && (LoadBe16(p + 6) & 0x3fff) == 0 && total >= kIpv4Header &&
                      walk.Has(at, total) && (view.proto == kProtoTcp || view.proto == kProtoUdp);
  if (!common) return false;
  if (walk.options.verify_checksums && ChecksumFold(ChecksumAddNative(p, kIpv4Header)) != 0xffff) return false;
  view.ip_version = 4;
  view.src = IpAddress::V4(p + 12);
  view.dst = IpAddress::V4(p + 16);
  view.l3_len = static_cast<std::uint32_t>(total);
  view.ttl = LoadU8(p + 8);
  view.fragment_id = LoadBe16(p + 4);
  return ReadAbove(walk, at + 12, at + kIpv4Header, at + total);
}

bool ReadIpv6(Walk& walk, std::size_t at) noexcept {
  if (!walk.Has(at, kIpv6Header)) return false;
  const std::byte* p = walk.At(at);
  PacketView& view = walk.view;
  const std::size_t length = LoadBe16(p + 4);
  view.proto = LoadU8(p + 6);
  const bool common =
      LoadU8(p) >> 4 == 6 && walk.Has(at + kIpv6Header, length) && (view.proto == kProtoTcp || view.proto == kProtoUdp);
  if (!common) return false;
  view.ip_version = 6;
  view.src = IpAddress::V6(p + 8);
  view.dst = IpAddress::V6(p + 24);
  view.l3_len = static_cast<std::uint32_t>(kIpv6Header + length);
  view.ttl = LoadU8(p + 7);
  return ReadAbove(walk, at + 8, at + kIpv6Header, at + kIpv6Header + length);
}

}  // namespace

bool ReadCommonShape(Bytes frame, const ParseOptions& options, PacketView& view) noexcept {
  static constexpr PacketView kEmpty{};
  if (frame.size() < 18) return false;
  view = kEmpty;
  view.base = frame.data();
  std::size_t at = 14;
  std::uint16_t type = LoadBe16(frame.data() + 12);
  if (type == kEtherVlan) {
    const std::uint16_t id = LoadBe16(frame.data() + 14) & 0x0fff;
    view.vlan[0] = id;
    view.vlan_count = id != 0 ? 1 : 0;
    type = LoadBe16(frame.data() + 16);
    at = 18;
  }
  view.l3_off = static_cast<std::uint32_t>(at);
  Walk walk{frame, options, view};
  if (type == kEtherIpv4) return ReadIpv4(walk, at);
  return type == kEtherIpv6 && ReadIpv6(walk, at);
}

}  // namespace weir
