#pragma once
#include <cstddef>

namespace weir::perf {

// Bytes that are allocated now, by jemalloc's count where it is the allocator, by glibc's elsewhere
// (programs built with a sanitizer).
[[nodiscard]] std::size_t HeapBytes();

// Gives what was freed back to the system, so that growth of RSS is seen from here on.
void ReleaseHeap();

}  // namespace weir::perf
