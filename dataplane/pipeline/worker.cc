#include "dataplane/pipeline/worker.h"

#include <utility>

#include "dataplane/pipeline/worker_state.h"

namespace weir {
namespace {

constexpr std::int64_t kMostCrowded = 1'000'000;  // us

}  // namespace

Worker::Worker() : state_(std::make_unique<State>()) {}
Worker::~Worker() = default;

Result<std::unique_ptr<Worker>> Worker::Create(WorkerId id, const EngineSettings& settings,
                                               std::shared_ptr<const Generation> generation, EventRing* events,
                                               std::array<std::uint64_t, 2> seed) {
  std::unique_ptr<Worker> made(new Worker());
  State& state = *made->state_;
  state.id = id;
  state.settings = settings;
  state.settings.tcp.midstream = settings.exceptions[ExceptionTrigger::kMidstream] == ExceptionAction::kIgnore;
  state.settings.tcp.one_sided = settings.exceptions[ExceptionTrigger::kOneSided] == ExceptionAction::kIgnore;
  state.events = events;
  state.fingerprints_wanted = settings.readers.fingerprints;
  state.seed = seed;
  auto flows = FlowTable::Create(settings.flow_capacity, seed, settings.timeouts);
  if (!flows) return tl::unexpected(flows.error());
  state.flows = std::move(*flows);
  state.dns = std::make_unique<DnsMemory>(settings.dns_facts, seed[1]);
  state.defrag = std::make_unique<Defragmenter>(settings.defrag, seed[0]);
  if (settings.use_ndpi) {
    auto ndpi = NdpiModule::Create();
    if (!ndpi) return tl::unexpected(ndpi.error());
    state.ndpi = std::move(*ndpi);
    state.ndpi_flow_bytes = NdpiModule::flow_bytes();
  }
  made->SetGeneration(std::move(generation));
  return made;
}

void Worker::SetGeneration(std::shared_ptr<const Generation> generation) {
  state_->matcher = std::make_unique<Matcher>(*generation->rules);
  state_->ReadFingerprintsFor(*generation->rules);
  state_->generation = std::move(generation);
  state_->next_edge = state_->generation->policy->NextEdge(state_->now);
  ++state_->epoch;
}

// Nobody but rules and events asks for fingerprints.
void Worker::State::ReadFingerprintsFor(const RuleSet& rules) noexcept {
  const bool of_clients = rules.uses(BufferId::kJa3) || rules.uses(BufferId::kJa3String) || rules.uses(BufferId::kJa4);
  const bool of_servers = rules.uses(BufferId::kJa3s) || rules.uses(BufferId::kJa3sString);
  settings.readers.fingerprints_later = !of_clients;
  settings.readers.fingerprints = fingerprints_wanted && (events != nullptr || of_clients || of_servers);
}

void Worker::State::CrossEdge() noexcept {
  next_edge = generation->policy->NextEdge(now);
  ++epoch;
}

void Worker::Process(std::span<const FrameRef> frames, BurstOutput& out) {
  if (frames.empty()) return;
  State& state = *state_;
  state.Advance(frames.front().time);
  if (state.dns_exchange) state.dns_exchange->Drain(state.id.value(), state.now, *state.dns);
  state.ParseBurst(frames, out);
  state.counters.held_packets = state.defrag->held_frames();
}

// Flows that end together wait for the writer; for one that stands still not longer than a second.
bool Worker::State::EventsAreCrowded() noexcept {
  if (events == nullptr || !events->crowded()) {
    crowded_since = {};
    return false;
  }
  if (crowded_since == Timestamp{}) crowded_since = now;
  return now - crowded_since < kMostCrowded;
}

bool Worker::Tick(Timestamp now, BurstOutput& out, std::size_t most) {
  State& state = *state_;
  state.now = std::max(state.now, now);
  state.defrag->Expire(state.now, state.defrag_dropped);
  state.TakeDefragDropped(out);
  std::array<FlowRecord*, 64> due{};
  std::size_t done = 0;
  while (done < most) {
    if (state.EventsAreCrowded()) return true;
    const std::size_t n = state.flows->Expire(state.now, due);
    for (std::size_t i = 0; i < n; ++i) {
      if (state.StaysAfterTimeout(*due[i])) {
        state.flows->Keep(*due[i], state.now);
      } else {
        state.EndFlow(*due[i], FlowEnd::kTimeout);
      }
    }
    done += n;
    if (n == 0) break;
  }
  return done >= most;
}

void Worker::Finish(Timestamp now, BurstOutput& out) {
  State& state = *state_;
  state.now = std::max(state.now, now);
  state.defrag->Flush(state.defrag_dropped);
  state.TakeDefragDropped(out);
  std::array<FlowRecord*, 64> left{};
  while (const std::size_t n = state.flows->Drain(left)) {
    for (std::size_t i = 0; i < n; ++i) state.EndFlow(*left[i], FlowEnd::kShutdown);
  }
}

void Worker::CountTxFull(const FrameRef& frame) noexcept {
  WorkerCounters& c = state_->counters;
  --c.forwarded_packets;
  c.forwarded_bytes -= frame.len;
  ++c.dropped_packets[static_cast<std::size_t>(DropReason::kTxFull)];
  c.dropped_bytes[static_cast<std::size_t>(DropReason::kTxFull)] += frame.len;
}

void Worker::CountMirror(bool sent) noexcept {
  ++(sent ? state_->counters.mirrored_packets : state_->counters.mirror_dropped_packets);
}

void Worker::CountInjectedLost() noexcept {
  --state_->counters.injected_packets;
  ++state_->counters.injected_dropped_packets;
}

void Worker::CountBusy(std::uint64_t cycles) noexcept { state_->counters.busy_cycles += cycles; }

void Worker::ObserveFlows(FlowSummary* summary) noexcept { state_->summary = summary; }

void Worker::NamePorts(std::vector<std::string> names) { state_->port_names = std::move(names); }

void Worker::SetPortSides(std::vector<PortSide> sides) { state_->port_sides = std::move(sides); }

void Worker::ShareDns(std::shared_ptr<DnsExchange> exchange) noexcept { state_->dns_exchange = std::move(exchange); }

const WorkerCounters& Worker::counters() const noexcept { return state_->counters; }

}  // namespace weir
