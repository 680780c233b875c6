#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/core/frame.h"
#include "dataplane/core/result.h"

struct rte_mempool;

namespace weir {

// The frames of this process: mbufs of one pool, each with room for the largest
// frame in one piece. Safe for all registered threads (io/eal.h). Outlives ports,
// workers and everything that holds a FrameRef.
class FramePool {
 public:
  // `frames`: how many altogether; `max_frame`: bytes of the largest, 64..65535.
  [[nodiscard]] static Result<std::unique_ptr<FramePool>> Create(const std::string& name, std::uint32_t frames,
                                                                 std::uint32_t max_frame);
  ~FramePool();
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;

  // A frame with a copy of `bytes`; handle nullptr: the pool is empty or `bytes` too long.
  [[nodiscard]] FrameRef Make(Bytes bytes) noexcept;
  [[nodiscard]] std::uint32_t in_use() const noexcept;  // not exact while workers run
  [[nodiscard]] rte_mempool* get() const noexcept { return pool_; }

 private:
  explicit FramePool(rte_mempool* pool) : pool_(pool) {}
  rte_mempool* pool_;
};

// Another owner of the same frame; each owner gives it back once.
void Retain(const FrameRef& frame) noexcept;
void Free(const FrameRef& frame) noexcept;

// A frame that came through a ring as its handle alone.
[[nodiscard]] FrameRef FrameOf(void* handle, Timestamp now) noexcept;

// Makes a received frame what the packet path reads: one piece, its outer VLAN tag
// in place if the driver took it out. `stripped_tpid`: the outer tag's EtherType where
// another tag follows it (drivers do not tell which it was). False: no room, the frame
// is as it was.
[[nodiscard]] bool Normalize(void* handle, std::uint16_t stripped_tpid) noexcept;

}  // namespace weir
