#pragma once
#include <array>
#include <bit>
#include <cstdint>

#include "dataplane/core/bytes.h"
#include "dataplane/core/packet_view.h"

namespace weir {

// Ones' complement sum of 16-bit words (RFC 1071), not folded and not inverted.
// An odd last byte is padded with zero. `sum` carries an earlier part's result.
[[nodiscard]] std::uint64_t ChecksumAdd(Bytes bytes, std::uint64_t sum = 0) noexcept;
// The words as this machine loads them: the sum is ChecksumAdd's with its bytes swapped (RFC 1071 s2 (B)), and as good
// where only "is it 0xffff" is asked. In line: most frames are short.
[[nodiscard, gnu::always_inline]] inline std::uint64_t ChecksumAddNative(const std::byte* p,
                                                                         std::size_t size) noexcept {
  std::uint64_t sum = 0;
  if (size >= 128) {  // eight sums, which compilers put into vector registers
    std::array<std::uint64_t, 8> lanes{};
    for (; size >= 32; size -= 32, p += 32) {
      for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i] += LoadWord<std::uint32_t>(p + 4 * i);
    }
    for (const std::uint64_t lane : lanes) sum += lane;
  }
  for (; size >= 8; size -= 8, p += 8) {
    const auto word = LoadWord<std::uint64_t>(p);
    sum += (word & 0xffffffff) + (word >> 32);
    asm("" : "+r"(sum));  // in vectors, so few words take longer to bring together than to add
  }
  if (size >= 4) sum += LoadWord<std::uint32_t>(p), p += 4, size -= 4;
  if (size >= 2) sum += LoadWord<std::uint16_t>(p), p += 2, size -= 2;
  return size == 1 ? sum + LoadU8(p) : sum;
}
// Folds to 16 bits, host byte order; 0xffff means "good" for data with its checksum in it.
[[nodiscard, gnu::always_inline]] inline std::uint16_t ChecksumFold(std::uint64_t sum) noexcept {
  // A number and its halves swapped: the upper half of their sum is that of the halves, the carry brought round.
  const auto half = static_cast<std::uint32_t>((sum + std::rotl(sum, 32)) >> 32);
  return static_cast<std::uint16_t>((half + std::rotl(half, 16)) >> 16);
}
[[nodiscard, gnu::always_inline]] inline bool ChecksumGood(std::uint64_t sum) noexcept {
  return ChecksumFold(sum) == 0xffff;
}
// The sum of the pseudo header of TCP, UDP and ICMPv6 (RFC 9293 s3.1, RFC 8200 s8.1).
[[nodiscard]] std::uint64_t PseudoHeaderSum(const PacketView& view, std::uint8_t proto, std::uint32_t length) noexcept;
// CRC32c as SCTP uses it (RFC 9260 appendix A).
[[nodiscard]] std::uint32_t Crc32c(Bytes bytes, std::uint32_t crc = 0xffffffff) noexcept;

}  // namespace weir
