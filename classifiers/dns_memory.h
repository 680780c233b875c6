#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/core/clock.h"
#include "dataplane/core/flow_key.h"
#include "dataplane/core/ids.h"
#include "dataplane/core/inline_text.h"

namespace weir {

// That a client was told an address for a name (RFC 1035 s3.4.1, RFC 3596 s2.2).
struct DnsFact {
  IpAddress client;
  IpAddress address;
  Timestamp expires{};
  AppId app{};  // 0: a name of no app that we know; it may make an address a shared one
  std::uint8_t client_version = 4;
  std::uint8_t address_version = 4;
  InlineText<96> name;  // cut where longer
};

// What clients were told by DNS, for flows that do not say where they go. One thread;
// holds kWays facts for each of its slots and no more: among those of a slot the one
// that ends first gives way.
class DnsMemory {
 public:
  static constexpr std::size_t kWays = 4;
  static constexpr std::int64_t kMinLifeUs = 60'000'000;    // programs keep an address longer than a TTL of seconds
  static constexpr std::int64_t kMaxLifeUs = 3600'000'000;  // and no answer is believed longer than this

  // `facts`: rounded up to a power of two. `seed`: secret, so that nobody can aim at a slot.
  DnsMemory(std::size_t facts, std::uint64_t seed);

  void Learn(const DnsFact& fact, Timestamp now) noexcept;

  // What `client` was told `address` is: nullptr where nothing, where it ended, where the name is
  // of no app, or where names of several apps (or of none) had that address at the same time.
  [[nodiscard]] const DnsFact* Find(const IpAddress& client, const IpAddress& address, std::uint8_t ip_version,
                                    Timestamp now) const noexcept;

  [[nodiscard]] static Timestamp Expiry(Timestamp now, std::uint32_t ttl_seconds) noexcept;

 private:
  struct Slot {
    DnsFact fact;
    Timestamp shared_until{};
    bool used = false;
  };
  [[nodiscard]] std::size_t SlotOf(const IpAddress& client, const IpAddress& address) const noexcept;

  std::vector<Slot> slots_;
  std::uint64_t seed_;
};

// Carries what one worker learnt to the others: a ring for each pair, one producer and one
// consumer each, no lock and no read-modify-write (amendment 7). A full ring loses the fact.
class DnsExchange {
 public:
  explicit DnsExchange(std::size_t workers);
  ~DnsExchange();

  [[nodiscard]] std::size_t workers() const noexcept { return workers_; }
  // On worker `from`'s thread. False: at least one of the others will not hear of it.
  bool Publish(std::size_t from, const DnsFact& fact) noexcept;
  // On worker `to`'s thread: all that waits for it, into `memory`.
  void Drain(std::size_t to, Timestamp now, DnsMemory& memory) noexcept;

 private:
  struct Ring;
  std::size_t workers_;
  std::vector<std::unique_ptr<Ring>> rings_;  // from * workers_ + to
};

}  // namespace weir
