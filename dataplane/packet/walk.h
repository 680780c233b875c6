#pragma once
#include <cstdint>

#include "dataplane/packet/parser.h"

namespace weir {

// The position of one parse: what is left of the frame, how many headers were
// peeled. Inside of packet/ only.
struct Walk {
  Bytes frame;
  const ParseOptions& options;
  PacketView& view;
  int layers = 0;
  DropReason inside = DropReason::kNone;  // what no host takes, found in a tunnel

  [[nodiscard]] bool Has(std::size_t at, std::size_t n) const noexcept {
    return at <= frame.size() && n <= frame.size() - at;
  }
  [[nodiscard]] const std::byte* At(std::size_t at) const noexcept { return frame.data() + at; }
};

// EtherTypes (IEEE 802 numbers, IANA).
inline constexpr std::uint16_t kEtherIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherIpv6 = 0x86dd;
inline constexpr std::uint16_t kEtherVlan = 0x8100;
inline constexpr std::uint16_t kEtherQinQ = 0x88a8;
inline constexpr std::uint16_t kEtherQinQOld = 0x9100;
inline constexpr std::uint16_t kEtherQinQOld2 = 0x9200;
inline constexpr std::uint16_t kEtherQinQOld3 = 0x9300;
inline constexpr std::uint16_t kEtherMpls = 0x8847;
inline constexpr std::uint16_t kEtherMplsMulticast = 0x8848;
inline constexpr std::uint16_t kEtherPppoeSession = 0x8864;
inline constexpr std::uint16_t kEtherBridging = 0x6558;  // transparent Ethernet bridging

// Each continues at offset `at` and fills `walk.view`.
[[nodiscard]] DropReason WalkLink(Walk& walk, LinkType link) noexcept;                            // link_types.cc
[[nodiscard]] DropReason WalkEthernet(Walk& walk, std::size_t at) noexcept;                       // ethernet.cc
[[nodiscard]] DropReason WalkEtherType(Walk& walk, std::uint16_t type, std::size_t at) noexcept;  // ethernet.cc
[[nodiscard]] DropReason WalkPpp(Walk& walk, std::size_t at) noexcept;                            // ethernet.cc
[[nodiscard]] DropReason WalkIp(Walk& walk, std::size_t at) noexcept;  // ip.cc: by its version nibble
[[nodiscard]] DropReason WalkTransport(Walk& walk, std::size_t at, std::size_t end) noexcept;  // transport.cc
// A tunnel inside IP protocol `view.proto` or UDP: true if it was peeled and the
// view now describes the inside; false: the view is unchanged.                  // tunnels.cc
[[nodiscard]] bool PeelIpTunnel(Walk& walk, std::size_t at, std::size_t end) noexcept;
[[nodiscard]] bool PeelUdpTunnel(Walk& walk) noexcept;
// Could PeelUdpTunnel peel something between these ports?
[[nodiscard]] bool IsTunnelPort(std::uint16_t src, std::uint16_t dst) noexcept;

void ReadTcpOptions(PacketView& view, Bytes options) noexcept;  // transport.cc
// The fields of a TCP header at `at`, of `header` bytes; the segment goes to `end`. All of it is there.
inline void ReadTcpHeader(Walk& walk, std::size_t at, std::size_t header, std::size_t end) noexcept {
  const std::byte* p = walk.At(at);
  PacketView& view = walk.view;
  view.src_port = LoadBe16(p);
  view.dst_port = LoadBe16(p + 2);
  view.tcp_seq = LoadBe32(p + 4);
  view.tcp_ack = LoadBe32(p + 8);
  view.tcp_flags = LoadU8(p + 13);
  view.tcp_window = LoadBe16(p + 14);
  view.tcp_urgent = LoadBe16(p + 18);
  view.payload_off = static_cast<std::uint32_t>(at + header);
  view.payload_len = static_cast<std::uint32_t>(end - at - header);
  if (header > 20) ReadTcpOptions(view, {p + 20, header - 20});
}
// Data or FIN without ACK: discarded by every receiver (RFC 9293 s3.10.7.4); SYN with FIN or RST: said by none.
[[nodiscard]] inline bool TcpFlagsMakeSense(std::uint8_t flags) noexcept {
  if ((flags & (kTcpSyn | kTcpRst | kTcpAck)) == 0) return false;
  return (flags & kTcpSyn) == 0 || (flags & (kTcpFin | kTcpRst)) == 0;
}

}  // namespace weir
