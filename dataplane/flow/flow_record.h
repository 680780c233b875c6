#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "dataplane/core/flow_key.h"
#include "dataplane/core/verdict.h"

namespace weir {

// A handle into a per-worker pool; 0 is "nothing".
enum class Handle : std::uint32_t { kNone = 0 };

// Why a packet of the flow must leave the fast path. No bit set: decided, and
// parse, look-up, counters, transmit are all that a packet costs.
enum FlowNeeds : std::uint8_t {
  kNeedsInspection = 1 << 0,  // readers, nDPI or signatures may still find something
  kNeedsAck = 1 << 1,         // passed, but the peer has not yet acknowledged what that rests on
  kNeedsMessages = 1 << 2,    // judged a message at a time for its life (DNS, HTTP requests)
  kNeedsAnswer = 1 << 4,      // rejected: who goes on sending is told again
  kNeedsReuse = 1 << 3,       // a SYN came that may open another connection on this tuple
};

// How far a flow's life has come; picks its idle timeout. Set by FlowTable::SetState.
enum class FlowState : std::uint8_t { kNew, kEstablished, kClosing, kClosed };

// One flow. A packet of a decided flow touches both cache lines: the second for its key. Owned by its worker's
// FlowTable; the address is stable until Erase.
struct alignas(64) FlowRecord {
  // --- first line
  std::uint32_t tag = 0;             // high bits of the key's hash: compared before the key
  std::uint8_t needs = 0;            // FlowNeeds bits
  Action action = Action::kPending;  // effective: what is done to frames now
  FlowState state = FlowState::kNew;
  std::uint8_t client_is_high : 1 = 0;  // which endpoint of the key opened the flow
  std::uint8_t mirror : 1 = 0;
  std::uint8_t alerted : 1 = 0;
  std::uint8_t in_use : 1 = 0;
  std::uint8_t queued : 2 = 0;        // FlowTable's own
  std::uint32_t packets[2] = {0, 0};  // by Direction
  std::uint64_t bytes[2] = {0, 0};    // frame bytes, by Direction
  std::uint32_t last_seen_ms = 0;     // worker time, wraps after 49 days; compared by difference
  std::uint32_t policy_epoch = 0;     // epoch of the verdict; older than the current: judge again
  Handle undecided = Handle::kNone;   // UndecidedFlow, only while needs != 0
  Handle decision = Handle::kNone;    // interned Decision
  Handle cold = Handle::kNone;        // ColdFlow: what events need
  std::uint32_t timer_slot = 0;       // FlowTable's own
  // --- second line
  alignas(64) FlowKey key;
  std::uint32_t timer_next = 0;  // FlowTable's own
  std::uint32_t timer_prev = 0;  // FlowTable's own
  std::uint32_t queue_next = 0;  // FlowTable's own
  std::uint32_t queue_prev = 0;  // FlowTable's own
  std::uint32_t queued_ms = 0;   // FlowTable's own
};
static_assert(sizeof(FlowRecord) == 128 && offsetof(FlowRecord, key) == 64 && std::is_trivially_copyable_v<FlowRecord>);

}  // namespace weir
