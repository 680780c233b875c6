// Nine frames in ten: Ethernet, at most one VLAN tag, IPv4 without options or IPv6
// without extension headers, TCP or UDP, nothing wrong. Read without the walk.
#include "dataplane/packet/checksum.h"
#include "dataplane/packet/walk.h"

namespace weir {
namespace {

constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;

// `addresses`: both, in front of what they carry. Their words and those of the segment
// follow each other in all frames of these shapes but for IPv4's nothing in between.
bool SumGood(const std::byte* addresses, std::size_t size, std::uint8_t proto, std::size_t segment) noexcept {
  // proto and length as words of the wire
  const std::uint64_t pseudo = std::uint64_t{proto} << 8 | __builtin_bswap32(static_cast<std::uint32_t>(segment));
  return ChecksumFold(ChecksumAddNative(addresses, size) + pseudo) == 0xffff;
}

bool ReadTcp(const std::byte* p, std::size_t length, PacketView& view) noexcept {
  if (length < 20) return false;
  const std::size_t header = std::size_t{LoadU8(p + 12)} >> 4 << 2;
  if (header < 20 || header > length) return false;
  view.tcp_flags = LoadU8(p + 13);
  if (!TcpFlagsMakeSense(view.tcp_flags)) return false;
  view.tcp_seq = LoadBe32(p + 4);
  view.tcp_ack = LoadBe32(p + 8);
  view.tcp_window = LoadBe16(p + 14);
  view.tcp_urgent = LoadBe16(p + 18);
  view.payload_off = static_cast<std::uint32_t>(view.l4_off + header);
  view.payload_len = static_cast<std::uint32_t>(length - header);
  if (header > 20) ReadTcpOptions(view, {p + 20, header - 20});
  return true;
}

bool ReadUdp(const std::byte* p, std::size_t length, const ParseOptions& options, PacketView& view) noexcept {
  if (length < 8 || LoadBe16(p + 4) != length) return false;
  if (options.peel_tunnels && IsTunnelPort(view.src_port, view.dst_port)) return false;
  view.payload_off = view.l4_off + 8;
  view.payload_len = static_cast<std::uint32_t>(length - 8);
  return true;
}

// At the transport header; `addresses` as for SumGood.
bool ReadAbove(const std::byte* p, std::size_t length, const std::byte* addresses, const ParseOptions& options,
               PacketView& view) noexcept {
  if (length < 8) return false;
  view.src_port = LoadBe16(p);
  view.dst_port = LoadBe16(p + 2);
  const bool tcp = view.proto == kProtoTcp;
  if (tcp ? !ReadTcp(p, length, view) : !ReadUdp(p, length, options, view)) return false;
  if (!options.verify_checksums) return true;
  if (!tcp && LoadBe16(p + 6) == 0) return view.ip_version == 4;
  return SumGood(addresses, static_cast<std::size_t>(p + length - addresses), view.proto, length);
}

bool ReadIpv4(Bytes frame, std::size_t at, const ParseOptions& options, PacketView& view) noexcept {
  if (frame.size() - at < kIpv4Header) return false;
  const std::byte* p = frame.data() + at;
  const std::size_t total = LoadBe16(p + 2);
  view.proto = LoadU8(p + 9);
  const bool common = LoadU8(p) == 0x45 && (LoadBe16(p + 6) & 0x3fff) == 0 && total >= kIpv4Header &&
                      total <= frame.size() - at && (view.proto == kProtoTcp || view.proto == kProtoUdp);
  if (!common) return false;
  if (options.verify_checksums && ChecksumFold(ChecksumAddNative(p, kIpv4Header)) != 0xffff) return false;
  view.ip_version = 4;
  view.src = IpAddress::V4(p + 12);
  view.dst = IpAddress::V4(p + 16);
  view.l3_len = static_cast<std::uint32_t>(total);
  view.ttl = LoadU8(p + 8);
  view.fragment_id = LoadBe16(p + 4);
  view.l4_off = static_cast<std::uint32_t>(at + kIpv4Header);
  return ReadAbove(p + kIpv4Header, total - kIpv4Header, p + 12, options, view);
}

bool ReadIpv6(Bytes frame, std::size_t at, const ParseOptions& options, PacketView& view) noexcept {
  if (frame.size() - at < kIpv6Header) return false;
  const std::byte* p = frame.data() + at;
  const std::size_t length = LoadBe16(p + 4);
  view.proto = LoadU8(p + 6);
  const bool common = LoadU8(p) >> 4 == 6 && length <= frame.size() - at - kIpv6Header &&
                      (view.proto == kProtoTcp || view.proto == kProtoUdp);
  if (!common) return false;
  view.ip_version = 6;
  view.src = IpAddress::V6(p + 8);
  view.dst = IpAddress::V6(p + 24);
  view.l3_len = static_cast<std::uint32_t>(kIpv6Header + length);
  view.ttl = LoadU8(p + 7);
  view.l4_off = static_cast<std::uint32_t>(at + kIpv6Header);
  return ReadAbove(p + kIpv6Header, length, p + 8, options, view);
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
  if (type == kEtherIpv4) return ReadIpv4(frame, at, options, view);
  return type == kEtherIpv6 && ReadIpv6(frame, at, options, view);
}

}  // namespace weir
