#include "dataplane/flow/keyed_hash.h"

#include <immintrin.h>

#include "dataplane/flow/siphash.h"

namespace weir {

KeyedHash::KeyedHash(std::array<std::uint64_t, 2> seed) noexcept
    : seed_(seed), aes_(__builtin_cpu_supports("aes") != 0) {
  for (std::uint64_t i = 0; i < keys_.size(); ++i) keys_[i] = SipHash13(seed, &i, sizeof i);
}

std::uint64_t KeyedHash::Of(const FlowKey& key) const noexcept {
  return aes_ ? ByAes(key) : SipHash13(seed_, &key, sizeof key);
}

__attribute__((target("aes,sse4.1"))) std::uint64_t KeyedHash::ByAes(const FlowKey& key) const noexcept {
  static_assert(sizeof(FlowKey) == 44);
  const auto load = [](const void* at) { return _mm_loadu_si128(static_cast<const __m128i*>(at)); };
  const auto* bytes = reinterpret_cast<const char*>(&key);
  const auto* keys = reinterpret_cast<const char*>(keys_.data());
  const auto round_key = [&](std::size_t i) { return load(keys + 16 * i); };
  __m128i a = _mm_xor_si128(load(bytes), round_key(kRounds));
  __m128i b = _mm_xor_si128(load(bytes + 16), round_key(kRounds + 1));
  // In the words that WriteKey stored: a load across stores of a moment ago would wait for them.
  __m128i c = _mm_set_epi64x(LoadWord<std::uint32_t>(bytes + 40), LoadWord<long long>(bytes + 32));
  c = _mm_xor_si128(c, round_key(kRounds + 2));
  for (std::size_t i = 0; i < kRounds; ++i) {  // side by side: a round's result is there four cycles later
    a = _mm_aesenc_si128(a, round_key(i));
    b = _mm_aesenc_si128(b, round_key(i));
    c = _mm_aesenc_si128(c, round_key(i));
  }
  __m128i state = _mm_xor_si128(_mm_xor_si128(a, b), c);
  for (std::size_t i = 0; i < kRounds; ++i) state = _mm_aesenc_si128(state, round_key(i));
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(state) ^ _mm_extract_epi64(state, 1));
}

}  // namespace weir
