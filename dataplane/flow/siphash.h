#pragma once
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace weir {

// SipHash-1-3 (Aumasson and Bernstein 2012, with one compression and three
// finalisation rounds) of whole bytes: a keyed hash, so that nobody outside can
// choose inputs that collide. `bytes` may be of any length.
inline std::uint64_t SipHash13(const std::array<std::uint64_t, 2>& key, const void* bytes, std::size_t size) noexcept {
  std::uint64_t v0 = key[0] ^ 0x736f6d6570736575u;
  std::uint64_t v1 = key[1] ^ 0x646f72616e646f6du;
  std::uint64_t v2 = key[0] ^ 0x6c7967656e657261u;
  std::uint64_t v3 = key[1] ^ 0x7465646279746573u;
  const auto round = [&]() noexcept {
    v0 += v1, v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0, v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1, v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2, v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  };
  const auto* p = static_cast<const unsigned char*>(bytes);
  std::size_t left = size;
  for (; left >= 8; left -= 8, p += 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    v3 ^= word;
    round();
    v0 ^= word;
  }
  std::uint64_t last = 0;
  std::memcpy(&last, p, left);
  last |= static_cast<std::uint64_t>(size) << 56;
  v3 ^= last;
  round();
  v0 ^= last;
  v2 ^= 0xff;
  for (int i = 0; i < 3; ++i) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace weir
