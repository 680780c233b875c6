#pragma once
#include <array>
#include <atomic>

#include "perf/wire/memif.h"

namespace weir::perf {

// The least that a device under test can do: what comes in on one link is copied, once, into the other one, until
// `stop` or a client is gone. It shows what the generator is able to. What finds no buffer is lost.
void Reflect(std::array<MemifLink*, 2> links, const std::atomic<bool>& stop) noexcept;

}  // namespace weir::perf
