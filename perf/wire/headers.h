#pragma once
#include <cstddef>
#include <cstdint>

#include "dataplane/core/bytes.h"

namespace weir::perf {

inline constexpr std::uint32_t kStamp = 6;  // bytes, at a frame's end

// Of a frame that Stamper made: Ethernet, IPv4 or IPv6 without options, TCP.
struct StampedFrame {
  std::byte* at;

  [[nodiscard]] bool ipv6() const noexcept { return LoadBe16(at + 12) == 0x86dd; }
  [[nodiscard]] std::byte* tcp() const noexcept { return at + (ipv6() ? 54 : 34); }
  // Bytes behind the headers; of a frame without data they are the stamp alone.
  [[nodiscard]] std::uint32_t payload(std::uint32_t length) const noexcept {
    const std::uint32_t behind = length - (ipv6() ? 74 : 54);
    return behind > kStamp ? behind : 0;
  }
  // The number that it was stamped with: the last 22 bits of its client's address.
  [[nodiscard]] std::uint32_t flow(bool to_server) const noexcept {
    const std::byte* client = at + (ipv6() ? (to_server ? 34 : 50) : (to_server ? 26 : 30));
    return (LoadBe16(client) & 0x3fu) << 16 | LoadBe16(client + 2);
  }
};

}  // namespace weir::perf
