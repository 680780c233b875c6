#include "perf/wire/reflector.h"

#include <algorithm>
#include <cstring>

namespace weir::perf {
namespace {

constexpr std::uint16_t kMost = 32;
constexpr std::uint32_t kIdleRounds = 1u << 16;  // until it is asked whether anybody is there

// How many came in.
std::uint16_t Carry(MemifLink& in, MemifLink& out) noexcept {
  MemifRing& from = *in.to_server;
  MemifRing& to = *out.to_client;
  const std::uint16_t tail = from.tail;
  const std::uint16_t put = to.tail;
  const auto waiting = static_cast<std::uint16_t>(from.Load(&MemifRing::head) - tail);
  const auto free = static_cast<std::uint16_t>(to.Load(&MemifRing::head) - put);
  const std::uint16_t n = std::min(waiting, kMost);
  const std::uint16_t fits = std::min(n, free);
  if (n == 0) return 0;
  for (std::uint16_t i = 0; i < fits; ++i) {
    const MemifDescriptor& source = from.descriptors()[static_cast<std::uint16_t>(tail + i) & (in.slots - 1u)];
    MemifDescriptor& target = to.descriptors()[static_cast<std::uint16_t>(put + i) & (out.slots - 1u)];
    target.length = std::min(source.length, target.length);
    std::memcpy(out.region() + target.offset, in.region() + source.offset, target.length);
  }
  from.Store(&MemifRing::tail, static_cast<std::uint16_t>(tail + n));
  to.Store(&MemifRing::tail, static_cast<std::uint16_t>(put + fits));
  return n;
}

}  // namespace

void Reflect(std::array<MemifLink*, 2> links, const std::atomic<bool>& stop) noexcept {
  std::uint32_t idle = 0;
  while (!stop.load(std::memory_order_relaxed)) {
    const std::uint16_t there = Carry(*links[0], *links[1]);
    const std::uint16_t back = Carry(*links[1], *links[0]);
    idle = there + back > 0 ? 0 : idle + 1;
    if (idle % kIdleRounds == kIdleRounds - 1 && (links[0]->peer_gone() || links[1]->peer_gone())) return;
  }
}

}  // namespace weir::perf
