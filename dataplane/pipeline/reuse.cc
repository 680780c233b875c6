// A SYN on a tuple that has a flow. Whether it opens a new connection only the server
// knows: on a live one it answers with a challenge ACK (RFC 5961 s4), so a client that
// made us forget the old connection by a SYN of its choice could place the bytes of the
// live one where we read others. The old record therefore stays until the SYN/ACK.
#include "dataplane/pipeline/worker_state.h"

namespace weir {
namespace {

constexpr std::int64_t kSynLivesUs = 180'000'000;  // a client tries that long (RFC 9293 s3.8.3: R2 of a SYN)
constexpr std::int64_t kDoubtUs = 10'000'000;      // by then a server would have answered
constexpr std::uint32_t kWindow = 1u << 16;        // bytes after a SYN that could be its connection's

constexpr std::uint32_t kNear = 1u << 20;

}  // namespace

void Worker::State::NoteSyn(const Item& item) {
  FlowRecord& flow = *item.flow;
  // A late copy of the one that opened this very connection.
  const ColdFlow& c = cold[flow.cold];
  if (c.opened_by_syn && c.opened_seq == item.view.tcp_seq) return;
  cold[flow.cold].syn = {now.us, item.view.tcp_seq, item.view.tcp_wscale, DirectionOf(flow, item.reversed), true};
  flow.needs |= kNeedsReuse;
}

// Does this packet show that the noted SYN was taken? kUnconfirmed: nobody knows yet
// whether it belongs to the old connection or to a new one. A plain segment of the server
// proves nothing: it may have been under way.
Worker::State::Reuse Worker::State::ReuseOf(const Item& item) {
  FlowRecord& flow = *item.flow;
  PendingSyn& syn = cold[flow.cold].syn;
  if (!syn.open || item.view.proto != kProtoTcp) return Reuse::kNone;
  const std::uint8_t flags = item.view.tcp_flags;
  const bool from_opener = DirectionOf(flow, item.reversed) == syn.from;
  const bool answered = (flags & (kTcpSyn | kTcpAck)) == (kTcpSyn | kTcpAck) && item.view.tcp_ack == syn.seq + 1;
  if (!from_opener && answered) return Reuse::kOpens;
  // Where the server is never seen, the client's next segment has to do.
  const bool one_sided = flow.packets[Index(Opposite(syn.from))] == 0;
  if (from_opener && (flags & kTcpSyn) == 0) {
    const std::uint32_t ahead = item.view.tcp_seq - (syn.seq + 1);
    // After a drop only where the two share no number.
    const std::uint32_t apart = syn.seq + 1 - cold[flow.cold].stopped_at;
    const bool near = Stops(flow.action) && (apart < kNear || apart > UINT32_MAX - kNear);
    if (one_sided && ahead == 0 && !near) return Reuse::kOpens;
    const bool doubtful = now.us - syn.time_us < kDoubtUs && ahead < kWindow;
    if (doubtful && item.view.payload_len > 0) return Reuse::kUnconfirmed;
  }
  // The answer to another SYN than the last: the client has to ask again.
  if (!from_opener && (flags & (kTcpSyn | kTcpAck)) == (kTcpSyn | kTcpAck) && flow.undecided == Handle::kNone)
    return Reuse::kUnconfirmed;
  if (now.us - syn.time_us > kSynLivesUs) {
    syn.open = false;
    flow.needs = static_cast<std::uint8_t>(flow.needs & ~kNeedsReuse);
  }
  return Reuse::kNone;
}

// Ends the old flow and begins the new one with the SYN that was noted. False: no record.
bool Worker::State::OpenAnew(Item& item) {
  const PendingSyn syn = cold[item.flow->cold].syn;
  const bool opener_is_sender = DirectionOf(*item.flow, item.reversed) == syn.from;
  EndFlow(*item.flow, FlowEnd::kTcpReuse);
  item.flow = Create(item);
  if (item.flow == nullptr) return false;
  item.flow->client_is_high = item.reversed == opener_is_sender ? 1 : 0;
  TcpSegment segment;
  segment.seq = syn.seq;
  segment.flags = kTcpSyn;
  segment.wscale = syn.wscale;
  (void)undecided[item.flow->undecided].tcp->OnSegment(Direction::kToServer, segment, now);
  cold[item.flow->cold].opened_seq = syn.seq;
  cold[item.flow->cold].opened_by_syn = true;
  Count(item);
  return true;
}

}  // namespace weir
