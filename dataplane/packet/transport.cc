// TCP, UDP, SCTP, ICMP; what else IP carries is left whole or is a tunnel.
#include "dataplane/packet/checksum.h"
#include "dataplane/packet/walk.h"

namespace weir {
namespace {

bool L4ChecksumGood(const Walk& walk, std::size_t at, std::size_t end, std::uint8_t proto) noexcept {
  const auto length = static_cast<std::uint32_t>(end - at);
  const std::uint64_t pseudo = PseudoHeaderSum(walk.view, proto, length);
  return ChecksumFold(ChecksumAdd({walk.At(at), length}, pseudo)) == 0xffff;
}

DropReason WalkTcp(Walk& walk, std::size_t at, std::size_t end) noexcept {
  if (end - at < 20) return DropReason::kTruncated;
  const std::byte* p = walk.At(at);
  const std::size_t header = std::size_t{LoadU8(p + 12)} >> 4 << 2;
  if (header < 20 || header > end - at) return DropReason::kBadLength;
  if (walk.options.verify_checksums && !L4ChecksumGood(walk, at, end, kProtoTcp)) return DropReason::kBadL4Checksum;
  ReadTcpHeader(walk, at, header, end);
  return TcpFlagsMakeSense(walk.view.tcp_flags) ? DropReason::kNone : DropReason::kTcpBadFlags;
}

DropReason WalkUdp(Walk& walk, std::size_t at, std::size_t end) noexcept {
  if (end - at < 8) return DropReason::kTruncated;
  const std::byte* p = walk.At(at);
  const std::size_t length = LoadBe16(p + 4);
  if (length < 8 || length > end - at) return DropReason::kBadLength;
  PacketView& view = walk.view;
  const bool absent = LoadBe16(p + 6) == 0;  // RFC 768; over IPv6 only in tunnels, RFC 6935
  if (walk.options.verify_checksums && !absent && !L4ChecksumGood(walk, at, at + length, kProtoUdp)) {
    return DropReason::kBadL4Checksum;
  }
  view.src_port = LoadBe16(p);
  view.dst_port = LoadBe16(p + 2);
  view.payload_off = static_cast<std::uint32_t>(at + 8);
  view.payload_len = static_cast<std::uint32_t>(length - 8);
  if (walk.options.peel_tunnels && PeelUdpTunnel(walk)) return DropReason::kNone;
  if (walk.inside != DropReason::kNone) return walk.inside;
  const bool bad = absent && view.ip_version == 6 && walk.options.verify_checksums;
  return bad ? DropReason::kBadL4Checksum : DropReason::kNone;
}

DropReason WalkSctp(Walk& walk, std::size_t at, std::size_t end) noexcept {
  if (end - at < 12) return DropReason::kTruncated;
  const std::byte* p = walk.At(at);
  PacketView& view = walk.view;
  view.src_port = LoadBe16(p);
  view.dst_port = LoadBe16(p + 2);
  view.payload_off = static_cast<std::uint32_t>(at + 12);
  view.payload_len = static_cast<std::uint32_t>(end - at - 12);
  if (!walk.options.verify_checksums) return DropReason::kNone;
  constexpr std::byte kZero[4] = {};
  std::uint32_t crc = Crc32c({p, 8});
  crc = Crc32c(kZero, crc);
  crc = ~Crc32c({p + 12, end - at - 12}, crc);
  return __builtin_bswap32(crc) == LoadBe32(p + 8) ? DropReason::kNone : DropReason::kBadL4Checksum;
}

DropReason WalkIcmp(Walk& walk, std::size_t at, std::size_t end) noexcept {
  if (end - at < 4) return DropReason::kTruncated;
  if (!walk.options.verify_checksums) return DropReason::kNone;
  const bool good = walk.view.proto == kProtoIcmp6 ? L4ChecksumGood(walk, at, end, kProtoIcmp6)
                                                   : ChecksumFold(ChecksumAdd({walk.At(at), end - at})) == 0xffff;
  return good ? DropReason::kNone : DropReason::kBadL4Checksum;
}

}  // namespace

void ReadTcpOptions(PacketView& view, Bytes options) noexcept {
  while (!options.empty() && options[0] != std::byte{0}) {
    if (options[0] == std::byte{1}) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2) return;
    const std::size_t length = LoadU8(&options[1]);
    if (length < 2 || length > options.size()) return;
    if (options[0] == std::byte{3} && length == 3) view.tcp_wscale = LoadU8(&options[2]);
    if (options[0] == std::byte{8} && length == 10) {
      view.has_tcp_ts = true;
      view.tcp_tsval = LoadBe32(&options[2]);
    }
    if (options[0] == std::byte{30} && length > 2 && LoadU8(&options[2]) >> 4 == 1) view.tcp_joins = true;
    options = options.subspan(length);
  }
}

DropReason WalkTransport(Walk& walk, std::size_t at, std::size_t end) noexcept {
  switch (walk.view.proto) {
    case kProtoTcp:
      return WalkTcp(walk, at, end);
    case kProtoUdp:
      return WalkUdp(walk, at, end);
    case kProtoSctp:
      return WalkSctp(walk, at, end);
    case kProtoIcmp:
    case kProtoIcmp6:
      return WalkIcmp(walk, at, end);
    default:
      break;
  }
  if (walk.options.peel_tunnels && PeelIpTunnel(walk, at, end)) return DropReason::kNone;
  return walk.inside;
}

}  // namespace weir
