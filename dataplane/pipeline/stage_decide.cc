// Stage 4: Classification -> Verdict, only if something changed or the policy
// epoch did.
#include "dataplane/pipeline/worker_state.h"

namespace weir {

void Worker::State::Decide(Item& item, const Ruling& ruling) {
  FlowRecord& flow = *item.flow;
  UndecidedFlow& state = undecided[flow.undecided];
  if ((flow.needs & kNeedsInspection) == 0 && !Stops(ruling.by_rule)) {
    // Passed already: only the peer's acknowledgement was missing (design.md s3).
    const bool settled = state.tcp->Settled(Direction::kToServer) && state.tcp->Settled(Direction::kToClient);
    if (settled || ruling.by_rule == Action::kPass) ReleaseUndecided(flow);
    if (flow.policy_epoch != epoch) Rejudge(flow);
    return;
  }
  Decision decision{state.what, {}, generation->number};
  if (ruling.by_rule != Action::kPending) {
    decision.verdict.action = ruling.by_rule;
    decision.what.sid = ruling.sid;
    return Settle(flow, decision);
  }
  if (ruling.changed || flow.policy_epoch != epoch) {
    decision.verdict = generation->policy->Judge(state.what, ViewOf(flow, Direction::kToServer));
    flow.policy_epoch = epoch;
    flow.mirror = decision.verdict.mirror ? 1 : 0;
    if (state.what.known()) cold[flow.cold].verdict_packet = flow.packets[0] + flow.packets[1];
    if (Stops(decision.verdict.effective())) return Settle(flow, decision);
  }
  if (MayStillLearn(flow, state)) return;
  LastGuess(flow, state);
  decision.what = state.what;
  const bool unknown = !state.what.known() && state.inspection.proto == AppProto::kUnknown;
  const FlowView view = ViewOf(flow, Direction::kToServer);
  decision.verdict = unknown ? generation->policy->JudgeUnknown(view) : generation->policy->Judge(state.what, view);
  Settle(flow, decision);
}

bool Worker::State::MayStillLearn(const FlowRecord& flow, UndecidedFlow& state) const {
  const bool transport = flow.key.proto == kProtoTcp || flow.key.proto == kProtoUdp;
  const PendingPolicy& pending = generation->policy->pending();
  // Tiny segments are not many packets: they say as little as one.
  constexpr std::uint64_t kTinyAverage = 64;
  const bool patient = state.packets < pending.max_packets || state.payload_bytes < pending.max_packets * kTinyAverage;
  const bool within = patient && state.payload_bytes < pending.max_bytes;
  const bool ndpi_listens = state.ndpi != nullptr && within;
  if (!transport) return ndpi_listens;
  switch (state.inspection.state) {
    case ReaderState::kNameMayCome:
      return true;  // the readers' own budgets end this
    case ReaderState::kNoMoreNames:
      return false;
    case ReaderState::kProbing:
      return within;
    case ReaderState::kUnknown:
      break;
  }
  const std::size_t shorter = std::min(state.head[0].size(), state.head[1].size());
  const bool rules_wait = shorter < generation->rules->payload_depth();
  const bool detectors_wait = flow.key.proto == kProtoUdp
                                  ? !state.payload || state.payload->datagrams < kPayloadDatagrams
                                  : shorter < kPayloadHead;
  return ndpi_listens || (within && (rules_wait || (detectors_wait && state.DetectorsMayAsk())));
}

// Nothing better will come: the voices that only guess are heard.
void Worker::State::LastGuess(FlowRecord& flow, UndecidedFlow& state) {
  Ruling ignored;
  OfferDns(flow, state, ignored);
  if (state.what.source < Source::kMetadata && state.ndpi && state.NdpiMaySpeak()) {
    OfferNdpi(flow, state, ndpi->GiveUp(*state.ndpi, true), true, ignored);
  }
  state.ndpi.reset();
  OfferAddress(flow, state, Confidence::kGuess, ignored);
  if (!state.what.known() && state.payload_guess.known()) OfferPayload(flow, state, state.payload_guess, ignored);
}

void Worker::State::Settle(FlowRecord& flow, const Decision& decision) {
  if (flow.decision != Handle::kNone) decisions.Release(flow.decision);
  flow.decision = decisions.Intern(decision);
  flow.action = decision.verdict.effective();
  flow.mirror = decision.verdict.mirror ? 1 : 0;
  flow.policy_epoch = epoch;
  ColdFlow& c = cold[flow.cold];
  if (c.verdict_packet == 0 || Stops(flow.action)) c.verdict_packet = flow.packets[0] + flow.packets[1];
  UndecidedFlow& state = undecided[flow.undecided];
  if (state.tcp) c.stopped_at = state.tcp->next_seq(Direction::kToServer);
  WriteProtocolEvents(flow, state, UINT32_MAX);
  const bool waits = !Stops(flow.action) && state.tcp &&
                     !(state.tcp->Settled(Direction::kToServer) && state.tcp->Settled(Direction::kToClient));
  if (!waits) return ReleaseUndecided(flow);
  flow.needs = static_cast<std::uint8_t>(kNeedsAck | (flow.needs & kNeedsReuse));
  state.tcp->StopReading();
  state.readers.reset();
  state.ndpi.reset();
}

void Worker::State::ReleaseUndecided(FlowRecord& flow) {
  counters.undecided_bytes -= undecided[flow.undecided].counted;
  undecided.Release(flow.undecided);
  flow.undecided = Handle::kNone;
  flow.needs &= kNeedsReuse;
  if (flow.action == Action::kReject) flow.needs |= kNeedsAnswer;
}

// The policy epoch moved on under a decided flow: the label stands, the verdict is
// looked up again. What a signature's own action or an exception decided stays.
void Worker::State::Rejudge(FlowRecord& flow) {
  flow.policy_epoch = epoch;
  if (flow.decision == Handle::kNone) return;
  Decision decision = decisions[flow.decision];
  if (decision.verdict.rule == PolicyRule::kNone) return;
  const FlowView view = ViewOf(flow, Direction::kToServer);
  const bool unknown = !decision.what.known() && cold[flow.cold].app_proto == AppProto::kUnknown;
  decision.verdict = unknown ? generation->policy->JudgeUnknown(view) : generation->policy->Judge(decision.what, view);
  decision.generation = generation->number;
  decisions.Release(flow.decision);
  flow.decision = decisions.Intern(decision);
  flow.action = decision.verdict.effective();
  flow.mirror = decision.verdict.mirror ? 1 : 0;
}

}  // namespace weir
