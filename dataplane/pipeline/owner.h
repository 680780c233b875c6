#pragma once
#include <cstddef>

#include "dataplane/core/frame.h"
#include "dataplane/packet/parser.h"

namespace weir {

// Which of `workers` judges this frame: both directions, all fragments and all
// tunnelled packets of one pair of hosts have one owner (the innermost addresses
// decide, not the ports). Frames without addresses are worker 0's. It only spreads
// load; the flow table's index is keyed apart from it.
[[nodiscard]] std::size_t OwnerOf(const FrameRef& frame, const ParseOptions& parse, std::size_t workers) noexcept;

}  // namespace weir
