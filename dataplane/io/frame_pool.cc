#include "dataplane/io/frame_pool.h"

#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <algorithm>
#include <cstring>

#include "dataplane/core/bytes.h"
#include "dataplane/io/mbuf_frame.h"

namespace weir {
namespace {

constexpr std::uint32_t kCache = 256;     // a thread
constexpr std::uint32_t kFewest = 512;    // of the large ones
constexpr std::uint32_t kLargeShare = 8;  // one large frame on so many

rte_mempool* MakePool(const std::string& name, std::uint32_t frames, std::uint32_t bytes) {
  const auto room = static_cast<std::uint16_t>(std::min<std::uint32_t>(bytes + RTE_PKTMBUF_HEADROOM, UINT16_MAX));
  return rte_pktmbuf_pool_create(name.c_str(), frames, std::min(kCache, frames / 8), 0, room, SOCKET_ID_ANY);
}

// One mbuf with the bytes of all segments; nullptr: no room.
rte_mbuf* Join(rte_mbuf* first, rte_mempool* large) noexcept {
  rte_mbuf* joined = rte_pktmbuf_copy(first, large, 0, UINT32_MAX);
  rte_pktmbuf_free(first);
  if (joined == nullptr || joined->nb_segs == 1) return joined;
  rte_pktmbuf_free(joined);
  return nullptr;
}

// Both addresses move to the front, and the tag goes where they end (IEEE 802.1Q s9).
bool PutTagBack(rte_mbuf* mbuf) noexcept {
  char* front = rte_pktmbuf_prepend(mbuf, RTE_VLAN_HLEN);
  if (front == nullptr) return false;
  std::memmove(front, front + RTE_VLAN_HLEN, 2 * RTE_ETHER_ADDR_LEN);
  auto* tag = reinterpret_cast<std::byte*>(front) + 2 * RTE_ETHER_ADDR_LEN;
  StoreBe16(tag, RTE_ETHER_TYPE_VLAN);
  StoreBe16(tag + 2, mbuf->vlan_tci);
  mbuf->ol_flags &= ~(RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED);
  return true;
}

}  // namespace

Result<std::unique_ptr<FramePool>> FramePool::Create(const FramePoolOptions& options) {
  rte_mempool* small = MakePool(options.name, options.frames, options.buffer);
  rte_mempool* large = small;
  if (small != nullptr && options.buffer < options.max_frame)
    large = MakePool(options.name + "-large", std::max(kFewest, options.frames / kLargeShare), options.max_frame);
  if (large == nullptr) {
    const std::string why = rte_strerror(rte_errno);
    rte_mempool_free(small);
    return Fail(Errc::kExhausted, "no memory for " + std::to_string(options.frames) + " frames: " + why +
                                      " (lower ports.frames or ports.max_frame, or raise eal.memory_mb)");
  }
  return std::unique_ptr<FramePool>(new FramePool(small, large));
}

FramePool::~FramePool() {
  if (large_ != small_) rte_mempool_free(large_);
  rte_mempool_free(small_);
}

FrameRef FramePool::Make(Bytes bytes, PortId in_port) const noexcept {
  const bool fits = bytes.size() + RTE_PKTMBUF_HEADROOM <= rte_pktmbuf_data_room_size(small_);
  rte_mbuf* mbuf = rte_pktmbuf_alloc(fits ? small_ : large_);
  if (mbuf == nullptr) return {};
  char* data =
      bytes.size() <= UINT16_MAX ? rte_pktmbuf_append(mbuf, static_cast<std::uint16_t>(bytes.size())) : nullptr;
  if (data == nullptr) {
    rte_pktmbuf_free(mbuf);
    return {};
  }
  std::memcpy(data, bytes.data(), bytes.size());
  mbuf->port = in_port.value();
  return FrameOf(mbuf, {});
}

void* FramePool::Normalize(void* handle) const noexcept {
  auto* mbuf = static_cast<rte_mbuf*>(handle);
  if (IsPlain(mbuf)) return mbuf;
  if (mbuf->nb_segs > 1) mbuf = Join(mbuf, large_);
  if (mbuf == nullptr) return nullptr;
  const bool stripped = (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0;
  if (!stripped || rte_pktmbuf_data_len(mbuf) < RTE_ETHER_HDR_LEN || PutTagBack(mbuf)) return mbuf;
  rte_pktmbuf_free(mbuf);
  return nullptr;
}

std::uint32_t FramePool::in_use() const noexcept {
  return rte_mempool_in_use_count(small_) + (large_ != small_ ? rte_mempool_in_use_count(large_) : 0);
}

void Retain(const FrameRef& frame) noexcept { rte_mbuf_refcnt_update(MbufOf(frame), 1); }

void Free(const FrameRef& frame) noexcept {
  if (frame.copied) return FreeCopy(frame);
  rte_pktmbuf_free(MbufOf(frame));
}

void RestoreOuterTpid(const FrameRef& frame, std::uint16_t tpid) noexcept {
  constexpr std::size_t kOuter = 2 * RTE_ETHER_ADDR_LEN;
  if (frame.len < kOuter + 2 * RTE_VLAN_HLEN + 2) return;
  const std::uint16_t inner = LoadBe16(frame.data + kOuter + RTE_VLAN_HLEN);
  if (LoadBe16(frame.data + kOuter) != RTE_ETHER_TYPE_VLAN || inner != RTE_ETHER_TYPE_VLAN) return;
  StoreBe16(frame.data + kOuter, tpid);
}

FrameRef FrameOf(void* handle, Timestamp now) noexcept {
  FrameRef frame;
  auto* mbuf = static_cast<rte_mbuf*>(handle);
  Describe(mbuf, mbuf->port, now, frame);
  return frame;
}

}  // namespace weir
