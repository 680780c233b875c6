#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace weir {

// Text of at most N bytes held in place, so that a struct with it stays
// trivially copyable. Longer text is cut at N bytes.
template <std::size_t N>
class InlineText {
  static_assert(N <= 0xffff);

 public:
  constexpr InlineText() = default;
  InlineText(std::string_view text) noexcept { Append(text); }  // NOLINT(google-explicit-constructor)

  void Append(std::string_view text) noexcept {
    const std::size_t n = std::min(text.size(), N - size_);
    std::memcpy(chars_.data() + size_, text.data(), n);
    size_ = static_cast<std::uint16_t>(size_ + n);
  }
  void Clear() noexcept { size_ = 0; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::string_view view() const noexcept { return {chars_.data(), size_}; }
  friend bool operator==(const InlineText& a, const InlineText& b) noexcept { return a.view() == b.view(); }

 private:
  std::uint16_t size_ = 0;
  std::array<char, N> chars_{};
};

}  // namespace weir
