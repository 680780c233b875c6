#pragma once
#include <cstdint>

#include "signatures/match/rule_set_impl.h"

namespace weir {

// Bytes of a payload's start that decide a rule on payload, >= 1; UINT32_MAX: what it asks for may
// lie anywhere.
[[nodiscard]] std::uint32_t PayloadDepth(const CompiledRule& rule);

// Of a stream, for contents that may lie anywhere.
inline constexpr std::uint32_t kStreamDepth = 16 * 1024;

// Bytes of a stream without which what the rule denies (`content:!"..."`, `pcre:!"..."`) cannot stand there: with
// fewer it is not judged, for they may be the beginning of it. 0: it denies nothing. At most kStreamDepth.
[[nodiscard]] std::uint32_t LeastStream(const CompiledRule& rule);

}  // namespace weir
