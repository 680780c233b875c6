#include "dataplane/io/frame_pool.h"

#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <algorithm>
#include <cstring>

#include "dataplane/core/bytes.h"

namespace weir {
namespace {

constexpr unsigned kCache = 256;  // a thread

rte_mbuf* MbufOf(const FrameRef& frame) noexcept { return static_cast<rte_mbuf*>(frame.handle); }

}  // namespace

Result<std::unique_ptr<FramePool>> FramePool::Create(const std::string& name, std::uint32_t frames,
                                                     std::uint32_t max_frame) {
  const auto room = static_cast<std::uint16_t>(
      std::min<std::uint32_t>(std::max<std::uint32_t>(max_frame, 2048) + RTE_PKTMBUF_HEADROOM, UINT16_MAX));
  const unsigned cache = std::min(kCache, frames / 8);
  rte_mempool* pool = rte_pktmbuf_pool_create(name.c_str(), frames, cache, 0, room, SOCKET_ID_ANY);
  if (pool == nullptr) {
    return Fail(Errc::kExhausted, std::to_string(frames) + " frames of " + std::to_string(room) +
                                      " bytes: " + rte_strerror(rte_errno) +
                                      " (lower io.frames or io.max_frame, or raise eal.memory_mb)");
  }
  return std::unique_ptr<FramePool>(new FramePool(pool));
}

FramePool::~FramePool() { rte_mempool_free(pool_); }

FrameRef FramePool::Make(Bytes bytes) noexcept {
  rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_);
  if (mbuf == nullptr) return {};
  char* data =
      bytes.size() <= UINT16_MAX ? rte_pktmbuf_append(mbuf, static_cast<std::uint16_t>(bytes.size())) : nullptr;
  if (data == nullptr) {
    rte_pktmbuf_free(mbuf);
    return {};
  }
  std::memcpy(data, bytes.data(), bytes.size());
  return FrameOf(mbuf, {});
}

std::uint32_t FramePool::in_use() const noexcept { return rte_mempool_in_use_count(pool_); }

void Retain(const FrameRef& frame) noexcept { rte_mbuf_refcnt_update(MbufOf(frame), 1); }

void Free(const FrameRef& frame) noexcept { rte_pktmbuf_free(MbufOf(frame)); }

FrameRef FrameOf(void* handle, Timestamp now) noexcept {
  auto* mbuf = static_cast<rte_mbuf*>(handle);
  FrameRef frame;
  frame.handle = mbuf;
  frame.data = rte_pktmbuf_mtod(mbuf, std::byte*);
  frame.len = rte_pktmbuf_pkt_len(mbuf);
  frame.in_port = PortId{mbuf->port};
  frame.time = now;
  return frame;
}

bool Normalize(void* handle, std::uint16_t stripped_tpid) noexcept {
  auto* mbuf = static_cast<rte_mbuf*>(handle);
  if (mbuf->nb_segs > 1 && rte_pktmbuf_linearize(mbuf) != 0) return false;
  if ((mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) == 0) return true;
  if (rte_pktmbuf_data_len(mbuf) < RTE_ETHER_HDR_LEN) return true;
  // Both addresses move to the front, and the tag goes where they end (IEEE 802.1Q s9).
  char* front = rte_pktmbuf_prepend(mbuf, RTE_VLAN_HLEN);
  if (front == nullptr) return false;
  std::memmove(front, front + RTE_VLAN_HLEN, 2 * RTE_ETHER_ADDR_LEN);
  auto* tag = reinterpret_cast<std::byte*>(front) + 2 * RTE_ETHER_ADDR_LEN;
  const std::uint16_t next = LoadBe16(tag + RTE_VLAN_HLEN);
  const bool tagged = next == RTE_ETHER_TYPE_VLAN || next == RTE_ETHER_TYPE_QINQ;
  StoreBe16(tag, tagged ? stripped_tpid : std::uint16_t{RTE_ETHER_TYPE_VLAN});
  StoreBe16(tag + 2, mbuf->vlan_tci);
  mbuf->ol_flags &= ~(RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED);
  return true;
}

}  // namespace weir
