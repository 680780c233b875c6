#include "dataplane/packet/checksum.h"

#include <array>

namespace weir {

std::uint64_t ChecksumAdd(Bytes bytes, std::uint64_t sum) noexcept {
  const std::byte* p = bytes.data();
  std::size_t left = bytes.size();
  // 32-bit words into a 64-bit sum: 2^32 of them fit before it could overflow. Four sums, so
  // that no addition waits for the one before.
  std::array<std::uint64_t, 4> lanes{};
  for (; left >= 16; left -= 16, p += 16) {
    for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i] += LoadBe32(p + 4 * i);
  }
  sum += lanes[0] + lanes[1] + lanes[2] + lanes[3];
  for (; left >= 4; left -= 4, p += 4) sum += LoadBe32(p);
  if (left >= 2) {
    sum += std::uint64_t{LoadBe16(p)} << 16;
    p += 2;
    left -= 2;
    if (left == 1) sum += std::uint64_t{LoadU8(p)} << 8;
  } else if (left == 1) {
    sum += std::uint64_t{LoadU8(p)} << 24;
  }
  return sum;
}

std::uint16_t ChecksumFold(std::uint64_t sum) noexcept {
  sum = (sum >> 32) + (sum & 0xffffffff);
  sum = (sum >> 32) + (sum & 0xffffffff);
  sum = (sum >> 16) + (sum & 0xffff);
  sum = (sum >> 16) + (sum & 0xffff);
  return static_cast<std::uint16_t>((sum >> 16) + (sum & 0xffff));
}

std::uint64_t PseudoHeaderSum(const PacketView& view, std::uint8_t proto, std::uint32_t length) noexcept {
  const std::size_t n = view.ip_version == 4 ? 4 : 16;
  std::uint64_t sum = ChecksumAdd({reinterpret_cast<const std::byte*>(view.src.octets.data()), n});
  sum = ChecksumAdd({reinterpret_cast<const std::byte*>(view.dst.octets.data()), n}, sum);
  return sum + proto + length;
}

std::uint32_t Crc32c(Bytes bytes, std::uint32_t crc) noexcept {
  static constexpr auto kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t c = i;
      for (int k = 0; k < 8; ++k) c = (c & 1) != 0 ? 0x82f63b78u ^ (c >> 1) : c >> 1;
      table[i] = c;
    }
    return table;
  }();
  for (const std::byte b : bytes) crc = kTable[(crc ^ static_cast<std::uint32_t>(b)) & 0xff] ^ (crc >> 8);
  return crc;
}

}  // namespace weir
