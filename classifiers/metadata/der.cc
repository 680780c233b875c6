#include "classifiers/metadata/der.h"

#include <cstddef>

namespace weir::der {

bool Take(Bytes& from, Element& out) noexcept {
  if (from.size() < 2) return false;
  const auto at = [&](std::size_t i) { return std::to_integer<std::size_t>(from[i]); };
  std::size_t length = at(1), head = 2;
  if (length >= 0x80) {
    const std::size_t octets = length & 0x7f;
    if (octets == 0 || octets > 8 || from.size() < 2 + octets) return false;
    for (length = 0; head < 2 + octets; ++head) length = length << 8 | at(head);
  }
  if (from.size() - head < length) return false;
  out = {static_cast<std::uint8_t>(at(0)), from.first(head + length), from.subspan(head, length)};
  from = from.subspan(head + length);
  return true;
}

}  // namespace weir::der
