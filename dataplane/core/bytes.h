#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace weir {

using Bytes = std::span<const std::byte>;

// Unchecked big-endian loads: the caller has proven that the bytes are there.
inline std::uint8_t LoadU8(const std::byte* p) noexcept { return static_cast<std::uint8_t>(*p); }
inline std::uint16_t LoadBe16(const std::byte* p) noexcept {
  std::uint16_t value;
  std::memcpy(&value, p, sizeof value);
  return __builtin_bswap16(value);
}
inline std::uint32_t LoadBe32(const std::byte* p) noexcept {
  std::uint32_t value;
  std::memcpy(&value, p, sizeof value);
  return __builtin_bswap32(value);
}
inline std::uint64_t LoadBe64(const std::byte* p) noexcept {
  std::uint64_t value;
  std::memcpy(&value, p, sizeof value);
  return __builtin_bswap64(value);
}
inline void StoreBe16(std::byte* p, std::uint16_t value) noexcept {
  value = __builtin_bswap16(value);
  std::memcpy(p, &value, sizeof value);
}
inline void StoreBe32(std::byte* p, std::uint32_t value) noexcept {
  value = __builtin_bswap32(value);
  std::memcpy(p, &value, sizeof value);
}

inline std::string_view AsText(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes AsBytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

// Reads big-endian integers and byte ranges from the front of a borrowed range.
// A read past the end yields zero or an empty range and makes ok() false for
// good, so a parser may read a whole structure and ask once.
class ByteReader {
 public:
  constexpr explicit ByteReader(Bytes bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] std::size_t remaining() const noexcept { return bytes_.size() - at_; }
  [[nodiscard]] std::size_t offset() const noexcept { return at_; }
  [[nodiscard]] bool empty() const noexcept { return remaining() == 0; }
  [[nodiscard]] Bytes rest() const noexcept { return bytes_.subspan(at_); }

  std::uint8_t U8() noexcept { return Have(1) ? LoadU8(Advance(1)) : std::uint8_t{0}; }
  std::uint16_t U16() noexcept { return Have(2) ? LoadBe16(Advance(2)) : std::uint16_t{0}; }
  std::uint32_t U24() noexcept {
    if (!Have(3)) return 0;
    const std::byte* p = Advance(3);
    return std::uint32_t{LoadU8(p)} << 16 | LoadBe16(p + 1);
  }
  std::uint32_t U32() noexcept { return Have(4) ? LoadBe32(Advance(4)) : std::uint32_t{0}; }
  std::uint64_t U64() noexcept { return Have(8) ? LoadBe64(Advance(8)) : std::uint64_t{0}; }
  Bytes Take(std::size_t n) noexcept {
    if (!Have(n)) return {};
    return {Advance(n), n};
  }
  void Skip(std::size_t n) noexcept {
    if (Have(n)) Advance(n);
  }

 private:
  bool Have(std::size_t n) noexcept {
    ok_ = ok_ && n <= remaining();
    return ok_;
  }
  const std::byte* Advance(std::size_t n) noexcept {
    const std::byte* p = bytes_.data() + at_;
    at_ += n;
    return p;
  }

  Bytes bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace weir
