#include "dataplane/flow/keyed_hash.h"

#include <immintrin.h>

#include "dataplane/flow/siphash.h"

namespace weir {

KeyedHash::KeyedHash(std::array<std::uint64_t, 2> seed) noexcept
    : seed_(seed), aes_(__builtin_cpu_supports("aes") != 0) {
  for (std::uint64_t i = 0; i < keys_.size(); ++i) keys_[i] = SipHash13(seed, &i, sizeof i);
}

std::uint64_t KeyedHash::Of(const FlowKey& key) const noexcept {
  SoughtFlow one{key};
  Fill({&one, 1});
  return one.hash;
}

void KeyedHash::Fill(std::span<SoughtFlow> several) const noexcept {
  if (aes_) return FillByAes(several);
  for (SoughtFlow& each : several) each.hash = SipHash13(seed_, &each.key, sizeof each.key);
}

__attribute__((target("aes,sse4.1"))) void KeyedHash::FillByAes(std::span<SoughtFlow> several) const noexcept {
  static_assert(sizeof(FlowKey) == 44);
  const auto load = [](const void* at) { return _mm_loadu_si128(static_cast<const __m128i*>(at)); };
  __m128i keys[kRounds + 3];
  for (std::size_t i = 0; i < kRounds + 3; ++i) keys[i] = load(&keys_[2 * i]);
  for (SoughtFlow& each : several) {
    const auto* bytes = reinterpret_cast<const char*>(&each.key);
    __m128i a = _mm_xor_si128(load(bytes), keys[kRounds]);
    __m128i b = _mm_xor_si128(load(bytes + 16), keys[kRounds + 1]);
    // In the words that WriteKey stored: a load across stores of a moment ago would wait for them.
    __m128i c = _mm_set_epi64x(LoadWord<std::uint32_t>(bytes + 40), LoadWord<long long>(bytes + 32));
    c = _mm_xor_si128(c, keys[kRounds + 2]);
    for (std::size_t i = 0; i < kRounds; ++i) {
      a = _mm_aesenc_si128(a, keys[i]);
      b = _mm_aesenc_si128(b, keys[i]);
      c = _mm_aesenc_si128(c, keys[i]);
    }
    __m128i state = _mm_xor_si128(_mm_xor_si128(a, b), c);
    for (std::size_t i = 0; i < kRounds; ++i) state = _mm_aesenc_si128(state, keys[i]);
    each.hash = static_cast<std::uint64_t>(_mm_cvtsi128_si64(state) ^ _mm_extract_epi64(state, 1));
  }
}

}  // namespace weir
