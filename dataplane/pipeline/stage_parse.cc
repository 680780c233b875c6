// Stage 1: frame -> PacketView | drop reason. Fragments go to the defragmenter
// and come back whole or not at all.
#include <algorithm>

#include "dataplane/pipeline/worker_state.h"

namespace weir {

void Worker::State::ParseBurst(std::span<const FrameRef> frames, BurstOutput& out) {
  constexpr std::size_t kAhead = 4;
  counters.rx_packets += frames.size();
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (i + kAhead < frames.size()) __builtin_prefetch(frames[i + kAhead].data);
    ParseOne(frames[i], out);
  }
  RunBatch(out);
}

void Worker::State::ParseOne(const FrameRef& frame, BurstOutput& out) {
  counters.rx_bytes += frame.len;
  Item& item = batch.Add();
  const DropReason defect = Parse(frame.bytes(), frame.link, OptionsOf(frame), item.view);
  const bool whole = item.view.ip_version != 0 && !item.view.is_fragment;
  if (defect != DropReason::kNone || !whole) [[unlikely]]
    return ParseOther(frame, defect, out);
  item.frames = {&frame, 1};
  BeginLookup(item);
}

// The frame whose view is the batch's last: of no use as it is, a fragment, or not IP.
void Worker::State::ParseOther(const FrameRef& frame, DropReason defect, BurstOutput& out) {
  const PacketView view = batch.RemoveLast().view;
  if (defect == DropReason::kNone && view.ip_version != 0) return Reassemble(frame, view, out);
  RunBatch(out);  // keep the order of frames
  const bool forward = defect == DropReason::kNone ? settings.forward_non_ip : settings.forward_malformed;
  if (forward) return Forward(frame, out);
  Drop(frame, defect == DropReason::kNone ? DropReason::kNonIp : defect, out);
}

void Worker::State::Reassemble(const FrameRef& frame, const PacketView& view, BurstOutput& out) {
  RunBatch(out);
  Defragmenter::Outcome outcome;
  outcome.over_budget = Simulated(frame, ExceptionTrigger::kFragmentBudget);
  if (!outcome.over_budget) outcome = defrag->Add(frame, view, defrag_dropped);
  if (outcome.over_budget) {
    const ExceptionAction action = settings.exceptions[ExceptionTrigger::kFragmentBudget];
    CountWithoutFlow(frame, view, ExceptionTrigger::kFragmentBudget);
    if (action == ExceptionAction::kIgnore) {
      defrag->MakeRoom(view, defrag_dropped);
      outcome = defrag->Add(frame, view, defrag_dropped);
    }
    TakeDefragDropped(out);
    if (outcome.over_budget) {
      const bool passes = action == ExceptionAction::kPassPacket || action == ExceptionAction::kPassFlow ||
                          action == ExceptionAction::kBypass;
      return passes ? Forward(frame, out) : Drop(frame, DropReason::kFragmentBudget, out);
    }
  }
  TakeDefragDropped(out);
  if (outcome.copied) out.released.push_back(frame);
  if (!outcome.complete) return;
  Item& item = batch.Add();
  item.frames = outcome.frames;
  const bool vouched =
      std::all_of(outcome.frames.begin(), outcome.frames.end(), [](const FrameRef& held) { return held.sums_vouched; });
  ParseOptions options = settings.parse;
  options.verify_checksums = options.verify_checksums && !vouched;
  DropReason defect = ParseIp(outcome.datagram, options, item.view);
  // A fragment inside what fragments carried: nobody sends that in good faith.
  if (defect == DropReason::kNone && item.view.is_fragment) defect = DropReason::kFragmentBad;
  if (defect != DropReason::kNone) {
    batch.Clear();
    for (const FrameRef& held : outcome.frames) Drop(held, defect, out);
    return;
  }
  item.view.vlan = view.vlan;
  item.view.vlan_count = view.vlan_count;
  if (item.view.vni == 0) item.view.vni = view.vni;
  BeginLookup(item);
  RunBatch(out);
}

void Worker::State::TakeDefragDropped(BurstOutput& out) {
  for (const DroppedFrame& dropped : defrag_dropped) Drop(dropped.frame, dropped.reason, out);
  defrag_dropped.clear();
  counters.held_packets = defrag->held_frames();
}

}  // namespace weir
