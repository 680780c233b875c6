// What undecided flows may hold, and for how long.
#include "dataplane/pipeline/worker_state.h"

namespace weir {
namespace {

constexpr std::size_t kAllocatorShare = 5;  // what heap blocks cost beside their bytes, jemalloc: one on so many
constexpr std::size_t kNdpiKeeps =
    2048;  // what its dissectors keep of an unknown TCP flow (perf: weir_limits --flow-bytes)
constexpr std::uint32_t kLookedAt = 8;    // undecided flows a packet under pressure
constexpr std::uint32_t kTombstones = 8;  // one on so many records of the table

}  // namespace

std::size_t Worker::State::MemoryOf(const UndecidedFlow& state) const noexcept {
  std::size_t sum = sizeof(UndecidedFlow) + state.metadata.memory_bytes() + state.head[0].capacity() +
                    state.head[1].capacity() + state.fired.capacity() * sizeof(state.fired[0]) +
                    state.scan[0].memory_bytes() + state.scan[1].memory_bytes();
  if (state.tcp) sum += state.tcp->memory_bytes();
  if (state.readers) sum += state.readers->memory_bytes();
  if (state.ndpi) sum += ndpi_flow_bytes + state.ndpi_bytes + (state.tcp && state.ndpi_bytes > 0 ? kNdpiKeeps : 0);
  return sum + sum / kAllocatorShare;
}

// After anything that may have made it grow or shrink.
void Worker::State::Recount(FlowRecord& flow) noexcept {
  if (flow.undecided == Handle::kNone) return;
  UndecidedFlow& state = undecided[flow.undecided];
  const std::size_t holds = MemoryOf(state);
  counters.undecided_bytes += holds - state.counted;
  state.counted = holds;
}

// Frees what idle flows hold, a few a call, so that who only holds on to memory does not
// keep others from it. `spared` is not touched.
void Worker::State::Reclaim(const FlowRecord* spared) {
  for (std::uint32_t i = 0; i < kLookedAt && undecided.size() > 0; ++i) {
    reclaim_cursor = reclaim_cursor >= undecided.size() ? 1 : reclaim_cursor + 1;
    const UndecidedFlow* looked_at = undecided.Look(static_cast<Handle>(reclaim_cursor));
    FlowRecord* flow = looked_at == nullptr ? nullptr : looked_at->flow;
    if (flow == nullptr || flow == spared) continue;
    const std::uint32_t idle = static_cast<std::uint32_t>(now.ms()) - flow->last_seen_ms;
    if (idle < settings.reclaim_idle_ms) continue;
    UndecidedFlow& state = undecided[flow->undecided];
    if (state.tcp) state.tcp->Trim();
    Recount(*flow);
    const bool waits_for_a_request = state.named && !state.inspection.mid_message;
    if (waits_for_a_request) continue;
    if (!StaysAfterTimeout(*flow)) EndFlow(*flow, FlowEnd::kForced);
  }
}

bool Worker::State::OverMemory(const Item& item) {
  if (Simulated(item.frame(), ExceptionTrigger::kMemory)) return true;
  if (counters.undecided_bytes <= settings.memory_bytes) return false;
  Reclaim(item.flow);
  return counters.undecided_bytes > settings.memory_bytes;
}

// A flow that ended amid a message which would have named it: what comes later must not
// be read as if nothing had been before. It stays, without what it held, as the policy
// says, for one more idle timeout of a decided flow. False: it ends.
bool Worker::State::StaysAfterTimeout(FlowRecord& flow) {
  if (flow.undecided == Handle::kNone || (flow.needs & kNeedsInspection) == 0) return false;
  UndecidedFlow& state = undecided[flow.undecided];
  const bool holds_back = state.tcp && state.tcp->holding(Direction::kToServer);
  if (!state.inspection.mid_message && !holds_back) return false;
  CountException(flow, 0, ExceptionTrigger::kUndecidedTimeout);
  Action action = Action::kPending;
  switch (settings.exceptions[ExceptionTrigger::kUndecidedTimeout]) {
    case ExceptionAction::kDropPacket:
    case ExceptionAction::kDropFlow:
      action = Action::kDrop;
      break;
    case ExceptionAction::kReject:
      action = Action::kReject;
      break;
    default:
      return false;
  }
  if (tombstones >= settings.flow_capacity / kTombstones + 1) return false;
  ++tombstones;
  Decision decision{state.what, {}, generation->number};
  decision.verdict.action = action;
  flow.state = FlowState::kEstablished;
  Settle(flow, decision);
  cold[flow.cold].tombstone = true;
  return true;
}

}  // namespace weir
