#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/core/bytes.h"

namespace weir {

// A frame of a capture: a copy of its bytes, until it is given back.
struct ReplayFrame {
  std::byte* bytes = nullptr;
  std::size_t size = 0;
  std::int64_t time_ns = 0;    // as in the capture
  std::uint32_t wire_len = 0;  // bytes the frame had on the wire, >= size
};

// The frames of a replay. Blocks that come back are used for the next frames; in builds with a
// sanitizer each frame is a block of exactly its bytes, so that the first byte read past it
// is seen. Frames still out when the store goes are freed by nobody. One thread.
class ReplayFrames {
 public:
  ReplayFrames() = default;
  ~ReplayFrames();
  ReplayFrames(const ReplayFrames&) = delete;
  ReplayFrames& operator=(const ReplayFrames&) = delete;

  [[nodiscard]] ReplayFrame* Make(Bytes bytes, std::int64_t time_ns, std::uint32_t wire_len);
  void GiveBack(ReplayFrame* frame) noexcept;

 private:
  std::vector<ReplayFrame*> idle_;
};

}  // namespace weir
