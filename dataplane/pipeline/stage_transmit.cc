// Stage 5: verdict -> forward | forward + mirror | drop(reason) | reject.
#include "classifiers/metadata/quic_reader.h"
#include "dataplane/pipeline/worker_state.h"

namespace weir {

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

void Worker::State::Inject(const Item& item, std::vector<std::byte> bytes, bool back, BurstOutput& out) {
  if (bytes.empty()) return;
  ++counters.injected_packets;
  out.injected.push_back({std::move(bytes), item.frame().in_port, back, item.frame().link, item.frame().time});
}

void Worker::State::Reject(const Item& item, std::uint32_t receiver_expects, BurstOutput& out) {
  const PacketView& view = item.view;
  if (view.proto != kProtoTcp) return Inject(item, CraftProhibited(item.frame(), view), true, out);
  // Each side gets exactly the sequence number it expects next (RFC 5961 s3.2).
  const std::uint32_t seen = view.tcp_seq + view.payload_len + ((view.tcp_flags & (kTcpSyn | kTcpFin)) != 0 ? 1 : 0);
  Inject(item, CraftTcpReset(item.frame(), view, true, view.tcp_ack, seen), true, out);
  Inject(item, CraftTcpReset(item.frame(), view, false, receiver_expects, view.tcp_ack), false, out);
}

// The packet of a version that cannot be read never arrives; its sender may try another.
void Worker::State::Negotiate(const Item& item, BurstOutput& out) {
  const std::vector<std::byte> answer = QuicReader::NegotiateVersion(item.view.payload());
  if (!answer.empty()) Inject(item, CraftUdpAnswer(item.frame(), item.view, answer), true, out);
  WriteAlerts(item, true);
  Emit(item, DropReason::kExceptionPolicy, out);
}

}  // namespace weir
