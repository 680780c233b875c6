// What is written of a flow, and its end.
#include <algorithm>

#include "dataplane/pipeline/worker_state.h"

namespace weir {
namespace {

std::string_view StateName(FlowState state) noexcept {
  switch (state) {
    case FlowState::kNew:
      return "new";
    case FlowState::kEstablished:
      return "established";
    case FlowState::kClosing:
    case FlowState::kClosed:
      break;
  }
  return "closed";
}

}  // namespace

FlowView Worker::State::ViewOf(const FlowRecord& flow, Direction direction) const {
  FlowView view;
  const bool client_high = flow.client_is_high != 0;
  view.client = client_high ? flow.key.high_addr : flow.key.low_addr;
  view.server = client_high ? flow.key.low_addr : flow.key.high_addr;
  view.client_port = client_high ? flow.key.high_port : flow.key.low_port;
  view.server_port = client_high ? flow.key.low_port : flow.key.high_port;
  view.vlan = flow.key.vlan;
  view.proto = flow.key.proto;
  view.ip_version = flow.key.ip_version;
  view.direction = direction;
  view.established = flow.state == FlowState::kEstablished || flow.state == FlowState::kClosing;
  view.now = now;
  if (flow.undecided != Handle::kNone) {
    view.app_proto = const_cast<HandlePool<UndecidedFlow>&>(undecided)[flow.undecided].inspection.proto;
  }
  return view;
}

EventHead Worker::State::HeadOf(const FlowRecord& flow, Direction direction) {
  const FlowView view = ViewOf(flow, direction);
  const ColdFlow& c = cold[flow.cold];
  EventHead head;
  const bool to_server = direction == Direction::kToServer;
  head.time = now;
  head.flow_id = c.flow_id;
  head.src = to_server ? view.client : view.server;
  head.dst = to_server ? view.server : view.client;
  head.src_port = to_server ? view.client_port : view.server_port;
  head.dst_port = to_server ? view.server_port : view.client_port;
  head.proto = flow.key.proto;
  head.ip_version = flow.key.ip_version;
  if (c.port < port_names.size()) head.in_iface = port_names[c.port];
  head.icmp_type = c.icmp_type;
  head.icmp_code = c.icmp_code;
  head.vlan = c.vlan;
  head.vlan_count = c.vlan_count;
  head.app_proto = c.app_proto;
  head.direction = direction;
  return head;
}

WeirLabel Worker::State::LabelOf(const FlowRecord& flow) {
  WeirLabel label;
  const ColdFlow& c = cold[flow.cold];
  label.mirrored = flow.mirror != 0;
  label.generation = generation->number;
  label.verdict_packet = c.verdict_packet;
  label.verdict = flow.action;
  const auto say = [&](const Classification& what) {
    label.app = generation->apps->NameOf(what.app);
    label.category = what.category;
    label.confidence = what.confidence;
    label.source = what.source;
    label.evidence = what.evidence.view();
    label.signature_id = what.sid;
  };
  if (flow.decision != Handle::kNone) {
    const Decision& decision = decisions[flow.decision];
    say(decision.what);
    label.verdict = decision.verdict.action;
    label.would = decision.verdict.would;
    label.policy = generation->policy->RuleName(decision.verdict.rule);
    label.generation = decision.generation;
  } else if (flow.undecided != Handle::kNone) {
    say(undecided[flow.undecided].what);
  }
  return label;
}

void Worker::State::EndFlow(FlowRecord& flow, FlowEnd reason) {
  if (flow.undecided != Handle::kNone) {
    UndecidedFlow& state = undecided[flow.undecided];
    if ((flow.needs & kNeedsInspection) != 0) {
      LastGuess(flow, state);
      Settle(flow, {state.what, generation->policy->Judge(state.what, ViewOf(flow, Direction::kToServer)),
                    generation->number});
    }
    if (flow.undecided != Handle::kNone) ReleaseUndecided(flow);
  }
  const ColdFlow& c = cold[flow.cold];
  if (c.tombstone) --tombstones;
  FlowEvent event;
  event.head = HeadOf(flow, Direction::kToServer);
  event.weir = LabelOf(flow);
  event.packets = {flow.packets[0], flow.packets[1]};
  event.bytes = {flow.bytes[0], flow.bytes[1]};
  event.start = {c.start_us};
  // last_seen_ms keeps the low 32 bits of the time: put it beside the present.
  const auto idle_ms = static_cast<std::uint32_t>(now.ms()) - flow.last_seen_ms;
  event.end = {std::max(c.start_us, now.us - std::int64_t{idle_ms} * 1000)};
  event.state = StateName(flow.state);
  event.reason = reason;
  event.alerted = flow.alerted != 0;
  event.tcp_flags_ts = c.tcp_flags[0];
  event.tcp_flags_tc = c.tcp_flags[1];
  if (events != nullptr) events->Push(event);
  if (summary != nullptr) summary->Accumulate(event);
  ++counters.flows_ended;
  if (flow.decision != Handle::kNone) decisions.Release(flow.decision);
  cold.Release(flow.cold);
  flows->Erase(&flow);
}

void Worker::State::WriteAlerts(const Item& item, bool blocked) {
  for (const AlertDue& due : alerts_due) WriteAlert(item, *due.rule, blocked, due.tx);
  alerts_due.clear();
}

void Worker::State::WriteAlert(const Item& item, const RuleInfo& rule, bool blocked, TxId tx) {
  item.flow->alerted = 1;
  ++counters.alerts;
  if (events == nullptr) return;
  AlertEvent event;
  event.head = HeadOf(*item.flow, DirectionOf(*item.flow, item.reversed));
  event.head.pcap_cnt = item.frame().number;
  event.weir = LabelOf(*item.flow);
  if (event.weir.signature_id == RuleId{}) event.weir.signature_id = rule.sid;
  event.blocked = blocked;
  event.gid = rule.gid;
  event.sid = rule.sid;
  event.rev = rule.rev;
  event.severity = rule.severity;
  event.signature = rule.message;
  event.category = rule.class_text;
  event.metadata = rule.metadata.data();
  event.metadata_count = rule.metadata.size();
  event.tx = tx;
  events->Push(event);
}

void Worker::State::WriteDrop(const Item& item, DropReason reason) {
  ColdFlow& c = cold[item.flow->cold];
  const std::uint32_t bit = std::uint32_t{1} << static_cast<unsigned>(reason);
  if (events == nullptr || (c.drop_reasons_seen & bit) != 0) return;
  c.drop_reasons_seen |= bit;
  DropEvent event;
  event.head = HeadOf(*item.flow, DirectionOf(*item.flow, item.reversed));
  event.head.pcap_cnt = item.frame().number;
  event.weir = LabelOf(*item.flow);
  event.reason = reason;
  event.length = item.view.l3_len;
  event.tcp_flags = item.view.tcp_flags;
  event.tcp_seq = item.view.tcp_seq;
  event.tcp_ack = item.view.tcp_ack;
  events->Push(event);
}

// Writes tls, quic, dns and http events of the transactions before `below` that
// are not written yet, and forgets their fields.
void Worker::State::WriteProtocolEvents(const FlowRecord& flow, UndecidedFlow& state, TxId below) {
  const AppProto proto = state.inspection.proto;
  const bool http = proto == AppProto::kHttp || proto == AppProto::kHttp2;
  const bool has_event = http || proto == AppProto::kTls || proto == AppProto::kQuic || proto == AppProto::kDns;
  if (!has_event || state.metadata.size() == 0) return;
  TxId last = 0;  // HTTP/2 answers in any order: the last field is not the last transaction's
  for (std::size_t i = 0; i < state.metadata.size(); ++i) last = std::max(last, state.metadata.field(i).tx + 1);
  for (TxId tx = state.events_written; tx < std::min(below, last); ++tx) {
    state.events_written = tx + 1;
    if (events == nullptr) continue;
    ProtocolEvent event;
    event.head = HeadOf(flow, Direction::kToServer);
    event.proto = proto;
    event.tx = tx;
    event.metadata = &state.metadata;
    events->Push(event);
  }
  if (http || proto == AppProto::kDns) {
    state.metadata.DropBefore(state.events_written);
    state.fields_matched = state.metadata.size();
  }
}

}  // namespace weir
