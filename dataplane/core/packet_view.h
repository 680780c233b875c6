#pragma once
#include <array>
#include <cstdint>
#include <type_traits>

#include "dataplane/core/bytes.h"
#include "dataplane/core/flow_key.h"

namespace weir {

// TCP header flag bits (RFC 9293 s3.1).
inline constexpr std::uint8_t kTcpFin = 0x01;
inline constexpr std::uint8_t kTcpSyn = 0x02;
inline constexpr std::uint8_t kTcpRst = 0x04;
inline constexpr std::uint8_t kTcpPsh = 0x08;
inline constexpr std::uint8_t kTcpAck = 0x10;
inline constexpr std::uint8_t kTcpUrg = 0x20;

inline constexpr std::uint8_t kProtoIcmp = 1;
inline constexpr std::uint8_t kProtoTcp = 6;
inline constexpr std::uint8_t kProtoUdp = 17;
inline constexpr std::uint8_t kProtoIcmp6 = 58;
inline constexpr std::uint8_t kProtoSctp = 132;

inline constexpr std::uint16_t kDnsPort = 53;

// What the parser found in one packet. Offsets count bytes from `base`, which
// is the frame, or the datagram that defragmentation put together. Describes
// the innermost IP packet of the tunnels that were peeled.
struct PacketView {
  const std::byte* base = nullptr;  // borrowed: dies with the frame
  IpAddress src;
  IpAddress dst;
  std::uint16_t src_port = 0;
  std::uint16_t dst_port = 0;
  std::uint32_t l3_off = 0;
  std::uint32_t l3_len = 0;  // IP header to the end of IP's total length (padding cut)
  std::uint32_t l4_off = 0;
  std::uint32_t payload_off = 0;  // after the TCP/UDP/SCTP header; other protocols: l4_off
  std::uint32_t payload_len = 0;
  std::uint32_t vni = 0;
  std::uint32_t tcp_seq = 0;
  std::uint32_t tcp_ack = 0;
  std::uint32_t tcp_tsval = 0;     // timestamps option (RFC 7323), valid if has_tcp_ts
  std::uint32_t fragment_id = 0;   // IPv4 ID or IPv6 fragment identification
  std::uint16_t fragment_off = 0;  // bytes
  std::uint16_t tcp_window = 0;    // as on the wire, unscaled
  std::uint16_t tcp_urgent = 0;
  std::array<std::uint16_t, 3> vlan{};  // VLAN ids, outermost first
  std::uint8_t vlan_count = 0;
  std::uint8_t ip_version = 0;  // 4, 6; 0: not IP
  std::uint8_t proto = 0;       // IANA number of the transport
  std::uint8_t ttl = 0;
  std::uint8_t tcp_flags = 0;
  std::uint8_t tcp_wscale = 0xff;  // window scale option, 0xff: absent
  bool has_tcp_ts = false;
  bool tcp_joins = false;    // MP_JOIN (RFC 8684 s3.2): the bytes are another connection's
  bool is_fragment = false;  // offset != 0 or more fragments; proto is set, ports are not
  bool more_fragments = false;
  bool tunnelled = false;  // the view is of an inner packet

  [[nodiscard]] Bytes payload() const noexcept { return {base + payload_off, payload_len}; }
  [[nodiscard]] Bytes l3() const noexcept { return {base + l3_off, l3_len}; }
  friend bool operator==(const PacketView&, const PacketView&) = default;
};
static_assert(std::is_trivially_copyable_v<PacketView> && sizeof(PacketView) <= 128);

// The symmetric key of a packet's flow; `reversed` is true when the sender is
// the key's high endpoint. Precondition: ip_version is 4 or 6.
struct DirectedKey {
  FlowKey key;
  bool reversed = false;
};
[[nodiscard]] DirectedKey KeyOf(const PacketView& view, bool key_has_vlan) noexcept;
// The same into `key`; returns `reversed`. Each packet's: in line, stored in words as wide as they are loaded, and
// without a branch, for nobody can guess which way a packet goes.
inline bool WriteKey(const PacketView& view, bool key_has_vlan, FlowKey& key) noexcept {
  const auto src = view.src.Number(), dst = view.dst.Number();
  const bool reversed = (src > dst) | ((src == dst) & (view.src_port > view.dst_port));
  IpAddress::Order(view.src, view.dst, reversed, key.low_addr, key.high_addr);
  const std::uint32_t ports = view.src_port | std::uint32_t{view.dst_port} << 16;
  const std::uint64_t ports_vni = std::rotl(ports, reversed ? 16 : 0) | std::uint64_t{view.vni} << 32;
  const std::uint32_t vlan = key_has_vlan && view.vlan_count > 0 ? view.vlan[0] : 0u;
  const std::uint32_t rest = vlan | std::uint32_t{view.proto} << 16 | std::uint32_t{view.ip_version} << 24;
  static_assert(std::endian::native == std::endian::little &&
                offsetof(FlowKey, vni) == offsetof(FlowKey, low_port) + 4 &&
                offsetof(FlowKey, proto) == offsetof(FlowKey, vlan) + 2);
  auto* bytes = reinterpret_cast<std::byte*>(&key);
  std::memcpy(bytes + offsetof(FlowKey, low_port), &ports_vni, sizeof ports_vni);
  std::memcpy(bytes + offsetof(FlowKey, vlan), &rest, sizeof rest);
  return reversed;
}

}  // namespace weir
