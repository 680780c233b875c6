#include "classifiers/dns_memory.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace weir {
namespace {

std::uint64_t Mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 32)) * 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9ULL;
  return x ^ (x >> 32);
}

std::uint64_t Mix(std::uint64_t seed, const IpAddress& address) noexcept {
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), address.octets.data(), sizeof words);
  return Mix(Mix(seed ^ words[0]) ^ words[1]);
}

}  // namespace

DnsMemory::DnsMemory(std::size_t facts, std::uint64_t seed)
    : slots_(std::bit_ceil(std::max(facts, kWays))), seed_(seed) {}

Timestamp DnsMemory::Expiry(Timestamp now, std::uint32_t ttl_seconds) noexcept {
  return {now.us + std::clamp(std::int64_t{ttl_seconds} * 1'000'000, kMinLifeUs, kMaxLifeUs)};
}

std::size_t DnsMemory::SlotOf(const IpAddress& client, const IpAddress& address) const noexcept {
  return Mix(Mix(seed_, client), address) & (slots_.size() - 1) & ~(kWays - 1);
}

void DnsMemory::Learn(const DnsFact& fact, Timestamp now) noexcept {
  Slot* const first = &slots_[SlotOf(fact.client, fact.address)];
  Slot* victim = first;
  for (Slot* slot = first; slot != first + kWays; ++slot) {
    const bool same = slot->used && slot->fact.client == fact.client && slot->fact.address == fact.address &&
                      slot->fact.client_version == fact.client_version &&
                      slot->fact.address_version == fact.address_version;
    if (same) {
      DnsFact& known = slot->fact;
      const bool ended = known.expires <= now;
      if (!ended && known.app != fact.app) {
        slot->shared_until = std::max({slot->shared_until, std::min(known.expires, fact.expires)});
      }
      // While both live the app's name is kept: what is shared ends with the shorter of the two.
      const Timestamp longer = std::max(known.expires, fact.expires);
      if (ended || known.app == fact.app || fact.expires > known.expires) known = fact;
      if (!ended && known.app == fact.app) known.expires = longer;
      return;
    }
    const auto ends = [](const Slot& s) { return s.used ? s.fact.expires.us : INT64_MIN; };
    if (ends(*slot) < ends(*victim)) victim = slot;
  }
  *victim = {fact, {}, true};
}

const DnsFact* DnsMemory::Find(const IpAddress& client, const IpAddress& address, std::uint8_t ip_version,
                               Timestamp now) const noexcept {
  const Slot* const first = &slots_[SlotOf(client, address)];
  for (const Slot* slot = first; slot != first + kWays; ++slot) {
    const DnsFact& fact = slot->fact;
    const bool same = slot->used && fact.client == client && fact.address == address &&
                      fact.address_version == ip_version && fact.client_version == ip_version;
    if (!same) continue;
    const bool one_app = slot->shared_until <= now && fact.app != AppId{};
    return fact.expires > now && one_app ? &fact : nullptr;
  }
  return nullptr;
}

struct DnsExchange::Ring {
  static constexpr std::size_t kDepth = 256;
  alignas(64) std::atomic<std::size_t> written{0};  // by the producer
  alignas(64) std::atomic<std::size_t> read{0};     // by the consumer
  std::array<DnsFact, kDepth> facts;
};

DnsExchange::DnsExchange(std::size_t workers) : workers_(workers), rings_(workers * workers) {
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    if (i / workers != i % workers) rings_[i] = std::make_unique<Ring>();
  }
}
DnsExchange::~DnsExchange() = default;

bool DnsExchange::Publish(std::size_t from, const DnsFact& fact) noexcept {
  bool all = true;
  for (std::size_t to = 0; to < workers_; ++to) {
    if (to == from) continue;
    Ring& ring = *rings_[from * workers_ + to];
    const std::size_t at = ring.written.load(std::memory_order_relaxed);
    if (at - ring.read.load(std::memory_order_acquire) == Ring::kDepth) {
      all = false;
      continue;
    }
    ring.facts[at % Ring::kDepth] = fact;
    ring.written.store(at + 1, std::memory_order_release);
  }
  return all;
}

void DnsExchange::Drain(std::size_t to, Timestamp now, DnsMemory& memory) noexcept {
  for (std::size_t from = 0; from < workers_; ++from) {
    if (from == to) continue;
    Ring& ring = *rings_[from * workers_ + to];
    const std::size_t end = ring.written.load(std::memory_order_acquire);
    std::size_t at = ring.read.load(std::memory_order_relaxed);
    if (at == end) continue;
    for (; at != end; ++at) memory.Learn(ring.facts[at % Ring::kDepth], now);
    ring.read.store(end, std::memory_order_release);
  }
}

}  // namespace weir
