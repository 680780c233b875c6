#include "dataplane/flow/keyed_hash.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>
#include <vector>

namespace weir {
namespace {

// With AES, where this processor has it, and without.
std::vector<KeyedHash> Both(std::array<std::uint64_t, 2> seed) {
  std::vector<KeyedHash> hashes(2, KeyedHash(seed));
  hashes[1].WithoutAes();
  return hashes;
}

FlowKey Flipped(std::size_t bit) {
  FlowKey key{};
  auto* bytes = reinterpret_cast<unsigned char*>(&key);
  bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] ^ 1u << bit % 8);
  return key;
}

TEST(KeyedHash, SaysTheSameOfTheSameKeyAndSeed) {
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(Both({1, 2})[i].Of(Flipped(9)), Both({1, 2})[i].Of(Flipped(9)));
}

TEST(KeyedHash, DependsOnEachBitOfTheSeed) {
  for (std::size_t i = 0; i < 2; ++i) {
    std::set<std::uint64_t> seen = {Both({0, 0})[i].Of({})};
    for (std::size_t bit = 0; bit < 128; ++bit) {
      std::array<std::uint64_t, 2> seed{};
      seed[bit / 64] = std::uint64_t{1} << bit % 64;
      seen.insert(Both(seed)[i].Of({}));
    }
    EXPECT_EQ(seen.size(), 129u);
  }
}

// A bit of the key turns half of the hash's 64 bits over, give or take (four deviations are 16).
TEST(KeyedHash, SpreadsEachBitOfTheKeyOverAllOfTheHash) {
  for (const KeyedHash& hash : Both({3, 4})) {
    std::array<int, 64> turned{};
    for (std::size_t bit = 0; bit < sizeof(FlowKey) * 8; ++bit) {
      const std::uint64_t differs = hash.Of({}) ^ hash.Of(Flipped(bit));
      EXPECT_NEAR(std::popcount(differs), 32, 17) << bit;
      for (std::size_t i = 0; i < 64; ++i) turned[i] += static_cast<int>(differs >> i & 1);
    }
    for (const int count : turned) EXPECT_NEAR(count, 176, 40);  // of 352
  }
}

// The blocks are summed: what stands in one must not be as good as the same in another.
TEST(KeyedHash, TellsWhereBytesStand) {
  for (const KeyedHash& hash : Both({5, 6})) {
    FlowKey first{}, second{};
    first.low_addr.octets.fill(0x5a);
    second.high_addr.octets.fill(0x5a);
    EXPECT_NE(hash.Of(first), hash.Of(second));
  }
}

}  // namespace
}  // namespace weir
