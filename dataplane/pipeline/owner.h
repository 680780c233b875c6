#pragma once
#include <cstddef>

#include "dataplane/core/frame.h"
#include "dataplane/core/packet_view.h"
#include "dataplane/packet/parser.h"

namespace weir {

// Which of `workers` judges this frame: both directions and all tunnelled
// packets of one pair of hosts have one owner (the innermost addresses decide, not the
// ports). Of a fragment only the addresses outside are known: see Steering. Frames without addresses are worker 0's. It
// only spreads load; the flow table's index is keyed apart from it.
[[nodiscard]] std::size_t OwnerOf(const PacketView& view, std::size_t workers) noexcept;
[[nodiscard]] std::size_t OwnerOf(const FrameRef& frame, const ParseOptions& parse, std::size_t workers) noexcept;

}  // namespace weir
