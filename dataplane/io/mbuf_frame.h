#pragma once
#include <rte_mbuf.h>

#include "dataplane/core/frame.h"

namespace weir {

// For io/ alone: the mbuf of a frame and the frame of an mbuf.
[[nodiscard]] inline rte_mbuf* MbufOf(const FrameRef& frame) noexcept { return static_cast<rte_mbuf*>(frame.handle); }

// Written where it stays: a FrameRef that is copied right after its parts were written waits for each of them.
inline void Describe(rte_mbuf* mbuf, std::uint16_t in_port, Timestamp now, FrameRef& frame) noexcept {
  frame.handle = mbuf;
  frame.data = rte_pktmbuf_mtod(mbuf, std::byte*);
  frame.len = rte_pktmbuf_pkt_len(mbuf);
  frame.in_port = PortId{in_port};
  frame.link = LinkType::kEthernet;
  frame.sums_vouched = false;
  frame.copied = false;
  frame.time = now;
  frame.number = 0;
}

// Whether FramePool::Normalize has something to do.
[[nodiscard]] inline bool IsPlain(const rte_mbuf* mbuf) noexcept {
  return mbuf->nb_segs == 1 && (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) == 0;
}

}  // namespace weir
