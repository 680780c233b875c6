#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/core/frame.h"
#include "dataplane/core/result.h"

struct rte_mempool;

namespace weir {

struct FramePoolOptions {
  std::string name;                 // of the pool; two in a process differ
  std::uint32_t frames = 16384;     // altogether
  std::uint32_t buffer = 2048;      // bytes of a frame that need no second buffer
  std::uint32_t max_frame = 10240;  // bytes of the largest, >= buffer, <= 65407
};

// The frames of this process: mbufs of one pool, and beside them few with room for
// the largest frame in one piece, into which what came in several is copied. Safe
// for all registered threads (io/eal.h). Outlives ports, workers and everything
// that holds a FrameRef.
class FramePool {
 public:
  [[nodiscard]] static Result<std::unique_ptr<FramePool>> Create(const FramePoolOptions& options);
  ~FramePool();
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;

  // A frame with a copy of `bytes`, as if it had come in there; handle nullptr: the pool is
  // empty or `bytes` too long.
  [[nodiscard]] FrameRef Make(Bytes bytes, PortId in_port = {}) const noexcept;

  // Makes a received frame (an mbuf) what the packet path reads: one piece, its outer
  // VLAN tag in place if the driver took it out. Takes `handle` over; nullptr: it had no
  // room, and is freed.
  [[nodiscard]] void* Normalize(void* handle) const noexcept;

  [[nodiscard]] std::uint32_t in_use() const noexcept;  // not exact while workers run
  [[nodiscard]] rte_mempool* get() const noexcept { return small_; }

 private:
  FramePool(rte_mempool* small, rte_mempool* large) : small_(small), large_(large) {}
  rte_mempool* small_;
  rte_mempool* large_;  // the same pool where `buffer` holds the largest frame
};

// Another owner of the same frame; each owner gives it back once. Retain not of a copy
// (FrameRef::copied), which has one owner.
void Retain(const FrameRef& frame) noexcept;
void Free(const FrameRef& frame) noexcept;

// For a driver that lost the outer tag's EtherType and wrote 0x8100 (AF_PACKET: the
// kernel hands the tag over apart, the driver puts it back so): sets it to `tpid` where
// another tag follows, and leaves a single tag alone (IEEE 802.1Q s9.5).
void RestoreOuterTpid(const FrameRef& frame, std::uint16_t tpid) noexcept;

// A frame that came through a ring as its handle alone.
[[nodiscard]] FrameRef FrameOf(void* handle, Timestamp now) noexcept;

}  // namespace weir
