#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <cstring>

namespace weir {

// Which way a packet of a flow goes: the client is the side that opened it.
enum class Direction : std::uint8_t { kToServer = 0, kToClient = 1 };
constexpr Direction Opposite(Direction d) noexcept {
  return d == Direction::kToServer ? Direction::kToClient : Direction::kToServer;
}
constexpr std::size_t Index(Direction d) noexcept { return static_cast<std::size_t>(d); }

// An IPv4 or IPv6 address, network byte order. IPv4 stands in bytes 0..3, the
// rest is zero; whether it is v4 is kept beside it (FlowKey::ip_version).
struct IpAddress {
  std::array<std::uint8_t, 16> octets{};
  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

  static IpAddress V4(const void* four_octets) noexcept {
    IpAddress a;
    std::memcpy(a.octets.data(), four_octets, 4);
    return a;
  }
  static IpAddress V6(const void* sixteen_octets) noexcept {
    IpAddress a;
    std::memcpy(a.octets.data(), sixteen_octets, 16);
    return a;
  }
};

// Identifies a bidirectional flow: both directions give the same key. `low` is
// the endpoint that compares lower as (address, port). Never in the key: TEID,
// MPLS label, ERSPAN id.
struct FlowKey {
  IpAddress low_addr;
  IpAddress high_addr;
  std::uint16_t low_port = 0;  // host byte order; ICMP: 0
  std::uint16_t high_port = 0;
  std::uint32_t vni = 0;        // VXLAN or Geneve network, 0 outside
  std::uint16_t vlan = 0;       // outermost VLAN id, 0 untagged or `flow.key.vlan: false`
  std::uint8_t proto = 0;       // IANA protocol number
  std::uint8_t ip_version = 4;  // 4 or 6
  friend constexpr bool operator==(const FlowKey&, const FlowKey&) = default;
};
static_assert(sizeof(FlowKey) == 44);

}  // namespace weir
