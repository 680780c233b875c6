#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/core/flow_key.h"

namespace weir::test {

// The hash by which network cards spread flows (Toeplitz), with the key 0x6d5a
// repeated that makes it the same for both directions.
[[nodiscard]] std::uint32_t SymmetricToeplitz(const FlowKey& key) noexcept;
// CRC32C over the key's bytes from the start value `seed`.
[[nodiscard]] std::uint32_t KeyCrc(const FlowKey& key, std::uint32_t seed) noexcept;

// `count` (at most 2^20) different TCP keys over IPv4 that all have one Toeplitz hash
// and, whatever the seed, one CRC: both are linear over GF(2), so the keys are solved
// for, not searched. This is what an attacker sends who knows the program.
[[nodiscard]] std::vector<FlowKey> CollidingKeys(std::size_t count);
// As many keys drawn at random, of the same shape.
[[nodiscard]] std::vector<FlowKey> RandomKeys(std::size_t count);

}  // namespace weir::test
