#pragma once
#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace weir {

// memcmp's order and equality of small things of fixed size, without the call: each packet's key is compared twice.
template <class T>
[[nodiscard]] inline T LoadWord(const void* at) noexcept {
  T word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

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
  friend bool operator==(const IpAddress& a, const IpAddress& b) noexcept {
    return ((a.Half(0) ^ b.Half(0)) | (a.Half(8) ^ b.Half(8))) == 0;
  }
  friend std::strong_ordering operator<=>(const IpAddress& a, const IpAddress& b) noexcept {
    static_assert(std::endian::native == std::endian::little);
    const std::uint64_t left = a.Half(0), right = b.Half(0);
    if (left != right) return __builtin_bswap64(left) <=> __builtin_bswap64(right);
    return __builtin_bswap64(a.Half(8)) <=> __builtin_bswap64(b.Half(8));
  }

  // Stored as one word: a load of all 16 octets soon after two narrower stores would wait for both.
  static IpAddress V4(const void* four_octets) noexcept {
    const Vector wide = {LoadWord<std::uint32_t>(four_octets), 0, 0, 0};
    return std::bit_cast<IpAddress>(wide);
  }
  static IpAddress V6(const void* sixteen_octets) noexcept {
    IpAddress a;
    std::memcpy(a.octets.data(), sixteen_octets, 16);
    return a;
  }

  // Of the same order as the addresses.
  [[nodiscard]] unsigned __int128 Number() const noexcept {
    return static_cast<unsigned __int128>(__builtin_bswap64(Half(0))) << 64 | __builtin_bswap64(Half(8));
  }
  // The two as they stand, or the other way round.
  static void Order(const IpAddress& a, const IpAddress& b, bool swap, IpAddress& first, IpAddress& second) noexcept {
    const std::uint32_t all = 0u - static_cast<std::uint32_t>(swap);
    const auto x = std::bit_cast<Vector>(a), y = std::bit_cast<Vector>(b);
    const Vector change = (x ^ y) & Vector{all, all, all, all};
    first = std::bit_cast<IpAddress>(x ^ change);
    second = std::bit_cast<IpAddress>(y ^ change);
  }

 private:
  using Vector = std::uint32_t __attribute__((vector_size(16)));
  [[nodiscard]] std::uint64_t Half(std::size_t at) const noexcept {
    return LoadWord<std::uint64_t>(octets.data() + at);
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
  friend bool operator==(const FlowKey& a, const FlowKey& b) noexcept {
    static_assert(std::has_unique_object_representations_v<FlowKey> && sizeof(FlowKey) == 44);
    const auto* left = reinterpret_cast<const std::byte*>(&a);
    const auto* right = reinterpret_cast<const std::byte*>(&b);
    std::uint64_t differs = LoadWord<std::uint32_t>(left + 40) ^ LoadWord<std::uint32_t>(right + 40);
    for (std::size_t at = 0; at < 40; at += 8) {
      differs |= LoadWord<std::uint64_t>(left + at) ^ LoadWord<std::uint64_t>(right + at);
    }
    return differs == 0;
  }
};

}  // namespace weir
