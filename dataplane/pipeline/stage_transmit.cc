// Stage 5: verdict -> forward | forward + mirror | drop(reason) | reject.
#include "dataplane/pipeline/worker_state.h"

namespace weir {

void Worker::State::Forward(const FrameRef& frame, BurstOutput& out) {
  ++counters.forwarded_packets;
  counters.forwarded_bytes += frame.len;
  out.forward.push_back(frame);
}

void Worker::State::Drop(const FrameRef& frame, DropReason reason, BurstOutput& out) {
  ++counters.dropped_packets[static_cast<std::size_t>(reason)];
  counters.dropped_bytes[static_cast<std::size_t>(reason)] += frame.len;
  out.dropped.push_back({frame, reason});
}

void Worker::State::Emit(const Item& item, DropReason drop, BurstOutput& out) {
  const bool pending = settings.mirror_pending && item.flow != nullptr && item.flow->decision == Handle::kNone;
  const bool mirror = pending || (item.flow != nullptr && item.flow->mirror != 0);
  for (const FrameRef& frame : item.frames) {
    if (drop == DropReason::kNone) {
      Forward(frame, out);
    } else {
      Drop(frame, drop, out);
    }
    if (mirror) out.mirror.push_back(frame);
  }
  if (drop != DropReason::kNone && item.flow != nullptr) WriteDrop(item, drop);
}

void Worker::State::Reject(const Item& item, std::uint32_t receiver_expects, BurstOutput& out) {
  const PacketView& view = item.view;
  const auto inject = [&](std::vector<std::byte> bytes, bool back) {
    if (bytes.empty()) return;
    ++counters.injected_packets;
    out.injected.push_back({std::move(bytes), item.frame().in_port, back, item.frame().link, item.frame().time});
  };
  if (view.proto != kProtoTcp) return inject(CraftProhibited(item.frame(), view), true);
  // Each side gets exactly the sequence number it expects next (RFC 5961 s3.2).
  const std::uint32_t seen = view.tcp_seq + view.payload_len + ((view.tcp_flags & (kTcpSyn | kTcpFin)) != 0 ? 1 : 0);
  inject(CraftTcpReset(item.frame(), view, true, view.tcp_ack, seen), true);
  inject(CraftTcpReset(item.frame(), view, false, receiver_expects, view.tcp_ack), false);
}

}  // namespace weir
