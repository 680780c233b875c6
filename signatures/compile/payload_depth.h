#pragma once
#include <cstdint>

#include "signatures/match/rule_set_impl.h"

namespace weir {

// Bytes of a payload's start that decide a rule on payload, >= 1; UINT32_MAX: what it asks for may
// lie anywhere.
[[nodiscard]] std::uint32_t PayloadDepth(const CompiledRule& rule);

// Bytes of a stream before its negated contents and patterns can be judged: what must not stand in the first
// bytes may still come. 0: at once, also where they may lie anywhere or deeper than `most`.
[[nodiscard]] std::uint32_t LeastStream(const CompiledRule& rule, std::uint32_t most);

}  // namespace weir
