#pragma once
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "dataplane/core/bytes.h"

namespace weir::test {

using Octets = std::vector<std::byte>;
[[nodiscard]] Octets Hex(std::string_view digits);  // "de ad be ef"; spaces are skipped
[[nodiscard]] Octets Text(std::string_view text);
[[nodiscard]] Octets operator+(Octets a, const Octets& b);

// Headers are put together from the inside out: each function wraps `payload`
// and fills in lengths and checksums.
struct TcpHeader {
  std::uint16_t sport = 40000, dport = 443;
  std::uint32_t seq = 1, ack = 0;
  std::uint8_t flags = 0x18;
  std::uint16_t window = 65535, urgent = 0;
  Octets options{};  // padded to 4 bytes
};
inline constexpr std::string_view kClient = "10.0.0.1";
inline constexpr std::string_view kServer = "192.0.2.9";
inline constexpr std::string_view kClient6 = "2001:db8::1";
inline constexpr std::string_view kServer6 = "2001:db8:ffff::9";

[[nodiscard]] Octets Tcp(const TcpHeader& h, const Octets& payload, std::string_view src = kClient,
                         std::string_view dst = kServer);
[[nodiscard]] Octets Udp(std::uint16_t sport, std::uint16_t dport, const Octets& payload,
                         std::string_view src = kClient, std::string_view dst = kServer);
[[nodiscard]] Octets Ipv4(std::uint8_t proto, const Octets& payload, std::string_view src = kClient,
                          std::string_view dst = kServer, std::uint16_t fragment = 0);
[[nodiscard]] Octets Ipv6(std::uint8_t next_header, const Octets& payload, std::string_view src = kClient6,
                          std::string_view dst = kServer6);
[[nodiscard]] Octets Ethernet(std::uint16_t type, const Octets& payload);
[[nodiscard]] Octets Be16(std::initializer_list<std::uint16_t> words);

}  // namespace weir::test
