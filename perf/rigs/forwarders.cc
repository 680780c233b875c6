#include "perf/rigs/forwarders.h"

#include <emmintrin.h>
#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_mbuf.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace weir::perf {
namespace {

constexpr std::size_t kIp = 14;

struct alignas(16) KeyV4 {
  __m128i word;
};
struct alignas(8) KeyV6 {
  std::array<std::byte, 40> bytes;
};
struct Count {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
};

bool IsV6(const std::byte* frame) noexcept { return frame[12] == std::byte{0x86} && frame[13] == std::byte{0xdd}; }

// From time to live to the ports in one load; time to live and checksum masked (l3fwd_em.c does so).
void MakeKey(const std::byte* frame, KeyV4& key) noexcept {
  const __m128i data = _mm_loadu_si128(reinterpret_cast<const __m128i*>(frame + kIp + 8));
  key.word = _mm_and_si128(data, _mm_set_epi32(-1, -1, -1, 0x0000ff00));
}

void MakeKey(const std::byte* frame, KeyV6& key) noexcept {
  std::memcpy(key.bytes.data(), frame + kIp + 8, 36);
  std::memset(key.bytes.data() + 36, 0, 4);
  key.bytes[36] = frame[kIp + 6];
}

void RewriteMac(std::byte* frame) noexcept {
  static constexpr std::array<std::uint8_t, 12> kMacs = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
  std::memcpy(frame, kMacs.data(), kMacs.size());
}

rte_hash* MakeTable(const char* name, std::uint32_t entries, std::uint32_t key_size) {
  rte_hash_parameters parameters{};
  parameters.name = name;
  parameters.entries = entries;
  parameters.key_len = key_size;
  parameters.hash_func = rte_hash_crc;
  return rte_hash_create(&parameters);
}

}  // namespace

bool StartDpdk(std::size_t mebibytes) {
  std::vector<std::string> text = {
      "weir_rig", "--no-huge",   "--no-pci", "--no-shconf", "--no-telemetry",         "--lcores",
      "0@(0-1)",  "--log-level", "*:error",  "-m",          std::to_string(mebibytes)};
  std::vector<char*> arguments;
  for (std::string& each : text) arguments.push_back(each.data());
  if (rte_eal_init(static_cast<int>(arguments.size()), arguments.data()) >= 0) return true;
  std::fprintf(stderr, "weir_rig: DPDK's environment does not start with %zu MiB\n", mebibytes);
  return false;
}

Buffers::Buffers() : pool_(rte_pktmbuf_pool_create("rig", 4095, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY)) {}

Buffers::~Buffers() { rte_mempool_free(static_cast<rte_mempool*>(pool_)); }

void Buffers::Take(Burst& burst) noexcept {
  std::array<rte_mbuf*, kFrames> mbufs;
  if (rte_pktmbuf_alloc_bulk(static_cast<rte_mempool*>(pool_), mbufs.data(), kFrames) != 0) std::abort();
  for (std::size_t i = 0; i < kFrames; ++i)
    burst[i].mbuf = mbufs[i], burst[i].data = rte_pktmbuf_mtod(mbufs[i], std::byte*);
}

void Buffers::Give(const Burst& burst) noexcept {
  std::array<rte_mbuf*, kFrames> mbufs;
  for (std::size_t i = 0; i < kFrames; ++i) mbufs[i] = static_cast<rte_mbuf*>(burst[i].mbuf);
  rte_pktmbuf_free_bulk(mbufs.data(), kFrames);
}

void ForwardL2(const Burst& burst) noexcept {
  for (const Buffer& each : burst) RewriteMac(each.data);
}

struct ExactMatch::State {
  rte_hash* v4 = nullptr;
  rte_hash* v6 = nullptr;
  std::vector<Count> counts4, counts6;
};

ExactMatch::ExactMatch(std::uint32_t entries) : state_(std::make_unique<State>()) {
  state_->v4 = MakeTable("rig4", entries, sizeof(KeyV4));
  state_->v6 = MakeTable("rig6", entries, sizeof(KeyV6));
}

ExactMatch::~ExactMatch() {
  rte_hash_free(state_->v4);
  rte_hash_free(state_->v6);
}

bool ExactMatch::ok() const noexcept { return state_->v4 != nullptr && state_->v6 != nullptr; }

bool ExactMatch::Add(const std::byte* frame) {
  KeyV4 key4;
  KeyV6 key6;
  const bool v6 = IsV6(frame);
  v6 ? MakeKey(frame, key6) : MakeKey(frame, key4);
  const std::int32_t at = v6 ? rte_hash_add_key(state_->v6, &key6) : rte_hash_add_key(state_->v4, &key4);
  if (at < 0) return false;
  std::vector<Count>& counts = v6 ? state_->counts6 : state_->counts4;
  if (counts.size() <= static_cast<std::size_t>(at)) counts.resize(static_cast<std::size_t>(at) + 1);
  return true;
}

std::size_t ExactMatch::Forward(const Burst& burst) noexcept {
  std::array<KeyV4, kFrames> keys4;
  std::array<KeyV6, kFrames> keys6;
  std::array<const void*, kFrames> at4, at6;
  std::array<std::uint32_t, kFrames> len4, len6;
  std::array<std::int32_t, kFrames> found4, found6;
  std::uint32_t n4 = 0, n6 = 0;
  for (const Buffer& each : burst) {
    if (IsV6(each.data)) {
      MakeKey(each.data, keys6[n6]);
      at6[n6] = &keys6[n6], len6[n6++] = each.len;
    } else {
      MakeKey(each.data, keys4[n4]);
      at4[n4] = &keys4[n4], len4[n4++] = each.len;
    }
  }
  if (n4 > 0) rte_hash_lookup_bulk(state_->v4, at4.data(), n4, found4.data());
  if (n6 > 0) rte_hash_lookup_bulk(state_->v6, at6.data(), n6, found6.data());
  for (std::uint32_t i = 0; i < n4; ++i)
    if (found4[i] >= 0) __builtin_prefetch(&state_->counts4[static_cast<std::size_t>(found4[i])], 1);
  for (std::uint32_t i = 0; i < n6; ++i)
    if (found6[i] >= 0) __builtin_prefetch(&state_->counts6[static_cast<std::size_t>(found6[i])], 1);
  std::size_t hits = 0;
  const auto count = [&hits](std::vector<Count>& counts, std::int32_t found, std::uint32_t len) {
    if (found < 0) return;
    Count& entry = counts[static_cast<std::size_t>(found)];
    ++entry.packets, entry.bytes += len, ++hits;
  };
  for (std::uint32_t i = 0; i < n4; ++i) count(state_->counts4, found4[i], len4[i]);
  for (std::uint32_t i = 0; i < n6; ++i) count(state_->counts6, found6[i], len6[i]);
  for (const Buffer& each : burst) RewriteMac(each.data);
  return hits;
}

}  // namespace weir::perf
