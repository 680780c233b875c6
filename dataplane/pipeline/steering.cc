#include "dataplane/pipeline/steering.h"

#include "dataplane/pipeline/owner.h"

namespace weir {

bool Steering::Deal(const FrameRef& frame, std::vector<Dealt>& out) {
  PacketView view;
  if (workers_ <= 1) {
    out.push_back({frame, 0});
    return false;
  }
  ParseOptions lenient = parse_;
  lenient.verify_checksums = false;
  const bool readable = Parse(frame.bytes(), frame.link, lenient, view) == DropReason::kNone && view.ip_version != 0;
  if (!readable || !view.is_fragment) {
    out.push_back({frame, readable ? OwnerOf(view, workers_) : 0, view.src_port == kDnsPort});
    return false;
  }
  const Defragmenter::Outcome outcome = defrag_.Add(frame, view, dropped_);
  GiveUp(out);
  if (outcome.over_budget) out.push_back({frame, OwnerOf(view, workers_)});
  if (!outcome.complete) return outcome.copied;
  PacketView whole;
  const bool inner = ParseIp(outcome.datagram, lenient, whole) == DropReason::kNone && whole.ip_version != 0;
  const bool resolves = inner && whole.src_port == kDnsPort;
  for (const FrameRef& held : outcome.frames) out.push_back({held, OwnerOf(inner ? whole : view, workers_), resolves});
  return false;
}

void Steering::Expire(Timestamp now, std::vector<Dealt>& out) {
  defrag_.Expire(now, dropped_);
  GiveUp(out);
}

void Steering::Flush(std::vector<Dealt>& out) {
  defrag_.Flush(dropped_);
  GiveUp(out);
}

void Steering::GiveUp(std::vector<Dealt>& out) {
  for (const DroppedFrame& dropped : dropped_) out.push_back({dropped.frame, OwnerOf(dropped.frame, parse_, workers_)});
  dropped_.clear();
}

}  // namespace weir
