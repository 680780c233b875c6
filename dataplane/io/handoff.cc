#include "dataplane/io/handoff.h"

#include <rte_errno.h>
#include <rte_ring.h>

#include <algorithm>
#include <array>

#include "dataplane/io/mbuf_frame.h"

namespace weir {

Result<std::unique_ptr<Handoff>> Handoff::Create(const std::string& name, std::uint32_t depth) {
  rte_ring* ring = rte_ring_create(name.c_str(), depth, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
  if (ring == nullptr)
    return Fail(Errc::kExhausted, "a ring of " + std::to_string(depth) + " frames: " + rte_strerror(rte_errno));
  return std::unique_ptr<Handoff>(new Handoff(ring));
}

Handoff::~Handoff() { rte_ring_free(ring_); }

bool Handoff::Push(const FrameRef& frame) noexcept { return rte_ring_sp_enqueue(ring_, frame.handle) == 0; }

std::size_t Handoff::Pop(Timestamp now, std::span<FrameRef> frames) noexcept {
  std::array<void*, 32> handles;
  const auto wanted = static_cast<unsigned>(std::min(frames.size(), handles.size()));
  const unsigned n = rte_ring_sc_dequeue_burst(ring_, handles.data(), wanted, nullptr);
  for (unsigned i = 0; i < n; ++i) {
    auto* mbuf = static_cast<rte_mbuf*>(handles[i]);
    Describe(mbuf, mbuf->port, now, frames[i]);
  }
  return n;
}

}  // namespace weir
