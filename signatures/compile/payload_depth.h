#pragma once
#include <cstdint>

#include "signatures/match/rule_set_impl.h"

namespace weir {

// Bytes of a payload's start that decide a rule on payload, >= 1; UINT32_MAX: what it asks for may
// lie anywhere.
[[nodiscard]] std::uint32_t PayloadDepth(const CompiledRule& rule);

}  // namespace weir
