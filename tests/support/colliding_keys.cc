#include "tests/support/colliding_keys.h"

#include <array>
#include <bitset>
#include <random>

namespace weir::test {
namespace {

constexpr std::size_t kBits = 96;  // two addresses and two ports
using Tuple = std::bitset<kBits>;

// The first bit of each address is fixed, so that `low` is always the first.
FlowKey KeyOf(const Tuple& tuple) {
  std::array<std::uint8_t, kBits / 8> bytes{};
  for (std::size_t i = 0; i < kBits; ++i) {
    if (tuple[i]) bytes[i / 8] |= static_cast<std::uint8_t>(0x80u >> (i % 8));
  }
  bytes[0] &= 0x7f;
  bytes[4] |= 0x80;
  FlowKey key;
  key.low_addr = IpAddress::V4(bytes.data());
  key.high_addr = IpAddress::V4(bytes.data() + 4);
  key.low_port = static_cast<std::uint16_t>(bytes[8] << 8 | bytes[9]);
  key.high_port = static_cast<std::uint16_t>(bytes[10] << 8 | bytes[11]);
  key.proto = 6;
  return key;
}

std::uint64_t BothHashes(const Tuple& tuple) {
  const FlowKey key = KeyOf(tuple);
  return std::uint64_t{SymmetricToeplitz(key)} << 32 | KeyCrc(key, 0);
}

// A basis of the tuples that change neither hash (Gaussian elimination; `from` keeps
// of which tuple each reduced image is the image).
std::vector<Tuple> Kernel() {
  const std::uint64_t constant = BothHashes({});
  std::array<std::uint64_t, 64> image{};
  std::array<Tuple, 64> from;
  std::vector<Tuple> kernel;
  for (std::size_t i = 0; i < kBits; ++i) {
    if (i == 0 || i == 32) continue;
    Tuple tuple;
    tuple.set(i);
    std::uint64_t left = BothHashes(tuple) ^ constant;
    for (std::size_t bit = 64; bit-- > 0 && left != 0;) {
      if ((left >> bit & 1) == 0) continue;
      if (image[bit] == 0) {
        image[bit] = left;
        from[bit] = tuple;
        break;
      }
      left ^= image[bit];
      tuple ^= from[bit];
    }
    if (left == 0) kernel.push_back(tuple);
  }
  return kernel;
}

}  // namespace

std::uint32_t SymmetricToeplitz(const FlowKey& key) noexcept {
  std::array<std::uint8_t, 12> input{};
  for (std::size_t i = 0; i < 4; ++i) {
    input[i] = key.low_addr.octets[i];
    input[4 + i] = key.high_addr.octets[i];
  }
  input[8] = static_cast<std::uint8_t>(key.low_port >> 8);
  input[9] = static_cast<std::uint8_t>(key.low_port);
  input[10] = static_cast<std::uint8_t>(key.high_port >> 8);
  input[11] = static_cast<std::uint8_t>(key.high_port);
  std::uint32_t hash = 0;
  std::uint32_t window = 0x6d5a6d5a;  // turned by a bit, the repeated key goes on as itself
  for (const std::uint8_t byte : input) {
    for (int bit = 7; bit >= 0; --bit) {
      if ((byte >> bit & 1) != 0) hash ^= window;
      window = window << 1 | window >> 31;
    }
  }
  return hash;
}

std::uint32_t KeyCrc(const FlowKey& key, std::uint32_t seed) noexcept {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&key);
  std::uint32_t crc = seed;
  for (std::size_t i = 0; i < sizeof key; ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
  }
  return crc;
}

std::vector<FlowKey> CollidingKeys(std::size_t count) {
  const std::vector<Tuple> kernel = Kernel();
  Tuple at;
  at.set(5);  // any tuple
  std::vector<FlowKey> keys;
  for (std::size_t i = 0; i < count; ++i) {
    keys.push_back(KeyOf(at));
    // Gray code: the next sum of basis tuples differs by one of them.
    at ^= kernel[static_cast<std::size_t>(__builtin_ctzll(i + 1))];
  }
  return keys;
}

std::vector<FlowKey> RandomKeys(std::size_t count) {
  std::mt19937_64 random(99);
  std::vector<FlowKey> keys;
  for (std::size_t i = 0; i < count; ++i) {
    Tuple tuple(random());
    tuple = tuple << 32 ^ Tuple(random() & 0xffffffffu);
    keys.push_back(KeyOf(tuple));
  }
  return keys;
}

}  // namespace weir::test
