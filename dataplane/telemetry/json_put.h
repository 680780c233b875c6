#pragma once
#include <concepts>
#include <string_view>

#include "dataplane/telemetry/eve_format.h"

namespace weir {

// Pieces of a line, one behind the other: texts as they are, numbers in decimal. What fmt::format_to does for plain {}
// with a call for each run of characters.
inline void PutPiece(JsonBuffer& out, std::string_view text) { out.append(text.data(), text.data() + text.size()); }
inline void PutPiece(JsonBuffer& out, const char* text) { PutPiece(out, std::string_view(text)); }
inline void PutPiece(JsonBuffer& out, char c) { out.push_back(c); }
inline void PutPiece(JsonBuffer& out, bool value) { PutPiece(out, std::string_view(value ? "true" : "false")); }
template <std::integral Number>
void PutPiece(JsonBuffer& out, Number value) {
  const fmt::format_int digits(value);
  out.append(digits.data(), digits.data() + digits.size());
}

template <class... Pieces>
void Put(JsonBuffer& out, const Pieces&... pieces) {
  (PutPiece(out, pieces), ...);
}

}  // namespace weir
