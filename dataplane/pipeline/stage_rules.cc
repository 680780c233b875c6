// Stage 3, continued: what was found is matched against the signatures and the
// shipped tables, and each find is offered as the flow's label.
#include <algorithm>
#include <utility>

#include "classifiers/metadata/certificate.h"
#include "dataplane/pipeline/worker_state.h"

namespace weir {
namespace {

bool IsHostName(BufferId id) noexcept {
  return id == BufferId::kTlsSni || id == BufferId::kQuicSni || id == BufferId::kHttpHost || id == BufferId::kSocksHost;
}

Action ActionOf(RuleAction action) noexcept {
  switch (action) {
    case RuleAction::kPass:
      return Action::kPass;
    case RuleAction::kDrop:
      return Action::kDrop;
    case RuleAction::kReject:
      return Action::kReject;
    case RuleAction::kAlert:
      break;
  }
  return Action::kPending;
}

// Suricata's default action-order: pass, drop, reject, alert.
bool Outranks(Action a, Action b) noexcept {
  const auto rank = [](Action x) {
    return x == Action::kPass ? 3 : x == Action::kDrop ? 2 : x == Action::kReject ? 1 : 0;
  };
  return rank(a) > rank(b);
}

}  // namespace

void Worker::State::MatchNewFields(Item& item, Direction direction, Ruling& ruling) {
  FlowRecord& flow = *item.flow;
  UndecidedFlow& state = undecided[flow.undecided];
  const FlowView view = ViewOf(flow, direction);
  for (std::size_t i = state.fields_matched; i < state.metadata.size(); ++i) {
    matcher->MatchField(view, state.metadata, i, matches);
    const Metadata::Field& field = state.metadata.field(i);
    const std::string_view value = state.metadata.value(field);
    state.named = state.named || IsHostName(field.id);
    if (IsHostName(field.id)) OfferName(flow, state, field.id, value, ruling);
    OfferCertificate(flow, state, field, ruling);
  }
  state.fields_matched = state.metadata.size();
}

void Worker::State::MatchPayload(Item& item, Direction direction, Bytes bytes, bool stream) {
  UndecidedFlow& state = undecided[item.flow->undecided];
  const bool asked = generation->rules->uses(BufferId::kPayload);
  if (bytes.empty()) return;
  if (!stream) {
    if (asked) matcher->MatchDatagram(ViewOf(*item.flow, direction), bytes, matches);
    return;
  }
  const std::size_t depth = asked ? generation->rules->payload_depth() : 0;
  KeepHead(state, direction, bytes, state.DetectorsMayAsk() ? std::max(depth, kPayloadHead) : depth);
  if (depth > 0) MatchHeads(*item.flow, state, direction, depth);
}

// What is kept is the stream's start: once bytes went by it grows no more, whatever is asked for later.
void Worker::State::KeepHead(UndecidedFlow& state, Direction direction, Bytes bytes, std::size_t most) {
  std::vector<std::byte>& head = state.head[Index(direction)];
  std::uint64_t& seen = state.stream_seen[Index(direction)];
  if (head.size() == seen && head.size() < most) {
    const std::size_t n = std::min<std::size_t>(bytes.size(), most - head.size());
    head.insert(head.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
  }
  seen += bytes.size();
}

// New bytes of this direction; both directions where the rules are others now or the protocol has become known.
void Worker::State::MatchHeads(FlowRecord& flow, UndecidedFlow& state, Direction direction, std::size_t depth) {
  const bool other_rules = std::exchange(state.scanned_by, generation->number) != generation->number;
  if (other_rules) state.scan = {};
  const bool learnt = std::exchange(state.scanned_as, state.inspection.proto) != state.inspection.proto;
  for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
    const Bytes head = state.head[Index(d)];
    const Bytes seen = head.first(std::min(head.size(), depth));
    StreamScan& scan = state.scan[Index(d)];
    const bool more = scan.scanned < seen.size();
    if (seen.empty() || !(learnt || other_rules || (more && d == direction))) continue;
    matcher->MatchStream(ViewOf(flow, d), seen, scan, matches);
  }
}

void Worker::State::ApplyMatches(Item& item, Ruling& ruling) {
  FlowRecord& flow = *item.flow;
  UndecidedFlow& state = undecided[flow.undecided];
  for (const RuleMatch& match : matches) {
    const RuleInfo& rule = *match.rule;
    const std::pair<std::uint32_t, TxId> once{rule.sid.value(), match.tx};
    if (std::find(state.fired.begin(), state.fired.end(), once) != state.fired.end()) continue;
    state.fired.push_back(once);
    const Action action = ActionOf(rule.action);
    const bool message_only = Stops(action) && state.inspection.proto == AppProto::kDns && item.view.proto == kProtoUdp;
    if (message_only) {
      ruling.drop = DropReason::kPolicy;
    } else if (Outranks(action, ruling.by_rule)) {
      ruling.by_rule = action;
      ruling.sid = rule.sid;
    }
    if (rule.app != AppId{} && state.inspection.proto != AppProto::kDns) {
      Classification what{rule.app, rule.category, rule.confidence, Source::kSignature, rule.sid, {}};
      what.evidence.Append(Name(match.buffer));
      what.evidence.Append(" ");
      what.evidence.Append(match.field == UINT32_MAX ? std::string_view(rule.message)
                                                     : state.metadata.value(state.metadata.field(match.field)));
      Offer(flow, state, what, ruling);
    }
    if (rule.action != RuleAction::kPass && !rule.noalert) alerts_due.push_back({&rule, match.tx});
  }
  matches.clear();
}

void Worker::State::OfferName(FlowRecord& flow, UndecidedFlow& state, BufferId buffer, std::string_view name,
                              Ruling& ruling) {
  const Knowledge::Fact fact = generation->knowledge->FindName(name);
  OfferFact(flow, state, fact, buffer, name, ruling);
}

// Our own detectors, on the first bytes of what the readers do not know.
void Worker::State::AskPayload(Item& item, Direction direction, Bytes bytes, bool stream, Ruling& ruling) {
  FlowRecord& flow = *item.flow;
  UndecidedFlow& state = undecided[flow.undecided];
  if (bytes.empty() || !state.DetectorsMayAsk() || state.what.confidence == Confidence::kCertain) return;
  const FlowView view = ViewOf(flow, direction);
  const bool transport = view.proto == kProtoTcp || view.proto == kProtoUdp;
  PayloadFind find;
  if (!transport) {
    find = FindInIp(view, bytes);
  } else if (!stream) {
    if (!state.payload) state.payload.emplace();
    find = FindInDatagram(view, bytes, *state.payload);
  } else if (state.payload_asked[Index(direction)] < kPayloadHead) {
    state.payload_asked[Index(direction)] = static_cast<std::uint16_t>(state.head[Index(direction)].size());
    find = FindInStream(view, {state.head[0], state.head[1]});
  }
  if (find.confidence == Confidence::kGuess) {
    state.payload_guess = find;
  } else if (find.known()) {
    OfferPayload(flow, state, find, ruling);
  }
}

void Worker::State::OfferPayload(FlowRecord& flow, UndecidedFlow& state, const PayloadFind& find, Ruling& ruling) {
  const AppId app = generation->apps->Find(find.app);
  if (app == AppId{}) return;
  Classification what{app, generation->apps->CategoryOf(app), find.confidence, Source::kMetadata, RuleId{}, {}};
  what.evidence.Append("payload ");
  what.evidence.Append(find.what);
  Offer(flow, state, what, ruling);
}

void Worker::State::OfferNdpi(FlowRecord& flow, UndecidedFlow& state, const NdpiVoice& voice, bool guess,
                              Ruling& ruling) {
  // What nDPI takes from ports and addresses alone our own tables say better.
  const Knowledge::Fact fact = generation->knowledge->FindNdpi(voice.application);
  if (!fact.known() || !voice.by_payload) return;
  const Confidence confidence = guess ? Confidence::kGuess : fact.confidence;
  Classification what{fact.app, generation->apps->CategoryOf(fact.app), confidence, Source::kNdpi, RuleId{}, {}};
  what.evidence.Append("ndpi ");
  if (!voice.master.empty() && voice.master != voice.application) {
    what.evidence.Append(voice.master);
    what.evidence.Append(".");
  }
  what.evidence.Append(voice.application);
  Offer(flow, state, what, ruling);
}

void Worker::State::OfferAddress(FlowRecord& flow, UndecidedFlow& state, Confidence at_least, Ruling& ruling) {
  if (flow.key.proto != kProtoTcp && flow.key.proto != kProtoUdp) return;
  if (state.named) return;  // it said where it goes, and that is none of ours
  const FlowView view = ViewOf(flow, Direction::kToServer);
  const Knowledge::Fact fact = generation->knowledge->FindAddress(view.server, view.ip_version);
  if (!fact.known() || fact.confidence < at_least) return;
  Classification what{fact.app, generation->apps->CategoryOf(fact.app), fact.confidence, Source::kAddress, RuleId{},
                      {}};
  what.evidence.Append("address ");
  what.evidence.Append(fact.pattern);
  Offer(flow, state, what, ruling);
}

// Takes a label if it outranks the flow's, or if it must be stopped: the second
// name of a connection counts as much as its first.
void Worker::State::Offer(FlowRecord& flow, UndecidedFlow& state, const Classification& candidate, Ruling& ruling) {
  const Classification before = state.what;
  if (Fuse(state.what, candidate)) {
    ruling.changed = true;
    return;
  }
  const FlowView view = ViewOf(flow, Direction::kToServer);
  const bool stops = Stops(generation->policy->Judge(candidate, view).effective());
  if (candidate.source >= Source::kMetadata && stops && !Stops(generation->policy->Judge(before, view).effective())) {
    state.what = candidate;
    ruling.changed = true;
  }
}

}  // namespace weir
