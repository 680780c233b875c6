#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "dataplane/core/frame.h"
#include "dataplane/core/result.h"

struct rte_ring;

namespace weir {

// Frames on their way from the thread that received them to the worker that owns
// their flow: one producer, one consumer, no lock.
class Handoff {
 public:
  // `depth`: frames, a power of two.
  [[nodiscard]] static Result<std::unique_ptr<Handoff>> Create(const std::string& name, std::uint32_t depth);
  ~Handoff();
  Handoff(const Handoff&) = delete;
  Handoff& operator=(const Handoff&) = delete;

  // False: full, the frame is still the caller's.
  [[nodiscard]] bool Push(const FrameRef& frame) noexcept;
  // Up to frames.size(), 32 at most, stamped `now`.
  std::size_t Pop(Timestamp now, std::span<FrameRef> frames) noexcept;

 private:
  explicit Handoff(rte_ring* ring) : ring_(ring) {}
  rte_ring* ring_;
};

}  // namespace weir
