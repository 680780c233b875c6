#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "dataplane/core/clock.h"
#include "dataplane/core/result.h"
#include "dataplane/flow/flow_record.h"
#include "dataplane/flow/keyed_hash.h"

namespace weir {

// Idle timeouts by state, milliseconds.
struct FlowTimeouts {
  std::uint32_t tcp_new_ms = 30'000;
  std::uint32_t tcp_established_ms = 3'600'000;
  std::uint32_t tcp_one_way_ms = 300'000;  // established, but only one side was ever heard: anybody can claim that
  std::uint32_t tcp_closing_ms = 30'000;
  std::uint32_t tcp_closed_ms = 2'000;
  std::uint32_t udp_new_ms = 30'000;
  std::uint32_t udp_established_ms = 180'000;
  std::uint32_t other_ms = 30'000;
};

// The flows of one worker: a fixed number of records, an index of cache-line
// buckets, and a timer wheel. The hash is keyed (keyed_hash.h), so that nobody
// outside can choose tuples that collide. Nothing is allocated after Create. One thread.
class FlowTable {
 public:
  // `capacity` flows, 1..2^26; `seed`: secret in `run`, from the input in `replay`.
  static Result<std::unique_ptr<FlowTable>> Create(std::uint32_t capacity, std::array<std::uint64_t, 2> seed,
                                                   const FlowTimeouts& timeouts);
  ~FlowTable();
  FlowTable(const FlowTable&) = delete;
  FlowTable& operator=(const FlowTable&) = delete;

  // The record of a key, or nullptr.
  [[nodiscard]] FlowRecord* Lookup(const FlowKey& key) noexcept;

  // The same in three steps, so that what it reads from memory arrives while other keys are
  // looked up: Begin hashes and fetches the buckets, Probe the records that they point to,
  // Finish compares. Flows may come and go in between. Of a SoughtFlow the caller sets `key`.
  void Begin(std::span<SoughtFlow> several) noexcept;
  void Probe(std::span<SoughtFlow> several) noexcept;
  [[nodiscard]] FlowRecord* Finish(const SoughtFlow& sought) noexcept {
    FlowRecord* candidate = sought.candidate;
    if (candidate->in_use != 0 && candidate->key == sought.key) [[likely]]
      return candidate;
    return Search(sought.key, sought.hash);
  }

  // A fresh record for a key that is not in the table; nullptr when it is full.
  // When full, the caller may take Victim() out first.
  [[nodiscard]] FlowRecord* Insert(const FlowKey& key, Timestamp now) noexcept;
  // The flow that the full-table policy gives up first, in a bounded number of steps:
  //  1. the oldest unproven flow, one that is new or that only one side was heard of:
  //     anybody can bring those, so a flood takes what it brought. One that was seen
  //     again since is passed over;
  //  2. the oldest new flow that is stopped: its server has seen nothing of it;
  //  3. of kVictimScan others one that is closing, then the idlest.
  // Never an established flow whose action is drop or reject. nullptr: none of these
  // was found, which does not mean that there is none.
  [[nodiscard]] FlowRecord* Victim() noexcept;
  static constexpr std::uint32_t kVictimScan = 256;

  // The caller has given back its handles and written its events.
  void Erase(FlowRecord* flow) noexcept;

  // Notes that the flow was seen. Cheap: the wheel is only touched when a timer fires.
  void Touch(FlowRecord& flow, Timestamp now) noexcept { flow.last_seen_ms = static_cast<std::uint32_t>(now.ms()); }

  // The flow's life went on. Costs a comparison while nothing changes.
  void SetState(FlowRecord& flow, FlowState state, Timestamp now) noexcept {
    if (flow.state != state) ChangeState(flow, state, now);
  }

  // Up to out.size() flows whose idle timeout has passed, in a deterministic
  // order; call until it returns 0. The caller ends and erases each before the
  // next call.
  std::size_t Expire(Timestamp now, std::span<FlowRecord*> out) noexcept;
  // An expired flow that lives on, seen `now`.
  void Keep(FlowRecord& flow, Timestamp now) noexcept;
  // Any up to out.size() flows, in slot order: for the end of a run.
  std::size_t Drain(std::span<FlowRecord*> out) noexcept;

  [[nodiscard]] std::uint32_t size() const noexcept;
  [[nodiscard]] std::uint32_t capacity() const noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

  // How well the keys are spread: buckets (cache lines) that looking up each flow once
  // reads altogether, and the most for one flow. Reads the whole table; control time.
  struct Spread {
    std::uint64_t buckets_read = 0;
    std::uint32_t longest = 0;
  };
  [[nodiscard]] Spread MeasureSpread() const noexcept;

 private:
  void ChangeState(FlowRecord& flow, FlowState state, Timestamp now) noexcept;
  [[nodiscard]] FlowRecord* Search(const FlowKey& key, std::uint64_t hash) noexcept;
  explicit FlowTable(std::array<std::uint64_t, 2> seed);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
