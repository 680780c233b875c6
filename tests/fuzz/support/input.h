#pragma once
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "dataplane/core/bytes.h"

namespace weir::fuzz {

// What a target claims. A false one is a finding: it is told and the process aborts.
inline void Require(bool holds, const char* what) noexcept {
  if (holds) return;
  std::fprintf(stderr, "INVARIANT BROKEN: %s\n", what);
  std::abort();
}

// A heap block of exactly the bytes that it copies: the first byte past them is out of bounds.
class Block {
 public:
  Block() = default;
  explicit Block(Bytes bytes) : data_(new std::byte[bytes.size()]), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), data_.get());
  }
  [[nodiscard]] std::byte* data() const noexcept { return data_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] Bytes bytes() const noexcept { return {data_.get(), size_}; }

 private:
  std::unique_ptr<std::byte[]> data_;
  std::size_t size_ = 0;
};

// Takes a target's input apart from its front, so that a seed is written as it is read.
// Past the end every number is 0 and every range empty.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const std::byte*>(data), size) {}

  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
  std::uint8_t U8() noexcept {
    const Bytes one = Take(1);
    return one.empty() ? std::uint8_t{0} : LoadU8(one.data());
  }
  std::uint16_t U16() noexcept {
    const Bytes two = Take(2);
    return two.size() < 2 ? std::uint16_t{0} : LoadBe16(two.data());
  }
  std::uint32_t U32() noexcept {
    const Bytes four = Take(4);
    return four.size() < 4 ? 0 : LoadBe32(four.data());
  }
  Bytes Take(std::size_t n) noexcept {
    const Bytes taken = rest_.first(std::min(n, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  Bytes Rest() noexcept { return Take(rest_.size()); }

 private:
  Bytes rest_;
};

}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
