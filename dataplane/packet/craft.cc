#include "dataplane/packet/craft.h"

#include <algorithm>
#include <cstring>

#include "dataplane/packet/checksum.h"

namespace weir {
namespace {

constexpr std::uint8_t kTtl = 64;

bool IsMulticast(const PacketView& view) noexcept {
  if (view.ip_version == 6) return view.dst.octets[0] == 0xff || view.src.octets[0] == 0xff;
  return view.dst.octets[0] >= 224 || view.src.octets[0] >= 224 || view.src.octets[0] == 0;
}

// The link header and tags of the frame, towards the sender of it or onwards.
std::vector<std::byte> LinkHeader(const FrameRef& frame, const PacketView& view, bool to_sender) {
  // The offsets of a defragmented datagram do not lie in the frame.
  const bool within = view.base == frame.data;
  const std::size_t size = frame.link == LinkType::kEthernet ? 14 + 4 * std::size_t{view.vlan_count} : 0;
  if (within && view.l3_off != size && frame.link == LinkType::kEthernet) return {};  // PPPoE, MPLS: not answered
  std::vector<std::byte> out(frame.data, frame.data + (frame.link == LinkType::kEthernet ? size
                                                       : within                          ? view.l3_off
                                                                                         : 0));
  if (to_sender && frame.link == LinkType::kEthernet) std::swap_ranges(out.begin(), out.begin() + 6, out.begin() + 6);
  return out;
}

std::size_t IpHeaderSize(const PacketView& view) noexcept { return view.ip_version == 4 ? 20 : 40; }

void AppendIp(std::vector<std::byte>& out, const PacketView& view, bool to_sender, std::uint8_t proto,
              std::size_t payload) {
  const std::size_t at = out.size();
  const IpAddress& src = to_sender ? view.dst : view.src;
  const IpAddress& dst = to_sender ? view.src : view.dst;
  out.resize(at + IpHeaderSize(view));
  std::byte* p = out.data() + at;
  if (view.ip_version == 4) {
    p[0] = std::byte{0x45};
    StoreBe16(p + 2, static_cast<std::uint16_t>(20 + payload));
    StoreBe16(p + 6, 0x4000);
    p[8] = std::byte{kTtl};
    p[9] = std::byte{proto};
    std::memcpy(p + 12, src.octets.data(), 4);
    std::memcpy(p + 16, dst.octets.data(), 4);
    StoreBe16(p + 10, static_cast<std::uint16_t>(~ChecksumFold(ChecksumAdd({p, 20}))));
    return;
  }
  p[0] = std::byte{0x60};
  StoreBe16(p + 4, static_cast<std::uint16_t>(payload));
  p[6] = std::byte{proto};
  p[7] = std::byte{kTtl};
  std::memcpy(p + 8, src.octets.data(), 16);
  std::memcpy(p + 24, dst.octets.data(), 16);
}

bool Answerable(const FrameRef& frame, const PacketView& view) noexcept {
  return !view.tunnelled && !IsMulticast(view) && (frame.link == LinkType::kEthernet || frame.link == LinkType::kRawIp);
}

}  // namespace

std::vector<std::byte> CraftTcpReset(const FrameRef& frame, const PacketView& view, bool to_sender, std::uint32_t seq,
                                     std::uint32_t ack) {
  if (!Answerable(frame, view)) return {};
  std::vector<std::byte> out = LinkHeader(frame, view, to_sender);
  if (out.empty() && frame.link == LinkType::kEthernet) return {};
  AppendIp(out, view, to_sender, kProtoTcp, 20);
  const std::size_t at = out.size();
  out.resize(at + 20);
  std::byte* p = out.data() + at;
  StoreBe16(p, to_sender ? view.dst_port : view.src_port);
  StoreBe16(p + 2, to_sender ? view.src_port : view.dst_port);
  StoreBe32(p + 4, seq);
  StoreBe32(p + 8, ack);
  p[12] = std::byte{0x50};
  p[13] = std::byte{kTcpRst | kTcpAck};
  const std::uint64_t sum = ChecksumAdd({p, 20}, PseudoHeaderSum(view, kProtoTcp, 20));
  StoreBe16(p + 16, static_cast<std::uint16_t>(~ChecksumFold(sum)));
  return out;
}

std::vector<std::byte> CraftProhibited(const FrameRef& frame, const PacketView& view) {
  if (!Answerable(frame, view)) return {};
  std::vector<std::byte> out = LinkHeader(frame, view, true);
  if (out.empty() && frame.link == LinkType::kEthernet) return {};
  // Up to 576 bytes of datagram over IPv4, 1280 over IPv6.
  const std::size_t most = (view.ip_version == 4 ? 576u : 1280u) - IpHeaderSize(view) - 8;
  const std::size_t quoted = std::min<std::size_t>(view.l3_len, most);
  const std::uint8_t proto = view.ip_version == 4 ? kProtoIcmp : kProtoIcmp6;
  AppendIp(out, view, true, proto, 8 + quoted);
  const std::size_t at = out.size();
  out.resize(at + 8 + quoted);
  std::byte* p = out.data() + at;
  p[0] = std::byte{static_cast<std::uint8_t>(view.ip_version == 4 ? 3 : 1)};
  p[1] = std::byte{static_cast<std::uint8_t>(view.ip_version == 4 ? 13 : 1)};
  std::memcpy(p + 8, view.base + view.l3_off, quoted);
  const auto length = static_cast<std::uint32_t>(8 + quoted);
  const std::uint64_t pseudo = view.ip_version == 4 ? 0 : PseudoHeaderSum(view, proto, length);
  StoreBe16(p + 2, static_cast<std::uint16_t>(~ChecksumFold(ChecksumAdd({p, length}, pseudo))));
  return out;
}

std::vector<std::byte> CraftUdpAnswer(const FrameRef& frame, const PacketView& view, Bytes payload) {
  if (!Answerable(frame, view) || payload.size() > 1200) return {};
  std::vector<std::byte> out = LinkHeader(frame, view, true);
  if (out.empty() && frame.link == LinkType::kEthernet) return {};
  const auto length = static_cast<std::uint16_t>(8 + payload.size());
  AppendIp(out, view, true, kProtoUdp, length);
  const std::size_t at = out.size();
  out.resize(at + length);
  std::byte* p = out.data() + at;
  StoreBe16(p, view.dst_port);
  StoreBe16(p + 2, view.src_port);
  StoreBe16(p + 4, length);
  std::memcpy(p + 8, payload.data(), payload.size());
  const auto sum =
      static_cast<std::uint16_t>(~ChecksumFold(ChecksumAdd({p, length}, PseudoHeaderSum(view, kProtoUdp, length))));
  StoreBe16(p + 6, sum == 0 ? std::uint16_t{0xffff} : sum);  // RFC 768
  return out;
}

bool ClearUrgent(FrameRef& frame, const PacketView& view, const ParseOptions& options) noexcept {
  std::byte* p = frame.data + view.l4_off;
  const std::uint16_t old_flags = LoadBe16(p + 12);
  const std::uint16_t new_flags = old_flags & static_cast<std::uint16_t>(~kTcpUrg);
  // RFC 1624 eqn. 3: HC' = ~(~HC + ~m + m').
  std::uint64_t sum = static_cast<std::uint16_t>(~LoadBe16(p + 16));
  sum += static_cast<std::uint16_t>(~old_flags);
  sum += new_flags;
  sum += static_cast<std::uint16_t>(~LoadBe16(p + 18));
  StoreBe16(p + 12, new_flags);
  StoreBe16(p + 18, 0);
  StoreBe16(p + 16, static_cast<std::uint16_t>(~ChecksumFold(sum)));
  PacketView wanted = view;
  wanted.tcp_flags &= static_cast<std::uint8_t>(~kTcpUrg);
  wanted.tcp_urgent = 0;
  PacketView now;
  return Parse(frame.bytes(), frame.link, options, now) == DropReason::kNone && now == wanted;
}

}  // namespace weir
