#include "dataplane/packet/checksum.h"

#include <array>

namespace weir {

std::uint64_t ChecksumAdd(Bytes bytes, std::uint64_t sum) noexcept {
  return sum + __builtin_bswap16(ChecksumFold(ChecksumAddNative(bytes.data(), bytes.size())));
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
