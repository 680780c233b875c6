#pragma once
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace weir {

// Remembers texts that cost much to make, by the 16-bit words that they are made of; clients repeat
// themselves. Bounded and direct-mapped: a newer text takes the place of an older one. Only what is put a second time
// not long after is kept, so that what comes once displaces nothing; nor is what is too long. Whoever chooses
// the words gains nothing: where they go is keyed by a secret of this memo, and a text is found by its words
// compared in full. One thread.
template <std::size_t kWords, std::size_t kText, std::size_t kSlots>
class TextMemo {
 public:
  TextMemo() : slots_(std::make_unique<Slot[]>(kSlots)) {
    if (getrandom(secret_.data(), sizeof secret_, 0) != sizeof secret_)
      secret_ = {0x9e3779b97f4a7c15u, 0xd1b54a32d192ed03u};
    secret_[1] |= 1;
  }

  // Empty: unknown. Valid until the next Put.
  [[nodiscard]] std::string_view Find(std::span<const std::uint16_t> words) const noexcept {
    if (words.size() > kWords) return {};
    const Slot& slot = slots_[HashOf(words) & (kSlots - 1)];
    const bool same = slot.words == words.size() && std::memcmp(slot.key.data(), words.data(), words.size_bytes()) == 0;
    return same ? std::string_view(slot.text.data(), slot.size) : std::string_view{};
  }

  void Put(std::span<const std::uint16_t> words, std::string_view text) noexcept {
    if (words.size() > kWords || text.size() > kText) return;
    const std::uint64_t hash = HashOf(words);
    const auto tag = static_cast<std::uint16_t>(hash >> 48);
    if (std::exchange(put_once_[hash >> 16 & (put_once_.size() - 1)], tag) != tag) return;
    Slot& slot = slots_[hash & (kSlots - 1)];
    std::copy(words.begin(), words.end(), slot.key.begin());
    std::copy(text.begin(), text.end(), slot.text.begin());
    slot.words = static_cast<std::uint16_t>(words.size());
    slot.size = static_cast<std::uint16_t>(text.size());
  }

 private:
  static_assert(std::has_single_bit(kSlots) && kWords <= 0xffff && kText <= 0xffff);
  struct Slot {
    std::uint16_t words = 0;
    std::uint16_t size = 0;  // 0: nothing is here
    std::array<std::uint16_t, kWords> key;
    std::array<char, kText> text;
  };

  // Multiply and fold, 64 bits at a time.
  [[nodiscard]] std::uint64_t HashOf(std::span<const std::uint16_t> words) const noexcept {
    __extension__ using Wide = unsigned __int128;
    std::uint64_t hash = secret_[0] ^ words.size();
    const auto* at = reinterpret_cast<const char*>(words.data());
    for (std::size_t left = words.size_bytes(); left > 0;) {
      std::uint64_t piece = 0;
      const std::size_t n = std::min(left, sizeof piece);
      std::memcpy(&piece, at, n);
      const Wide product = Wide{hash ^ piece} * secret_[1];
      hash = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
      at += n, left -= n;
    }
    return hash ^ hash >> 32;
  }

  std::array<std::uint64_t, 2> secret_{};
  std::array<std::uint16_t, 4 * kSlots> put_once_{};  // of a hash: 16 other bits of it
  std::unique_ptr<Slot[]> slots_;
};

}  // namespace weir
