#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "dataplane/core/bytes.h"

namespace weir {

// Where a message's body ends, by the fields of its head (RFC 9112 s6). One a message.
// `ambiguous`: two servers would find two ends (request smuggling): several or malformed lengths, a length beside a
// coding, a coding that is not exactly `chunked` last, such a field folded or with a blank before its colon, a coding
// in HTTP/1.0. The reading chosen then is the usual one (chunked, else the first number).
class BodyFraming {
 public:
  void OnField(std::string_view name, std::string_view value, bool odd_form) noexcept;
  [[nodiscard]] bool chunked() const noexcept { return chunked_; }
  [[nodiscard]] std::optional<std::uint64_t> length() const noexcept { return length_; }
  [[nodiscard]] bool coded() const noexcept { return coded_; }  // there is a Transfer-Encoding
  [[nodiscard]] bool ambiguous() const noexcept { return ambiguous_ || (coded_ && length_.has_value()); }

 private:
  void OnLength(std::string_view value) noexcept;
  void OnCoding(std::string_view value) noexcept;

  std::optional<std::uint64_t> length_;
  bool chunked_ = false;
  bool coded_ = false;
  bool ambiguous_ = false;
};

// A chunked body (RFC 9112 s7.1) up to the line of its last chunk; the trailer section is the caller's. Holds no bytes,
// any split. `ambiguous`: a line that servers read differently: no digits or a sign before them, more than 31 bits, a
// bare CR or LF, data not followed by CRLF.
class ChunkedBody {
 public:
  // How many of the bytes were the body's; fewer than given only once it is done.
  std::size_t Take(Bytes bytes) noexcept;
  [[nodiscard]] bool done() const noexcept { return phase_ == Phase::kDone; }
  [[nodiscard]] bool ambiguous() const noexcept { return ambiguous_; }

 private:
  enum class Phase : std::uint8_t { kSize, kAfterSize, kExtension, kData, kDataEnd, kDone };
  void OnByte(char c) noexcept;
  void OnSizeByte(char c) noexcept;
  void OnLineEnd() noexcept;

  std::uint64_t left_ = 0;
  Phase phase_ = Phase::kSize;
  bool digits_ = false;
  bool anything_ = false;  // on this line
  bool after_cr_ = false;
  bool ambiguous_ = false;
};

// Names of fields and tokens, without regard to ASCII case.
[[nodiscard]] bool EqualsNoCase(std::string_view a, std::string_view b) noexcept;
// Does the comma-separated list hold that token?
[[nodiscard]] bool ListHas(std::string_view list, std::string_view token) noexcept;
[[nodiscard]] std::string_view TrimBlanks(std::string_view text) noexcept;  // SP, HTAB and other controls at both ends

}  // namespace weir
