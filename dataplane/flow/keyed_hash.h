#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/core/flow_key.h"

namespace weir {

struct FlowRecord;

// A key on its way through the table (FlowTable::Begin); one cache line.
struct alignas(64) SoughtFlow {
  FlowKey key;
  std::uint64_t hash = 0;
  FlowRecord* candidate = nullptr;
};

// The hash of flow keys: keyed, so that nobody outside can choose tuples that collide.
// AES where the processor has it: each of the key's three blocks, whitened with a secret of
// its own, through four rounds; the sum through four more. Four rounds make no difference of
// inputs a given difference of outputs more often than 2^-113 (Keliher and Sui 2007), which
// bounds collisions of such sums (Minematsu and Tsunoo, FSE 2006). Else SipHash-1-3. The two
// differ, and so may processors: nothing that is written down may depend on the hash.
class KeyedHash {
 public:
  explicit KeyedHash(std::array<std::uint64_t, 2> seed) noexcept;

  [[nodiscard]] std::uint64_t Of(const FlowKey& key) const noexcept;
  // The same for several at once: a round of one goes while another's result is under way.
  void Fill(std::span<SoughtFlow> several) const noexcept;

  // As if the processor had no AES; for tests.
  void WithoutAes() noexcept { aes_ = false; }
  [[nodiscard]] bool aes() const noexcept { return aes_; }

 private:
  static constexpr std::size_t kRounds = 4;
  void FillByAes(std::span<SoughtFlow> several) const noexcept;

  std::array<std::uint64_t, 2> seed_;
  alignas(16) std::array<std::uint64_t, 2 * (kRounds + 3)> keys_{};  // of the rounds, then of the blocks
  bool aes_ = false;
};

}  // namespace weir
