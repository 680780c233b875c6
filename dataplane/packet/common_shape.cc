// Nine frames in ten: Ethernet, at most one VLAN tag, IPv4 without options or IPv6
// without extension headers, TCP or UDP, nothing wrong. Read without the walk.
#include "dataplane/packet/checksum.h"
#include "dataplane/packet/walk.h"

namespace weir {
namespace {

constexpr std::uint32_t kIpv4Header = 20;
constexpr std::uint32_t kIpv6Header = 40;
constexpr std::uint32_t kTcpHeader = 20;
constexpr std::uint32_t kUdpHeader = 8;

// One version's shape, `at` its header: sizes are known to the compiler, and the view is written once.
template <int kVersion>
[[gnu::always_inline]] inline bool Read(Bytes frame, std::uint32_t at, const ParseOptions& options,
                                        PacketView& view) noexcept {
  constexpr std::uint32_t kHeader = kVersion == 4 ? kIpv4Header : kIpv6Header;
  constexpr std::uint32_t kAddresses = kVersion == 4 ? 12 : 8;  // up to the transport header
  constexpr std::uint32_t kWidth = (kHeader - kAddresses) / 2;
  const std::size_t left = frame.size() - at;
  if (left < kHeader + kUdpHeader) return false;
  const std::byte* ip = frame.data() + at;
  const std::byte* p = ip + kHeader;
  const std::uint32_t length = kVersion == 4 ? LoadBe16(ip + 2) : kIpv6Header + LoadBe16(ip + 4);
  const std::uint8_t proto = LoadU8(ip + (kVersion == 4 ? 9 : 6));
  const bool plain = kVersion == 4 ? LoadU8(ip) == 0x45 && (LoadBe16(ip + 6) & 0x3fff) == 0 : LoadU8(ip) >> 4 == 6;
  if (!plain || length > left || length < kHeader + kUdpHeader) return false;
  const std::uint32_t segment = length - kHeader;

  std::uint32_t header = kUdpHeader;
  if (proto == kProtoTcp) {
    if (segment < kTcpHeader) return false;
    header = std::uint32_t{LoadU8(p + 12)} >> 4 << 2;
    if (header < kTcpHeader || header > segment || !TcpFlagsMakeSense(LoadU8(p + 13))) return false;
  } else if (proto == kProtoUdp) {
    if (LoadBe16(p + 4) != segment) return false;
    if (options.peel_tunnels && IsTunnelPort(LoadBe16(p), LoadBe16(p + 2))) return false;
  } else {
    return false;
  }
  if (options.verify_checksums) {
    if (kVersion == 4 && !ChecksumGood(ChecksumAddNative(ip, kIpv4Header))) return false;
    const bool absent = proto == kProtoUdp && LoadWord<std::uint16_t>(p + 6) == 0;
    if (absent && kVersion == 6) return false;
    // The addresses stand right before the transport header: one sum over both and the segment, and the rest of
    // the pseudo header (proto, length) as words of the wire.
    const std::uint64_t pseudo = std::uint64_t{proto} << 8 | __builtin_bswap32(segment);
    const std::byte* from = ip + kAddresses;
    if (!absent && !ChecksumGood(ChecksumAddNative(from, length - kAddresses) + pseudo)) return false;
  }

  // Field by field: a whole view that is copied would wait for its own fields' narrower stores.
  view.base = frame.data();
  view.src = kVersion == 4 ? IpAddress::V4(ip + kAddresses) : IpAddress::V6(ip + kAddresses);
  view.dst = kVersion == 4 ? IpAddress::V4(ip + kAddresses + kWidth) : IpAddress::V6(ip + kAddresses + kWidth);
  const std::uint32_t ports = std::rotl(LoadBe32(p), 16);  // in one word, as WriteKey takes them
  static_assert(offsetof(PacketView, dst_port) == offsetof(PacketView, src_port) + 2);
  std::memcpy(reinterpret_cast<std::byte*>(&view) + offsetof(PacketView, src_port), &ports, sizeof ports);
  view.l3_off = at;
  view.l3_len = length;
  view.l4_off = at + kHeader;
  view.payload_off = at + kHeader + header;
  view.payload_len = segment - header;
  view.vni = 0;
  view.tcp_seq = 0;
  view.tcp_ack = 0;
  view.tcp_tsval = 0;
  view.fragment_id = kVersion == 4 ? LoadBe16(ip + 4) : 0;
  view.fragment_off = 0;
  view.tcp_window = 0;
  view.tcp_urgent = 0;
  view.vlan = {};
  view.vlan_count = 0;
  view.ip_version = kVersion;
  view.proto = proto;
  view.ttl = LoadU8(ip + (kVersion == 4 ? 8 : 7));
  view.tcp_flags = 0;
  view.tcp_wscale = 0xff;
  view.has_tcp_ts = false;
  view.tcp_joins = false;
  view.is_fragment = false;
  view.more_fragments = false;
  view.tunnelled = false;
  if (proto != kProtoTcp) return true;
  view.tcp_seq = LoadBe32(p + 4);
  view.tcp_ack = LoadBe32(p + 8);
  view.tcp_flags = LoadU8(p + 13);
  view.tcp_window = LoadBe16(p + 14);
  view.tcp_urgent = LoadBe16(p + 18);
  if (header > kTcpHeader) ReadTcpOptions(view, {p + kTcpHeader, header - kTcpHeader});
  return true;
}

[[gnu::always_inline]] inline bool ReadAfter(std::uint16_t type, Bytes frame, std::uint32_t at,
                                             const ParseOptions& options, PacketView& view) noexcept {
  if (type == __builtin_bswap16(kEtherIpv4)) return Read<4>(frame, at, options, view);
  return type == __builtin_bswap16(kEtherIpv6) && Read<6>(frame, at, options, view);
}

}  // namespace

bool ReadCommonShape(Bytes frame, const ParseOptions& options, PacketView& view) noexcept {
  if (frame.size() < 18) return false;
  const auto type = LoadWord<std::uint16_t>(frame.data() + 12);
  if (type != __builtin_bswap16(kEtherVlan)) [[likely]]
    return ReadAfter(type, frame, 14, options, view);
  if (!ReadAfter(LoadWord<std::uint16_t>(frame.data() + 16), frame, 18, options, view)) return false;
  view.vlan[0] = LoadBe16(frame.data() + 14) & 0x0fff;
  view.vlan_count = view.vlan[0] != 0 ? 1 : 0;
  return true;
}

}  // namespace weir
