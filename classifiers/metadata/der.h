#pragma once
#include <cstdint>

#include "dataplane/core/bytes.h"

namespace weir::der {

// One element (X.690 s8.1, s10.1): an identifier of one octet, a definite length of at most eight (leading zeros are
// no DER, but OpenSSL takes them).
struct Element {
  std::uint8_t tag = 0;
  Bytes whole, content;  // of the buffer it was taken from
};

inline constexpr std::uint8_t kBoolean = 0x01, kInteger = 0x02, kOctets = 0x04, kOid = 0x06, kUtf8 = 0x0c,
                              kPrintable = 0x13, kIa5 = 0x16, kUtcTime = 0x17, kGeneralizedTime = 0x18,
                              kSequence = 0x30, kSet = 0x31;

// Takes the first element off `from`; false: none stands whole there (`from` may then be
// anything). `from` is not a part of `out`.
[[nodiscard]] bool Take(Bytes& from, Element& out) noexcept;
// The same, and it has this tag.
[[nodiscard]] inline bool Take(Bytes& from, std::uint8_t tag, Element& out) noexcept {
  return Take(from, out) && out.tag == tag;
}

}  // namespace weir::der
