#include "dataplane/core/frame.h"

#include <algorithm>

namespace weir {

FrameRef CopyFrame(const FrameRef& frame) {
  FrameRef copy = frame;
  copy.handle = nullptr;
  copy.data = new std::byte[frame.len];
  copy.copied = true;
  std::copy_n(frame.data, frame.len, copy.data);
  return copy;
}

void FreeCopy(const FrameRef& copy) noexcept { delete[] copy.data; }

}  // namespace weir
