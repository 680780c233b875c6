#include "dataplane/control/replay_frames.h"

#include <cstring>
#include <new>

#include "dataplane/core/sanitizer.h"

namespace weir {
namespace {

// Bytes of a frame that fits into a block used again; none under a sanitizer.
constexpr std::size_t kBlock = kAddressSanitizer ? 0 : 2048;

ReplayFrame* Allocate(std::size_t size) {
  void* block = ::operator new(sizeof(ReplayFrame) + size);
  auto* frame = new (block) ReplayFrame;
  frame->bytes = static_cast<std::byte*>(block) + sizeof(ReplayFrame);
  return frame;
}

}  // namespace

ReplayFrames::~ReplayFrames() {
  for (ReplayFrame* frame : idle_) ::operator delete(frame);
}

ReplayFrame* ReplayFrames::Make(Bytes bytes, std::int64_t time_ns, std::uint32_t wire_len) {
  ReplayFrame* frame = nullptr;
  if (bytes.size() > kBlock) {
    frame = Allocate(bytes.size());
  } else if (idle_.empty()) {
    frame = Allocate(kBlock);
  } else {
    frame = idle_.back();
    idle_.pop_back();
  }
  if (!bytes.empty()) std::memcpy(frame->bytes, bytes.data(), bytes.size());
  frame->size = bytes.size();
  frame->time_ns = time_ns;
  frame->wire_len = wire_len;
  return frame;
}

void ReplayFrames::GiveBack(ReplayFrame* frame) noexcept {
  if (frame->size > kBlock) return ::operator delete(frame);
  idle_.push_back(frame);
}

}  // namespace weir
