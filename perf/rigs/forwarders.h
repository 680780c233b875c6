#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace weir::perf {

// What weir is compared with: DPDK's own parts, written as its examples are. One thread.
inline constexpr std::size_t kFrames = 32;

struct Buffer {
  void* mbuf = nullptr;
  std::byte* data = nullptr;
  std::uint32_t len = 0;  // set by who stamps
};
using Burst = std::array<Buffer, kFrames>;

// EAL without devices or huge pages, `mebibytes` of memory; once a process. False: said on stderr.
[[nodiscard]] bool StartDpdk(std::size_t mebibytes);

// A mempool with a cache, as a port's. Taking a burst and giving it back is what a null
// port's receive and transmit cost.
class Buffers {
 public:
  Buffers();
  ~Buffers();
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;
  [[nodiscard]] bool ok() const noexcept { return pool_ != nullptr; }
  void Take(Burst& burst) noexcept;
  void Give(const Burst& burst) noexcept;

 private:
  void* pool_;
};

// MAC addresses rewritten, as l2fwd does.
void ForwardL2(const Burst& burst) noexcept;

// l3fwd's exact match: IPv4 and IPv6 tables of rte_hash with rte_hash_crc, keys as they stand
// in the frame (so an entry each direction), rte_hash_lookup_bulk over the burst, a counter of
// packets and bytes an entry, MAC addresses rewritten. No checksum is verified, no option walked.
class ExactMatch {
 public:
  // For `entries` of each family; check with ok().
  explicit ExactMatch(std::uint32_t entries);
  ~ExactMatch();
  ExactMatch(const ExactMatch&) = delete;
  ExactMatch& operator=(const ExactMatch&) = delete;
  [[nodiscard]] bool ok() const noexcept;
  bool Add(const std::byte* frame);
  // How many frames had an entry.
  std::size_t Forward(const Burst& burst) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::perf
