// Stage 3: payload in order -> readers -> metadata, signatures, nDPI. Only while
// a flow is undecided.
#include "dataplane/pipeline/worker_state.h"

namespace weir {

Worker::State::Ruling Worker::State::Inspect(Item& item) {
  FlowRecord& flow = *item.flow;
  UndecidedFlow& state = undecided[flow.undecided];
  Ruling ruling;
  const Direction direction = DirectionOf(flow, item.reversed);
  const bool reading = (flow.needs & kNeedsInspection) != 0;
  if (reading && !state.header_matched[Index(direction)]) {
    state.header_matched[Index(direction)] = true;
    matcher->MatchHeader(ViewOf(flow, direction), matches);
    ApplyMatches(item, ruling);
    OfferAddress(flow, state, Confidence::kCertain, ruling);
  }
  if (item.view.payload_len > 0) {
    // A connection that never says a word costs neither.
    if (reading && !state.readers) {
      state.readers.emplace(settings.readers, flow.key.proto);
      if (ndpi && flow.decision == Handle::kNone) state.ndpi = ndpi->NewFlow();
    }
    if (item.view.proto != kProtoTcp) {
      ++state.packets;
      state.payload_bytes += item.view.payload_len;
    }
  }
  if (item.view.proto == kProtoTcp) {
    InspectSegment(item, state, ruling);
  } else {
    if (flow.packets[0] > 0 && flow.packets[1] > 0) flows->SetState(flow, FlowState::kEstablished, now);
    if (reading) InspectBytes(item, direction, item.view.payload(), false, ruling);
  }
  return ruling;
}

void Worker::State::InspectSegment(Item& item, UndecidedFlow& state, Ruling& ruling) {
  FlowRecord& flow = *item.flow;
  const Direction direction = DirectionOf(flow, item.reversed);
  cold[flow.cold].tcp_flags[Index(direction)] |= item.view.tcp_flags;
  ruling.receiver_expects = state.tcp->next_seq(direction);
  // A second path of Multipath TCP could bring the other half of a hello. Where it cannot be
  // had a connection goes on with its first one (RFC 8684 s3.7).
  const bool joins = item.view.tcp_joins && (item.view.tcp_flags & kTcpSyn) != 0;
  if (joins || Simulated(item.frame(), ExceptionTrigger::kMultipath)) {
    Exceed(item, ExceptionTrigger::kMultipath, DropReason::kExceptionPolicy, ruling);
    if (ruling.drop != DropReason::kNone || ruling.by_rule != Action::kPending) return;
  }
  const TcpVerdict verdict = state.tcp->OnSegment(direction, TcpSegment::From(item.view), now);
  ruling.drop = verdict.drop;
  ruling.restarts = verdict.restarts;
  if (verdict.restarts) return;
  if (verdict.other_syn) return NoteSyn(item);
  if ((verdict.drop == DropReason::kTcpBudget && !verdict.one_sided) ||
      Simulated(item.frame(), ExceptionTrigger::kTcpBudget)) {
    return Exceed(item, ExceptionTrigger::kTcpBudget, DropReason::kTcpBudget, ruling);
  }
  if (verdict.one_sided || Simulated(item.frame(), ExceptionTrigger::kOneSided)) {
    Exceed(item, ExceptionTrigger::kOneSided, DropReason::kTcpBudget, ruling);
    // Nothing is left to read: going on without an acknowledgement is to pass.
    const bool passed = (flow.needs & kNeedsInspection) == 0 && ruling.drop == DropReason::kNone;
    if (passed && ruling.by_rule == Action::kPending) ruling.by_rule = Action::kPass;
    if (ruling.drop != DropReason::kNone || ruling.by_rule != Action::kPending) return;
  }
  if (verdict.drop == DropReason::kTcpNoHandshake) {
    return Exceed(item, ExceptionTrigger::kMidstream, DropReason::kTcpNoHandshake, ruling);
  }
  if (verdict.drop != DropReason::kNone) return;
  if (verdict.clear_urgent) {
    // The urgent byte is read in-band by us, so it must be by everybody.
    FrameRef frame = item.frame();
    if (item.frames.size() > 1 || !ClearUrgent(frame, item.view, OptionsOf(frame))) {
      ruling.drop = DropReason::kTcpConflict;
      return;
    }
    ++counters.tcp_urgent_cleared;
  }
  switch (state.tcp->state()) {
    case TcpState::kEstablished:
    case TcpState::kMidstream:
      flows->SetState(flow, FlowState::kEstablished, now);
      break;
    case TcpState::kClosing:
      flows->SetState(flow, FlowState::kClosing, now);
      break;
    case TcpState::kClosed:
      flows->SetState(flow, FlowState::kClosed, now);
      break;
    default:
      break;
  }
  if ((flow.needs & kNeedsInspection) == 0) return;
  for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
    const Bytes bytes = state.tcp->Readable(d);
    if (bytes.empty()) continue;
    // What waits for a hole to be filled was read by nobody yet: it uses no patience up.
    ++state.packets;
    state.payload_bytes += bytes.size();
    InspectBytes(item, d, bytes, true, ruling);
    state.tcp->Consume(d, bytes.size());
  }
}

void Worker::State::InspectBytes(Item& item, Direction direction, Bytes bytes, bool stream, Ruling& ruling) {
  FlowRecord& flow = *item.flow;
  UndecidedFlow& state = undecided[flow.undecided];
  if (item.view.proto == kProtoTcp || item.view.proto == kProtoUdp) {
    // There is none before the first byte: a datagram may be empty.
    if (state.readers) {
      state.inspection = stream ? state.readers->OnStream(direction, bytes, state.metadata)
                                : state.readers->OnDatagram(direction, bytes, state.metadata);
    }
    if (state.inspection.proto != AppProto::kUnknown) cold[flow.cold].app_proto = state.inspection.proto;
    TakeReaderEvents(item, state.inspection, ruling);
    CountWork(item, bytes.size(), ruling);
    LearnDns(flow, state, direction);
    MatchNewFields(item, direction, ruling);
    MatchPayload(item, direction, bytes, stream);
    ApplyMatches(item, ruling);
  }
  AskPayload(item, direction, bytes, stream, ruling);
  AskNdpi(item, direction, bytes, stream, ruling);
  if (state.inspection.tx_complete) WriteProtocolEvents(flow, state, state.inspection.tx + 1);
}

void Worker::State::TakeReaderEvents(Item& item, const Inspection& inspection, Ruling& ruling) {
  for (std::size_t bit = 0; bit < counters.reader_events.size(); ++bit) {
    counters.reader_events[bit] += (inspection.events >> bit) & 1u;
  }
  const auto raised = [&](unsigned bits, ExceptionTrigger trigger) {
    if ((inspection.events & bits) == 0 && !Simulated(item.frame(), trigger)) return false;
    Exceed(item, trigger, DropReason::kExceptionPolicy, ruling);
    return true;
  };
  // A request that no reader can follow any further: what comes next has no name.
  const bool unreadable = inspection.state == ReaderState::kNoMoreNames && inspection.proto == AppProto::kHttp;
  raised(Bit(ReaderEvent::kNestingBudget) | Bit(ReaderEvent::kHelloConflict) | Bit(ReaderEvent::kHttp2Broken) |
             (unreadable ? Bit(ReaderEvent::kHttpBadRequest) : 0u),
         ExceptionTrigger::kAmbiguous);
  raised(Bit(ReaderEvent::kTlsHandshakeBudget) | Bit(ReaderEvent::kHttpHeadBudget) | Bit(ReaderEvent::kSwitchBudget),
         ExceptionTrigger::kReaderBudget);
  raised(Bit(ReaderEvent::kWorkBudget), ExceptionTrigger::kPacketWork);
  const bool stranger = raised(Bit(ReaderEvent::kQuicUnknownVersion), ExceptionTrigger::kQuicVersion);
  ruling.negotiate = stranger && settings.quic_negotiate;
}

// What a flow costs until it names something is bounded. One unit is the reading of a
// call's bytes, 64 at a time; to try a key on a QUIC Initial is 64. Bodies and messages
// in the clear cost next to nothing and have budgets of their own.
void Worker::State::CountWork(Item& item, std::size_t bytes, Ruling& ruling) {
  constexpr std::uint64_t kBytes = 64;
  constexpr std::uint64_t kOpen = 64;
  UndecidedFlow& state = undecided[item.flow->undecided];
  const AppProto proto = state.inspection.proto;
  const bool reads_all =
      proto == AppProto::kUnknown || proto == AppProto::kTls || proto == AppProto::kQuic || proto == AppProto::kDtls;
  if (state.inspection.tx_complete) state.work = 0;
  state.work += std::uint64_t{state.inspection.opens} * kOpen + (reads_all ? 1 + bytes / kBytes : 0);
  if (state.work <= settings.flow_work && !Simulated(item.frame(), ExceptionTrigger::kFlowWork)) return;
  state.work = 0;
  Exceed(item, ExceptionTrigger::kFlowWork, DropReason::kExceptionPolicy, ruling);
}

void Worker::State::AskNdpi(Item& item, Direction direction, Bytes bytes, bool stream, Ruling& ruling) {
  FlowRecord& flow = *item.flow;
  UndecidedFlow& state = undecided[flow.undecided];
  if (!state.NdpiMaySpeak()) state.ndpi.reset();
  // What a detector of ours named nDPI goes on hearing: it finds tinc's data by its connection.
  const bool heard = state.what.source < Source::kMetadata || state.DetectorsMayAsk();
  if (!state.ndpi || bytes.empty() || !heard) return;
  FlowView view = ViewOf(flow, direction);
  ++state.ndpi_packets;
  state.ndpi_bytes += static_cast<std::uint32_t>(bytes.size());
  const NdpiVoice voice =
      stream ? ndpi->FeedStream(*state.ndpi, view, bytes) : ndpi->FeedPacket(*state.ndpi, view, item.view.l3());
  if (!voice.application.empty()) OfferNdpi(flow, state, voice, false, ruling);
  if (voice.done || state.ndpi_packets >= settings.ndpi_max_packets) {
    if (!voice.done) OfferNdpi(flow, state, ndpi->GiveUp(*state.ndpi, true), true, ruling);
    state.ndpi.reset();
  }
}

}  // namespace weir
