// Stage 2: FlowKey -> FlowRecord. The whole batch is looked up at once; then each
// packet goes through the remaining stages in order.
#include <algorithm>
#include <tuple>

#include "dataplane/flow/siphash.h"
#include "dataplane/pipeline/worker_state.h"

namespace weir {
namespace {

constexpr std::uint16_t kFirstEphemeral = 1024;

// Who opened the flow that this packet is the first of (true: its receiver).
bool SenderIsServer(const PacketView& view) noexcept {
  if (view.proto == kProtoTcp && (view.tcp_flags & kTcpSyn) != 0) return (view.tcp_flags & kTcpAck) != 0;
  if (view.proto == kProtoTcp) return view.src_port < kFirstEphemeral && view.dst_port >= kFirstEphemeral;
  return false;
}

bool LeavesFastPath(const FlowRecord& flow, const PacketView& view) noexcept {
  if (flow.needs != 0) return true;
  if (view.proto == kProtoTcp) return (view.tcp_flags & (kTcpSyn | kTcpFin | kTcpRst)) != 0;
  // Another connection may open on this tuple (QUIC, DTLS), or the first after junk.
  return view.proto == kProtoUdp && MayNameSomething(view.payload());
}

}  // namespace

void Worker::State::RunBatch(BurstOutput& out) {
  const std::size_t n = batch.size();
  const std::size_t begun = n / kTogether * kTogether;
  const std::size_t probed = begun < kTogether ? 0 : begun - kTogether;
  const std::size_t probe_at = std::min(probed, kTogether);  // the last ones, too, get time for their buckets
  flows->Begin(batch.sought(begun, n));
  for (std::size_t i = 0; i < n; ++i) {
    if (i == probe_at) flows->Probe(batch.sought(probed, n));
    Item& item = batch[i];
    Advance(item.frame().time);
    item.flow = flows->Finish(*item.sought);
    if (item.flow == nullptr) item.flow = Create(item);
    if (item.flow == nullptr) {
      WithoutRecord(item, out);
      continue;
    }
    FlowRecord& flow = *item.flow;
    Count(item);
    if (flow.policy_epoch == epoch && !LeavesFastPath(flow, item.view)) {
      RunFast(item, out);
    } else {
      RunSlow(item, out);
    }
  }
  batch.Clear();
}

// What a packet costs while its flow is undecided, opens or ends a connection, or
// was judged under another policy epoch.
void Worker::State::RunSlow(Item& item, BurstOutput& out) {
  if ((item.flow->needs & kNeedsReuse) != 0 && !FromWrongSide(item)) {
    const Reuse reuse = ReuseOf(item);
    if (reuse == Reuse::kUnconfirmed) return Emit(item, DropReason::kTcpOutOfWindow, out);
    if (reuse == Reuse::kOpens && !OpenAnew(item)) return WithoutRecord(item, out);
  }
  if (item.flow->undecided == Handle::kNone && !Reopen(item)) return RunDecided(item, out);
  Ruling ruling;
  for (const auto& [met, trigger, reason] :
       {std::tuple(FromWrongSide(item), ExceptionTrigger::kWrongSide, DropReason::kWrongSide),
        std::tuple(OverMemory(item), ExceptionTrigger::kMemory, DropReason::kExceptionPolicy)}) {
    if (!met) continue;
    Exceed(item, trigger, reason, ruling);
    if (settings.exceptions[trigger] == ExceptionAction::kPassPacket) return Emit(item, DropReason::kNone, out);
    if (ruling.drop != DropReason::kNone || ruling.by_rule != Action::kPending) break;
  }
  if (ruling.drop == DropReason::kNone && ruling.by_rule == Action::kPending) ruling = Inspect(item);
  if (ruling.restarts) {
    WriteAlerts(item, false);
    EndFlow(*item.flow, FlowEnd::kTcpReuse);
    item.flow = Create(item);
    if (item.flow == nullptr) return WithoutRecord(item, out);
    Count(item);
    ruling = Inspect(item);
  }
  if (ruling.negotiate) return Negotiate(item, out);
  DropReason drop = ruling.drop;
  if (drop == DropReason::kNone) {
    Decide(item, ruling);
    if (item.flow->action == Action::kReject) {
      ColdFlow& c = cold[item.flow->cold];
      c.rejected_us = now.us;
      c.rejected_way = DirectionOf(*item.flow, item.reversed);
      c.receiver_expects = ruling.receiver_expects;
      Reject(item, ruling.receiver_expects, out);
    }
    if (Stops(item.flow->action))
      drop = item.flow->action == Action::kReject ? DropReason::kPolicyReject : DropReason::kPolicy;
  }
  WriteAlerts(item, drop != DropReason::kNone);
  Emit(item, drop, out);
  Recount(*item.flow);
}

// Each end of a flow is on one side of the box. Who stands on the other side of it and
// writes a packet in its name, an acknowledgement for instance, is not it.
bool Worker::State::FromWrongSide(const Item& item) const noexcept {
  if (Simulated(item.frame(), ExceptionTrigger::kWrongSide)) return true;
  const PortSide side = SideOf(item.frame());
  const PortSide low = cold[item.flow->cold].low_side;
  if (side == PortSide::kUnknown || low == PortSide::kUnknown) return false;
  return (side == low) == item.reversed;
}

PortSide Worker::State::SideOf(const FrameRef& frame) const noexcept {
  const std::size_t port = frame.in_port.value();
  return port < port_sides.size() ? port_sides[port] : PortSide::kUnknown;
}

// A packet of a decided flow that left the fast path and opens nothing now.
void Worker::State::RunDecided(Item& item, BurstOutput& out) {
  FlowRecord& flow = *item.flow;
  if (flow.policy_epoch != epoch) Rejudge(flow);
  const std::uint8_t flags = item.view.tcp_flags;
  if (item.view.proto == kProtoTcp && (flags & (kTcpSyn | kTcpAck)) == kTcpSyn) {
    // It goes on, after a drop too: a new connection is judged on its own.
    if (item.view.payload_len > 0) return Emit(item, DropReason::kTcpOutOfWindow, out);
    NoteSyn(item);
    return Emit(item, DropReason::kNone, out);
  }
  if (flow.action == Action::kReject) return RejectAgain(item, out);
  Emit(item, Stops(flow.action) ? DropReason::kPolicy : DropReason::kNone, out);
}

// The reset of a reject may have been lost: who sends on gets another one, now and then.
void Worker::State::RejectAgain(const Item& item, BurstOutput& out) {
  constexpr std::int64_t kEveryUs = 200'000;
  ColdFlow& c = cold[item.flow->cold];
  const bool resets = item.view.proto == kProtoTcp && (item.view.tcp_flags & kTcpRst) != 0;
  if (!resets && now.us - c.rejected_us >= kEveryUs) {
    c.rejected_us = now.us;
    const bool same_way = DirectionOf(*item.flow, item.reversed) == c.rejected_way;
    // The other side's number is its own; who is told nothing new, ignores it (RFC 5961 s3.2).
    Reject(item, same_way ? c.receiver_expects : item.view.tcp_seq, out);
  }
  Emit(item, DropReason::kPolicyReject, out);
}

// Takes up the inspection of a decided flow again, if this packet asks for it.
bool Worker::State::Reopen(Item& item) {
  FlowRecord& flow = *item.flow;
  const std::uint8_t flags = item.view.tcp_flags;
  if (item.view.proto == kProtoTcp) {
    const Direction direction = DirectionOf(flow, item.reversed);
    cold[flow.cold].tcp_flags[Index(direction)] |= flags;
    // What a stopped client sends never arrives: its server reads on until it ends the
    // connection itself, and a record that was forgotten earlier would let the rest of a
    // name through as the middle of an unknown connection. Sequence numbers are not
    // checked here any more, so a RST is not taken for the end either.
    const bool ends = !Stops(flow.action) || direction == Direction::kToClient;
    if (!ends || (flags & (kTcpFin | kTcpRst)) == 0) return false;
    const auto& seen = cold[flow.cold].tcp_flags;
    const bool both = (seen[0] & seen[1] & kTcpFin) != 0 && !Stops(flow.action);
    flows->SetState(flow, both ? FlowState::kClosed : FlowState::kClosing, now);
    return false;
  }
  if (flow.policy_epoch != epoch) Rejudge(flow);
  if (item.view.proto != kProtoUdp || Stops(flow.action) || !LeavesFastPath(flow, item.view)) return false;
  StartUndecided(flow);  // another QUIC connection
  return true;
}

// Ends the flow that the table gives up first, and takes its place.
FlowRecord* Worker::State::MakeRoom(const Item& item) {
  if (FlowRecord* victim = flows->Victim()) {
    ++counters.flows_evicted;
    EndFlow(*victim, FlowEnd::kForced);
  }
  return flows->Insert(item.key(), now);
}

// A packet of a flow for which there is no record.
void Worker::State::WithoutRecord(Item& item, BurstOutput& out) {
  item.flow = nullptr;
  switch (settings.exceptions[ExceptionTrigger::kFlowTableFull]) {
    case ExceptionAction::kPassPacket:
    case ExceptionAction::kPassFlow:
    case ExceptionAction::kBypass:
      return Emit(item, DropReason::kNone, out);
    case ExceptionAction::kReject:
      Reject(item, item.view.tcp_seq, out);
      return Emit(item, DropReason::kFlowTableFull, out);
    case ExceptionAction::kDropPacket:
    case ExceptionAction::kDropFlow:
    case ExceptionAction::kIgnore:  // there was nothing to give up
      return Emit(item, DropReason::kFlowTableFull, out);
  }
}

// 53 bits, so that JSON readers keep it; the same for the same input.
std::uint64_t Worker::State::FlowIdOf(const FlowKey& key, Timestamp time) const noexcept {
  return (SipHash13(seed, &key, sizeof key) ^ static_cast<std::uint64_t>(time.us) * 0x9e3779b97f4a7c15u) >> 11;
}

FlowRecord* Worker::State::Create(const Item& item) {
  FlowRecord* flow =
      Simulated(item.frame(), ExceptionTrigger::kFlowTableFull) ? nullptr : flows->Insert(item.key(), now);
  if (flow == nullptr) {
    CountWithoutFlow(item.frame(), item.view, ExceptionTrigger::kFlowTableFull);
    if (settings.exceptions[ExceptionTrigger::kFlowTableFull] != ExceptionAction::kIgnore) return nullptr;
    flow = MakeRoom(item);
    if (flow == nullptr) return nullptr;
  }
  ++counters.flows_created;
  flow->client_is_high = item.reversed != SenderIsServer(item.view) ? 1 : 0;
  flow->cold = cold.Acquire();
  ColdFlow& c = cold[flow->cold];
  c.start_us = item.frame().time.us;
  c.flow_id = FlowIdOf(item.key(), item.frame().time);
  c.port = item.frame().in_port.value();
  const PortSide side = SideOf(item.frame());
  c.low_side = item.reversed ? Opposite(side) : side;
  c.vlan = item.view.vlan;
  c.vlan_count = item.view.vlan_count;
  c.opened_by_syn = item.view.proto == kProtoTcp && (item.view.tcp_flags & (kTcpSyn | kTcpAck)) == kTcpSyn;
  c.opened_seq = item.view.tcp_seq;
  if (item.view.proto == kProtoIcmp || item.view.proto == kProtoIcmp6) {
    if (item.view.l4_off + 2 <= item.view.l3_off + item.view.l3_len) {
      c.icmp_type = LoadU8(item.view.base + item.view.l4_off);
      c.icmp_code = LoadU8(item.view.base + item.view.l4_off + 1);
    }
  }
  StartUndecided(*flow);
  return flow;
}

void Worker::State::StartUndecided(FlowRecord& flow) {
  flow.needs = kNeedsInspection;
  flow.undecided = undecided.Acquire();
  UndecidedFlow& state = undecided[flow.undecided];
  state.flow = &flow;
  if (flow.key.proto == kProtoTcp) state.tcp.emplace(settings.tcp);
  if (flow.decision != Handle::kNone) state.what = decisions[flow.decision].what;
}

}  // namespace weir
