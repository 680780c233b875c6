#pragma once
#include <cstdint>
#include <memory>

#include "dataplane/core/bytes.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/drop_reason.h"
#include "dataplane/core/flow_key.h"
#include "dataplane/core/packet_view.h"

namespace weir {

struct TcpLimits {
  std::uint32_t out_of_order_bytes = 256 * 1024;  // held a direction, 96 bytes a piece included
  std::uint32_t out_of_order_segments = 4096;     // held a direction, after merging neighbours
  std::uint32_t retained_bytes = 256 * 1024;      // in-order bytes kept until acknowledged, a direction
  bool one_sided = true;                          // go on where the peer was never seen and a budget ends
  bool midstream = true;                          // pick up connections whose handshake was not seen
};

struct TcpSegment {
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint16_t window = 0;    // unscaled
  std::uint8_t flags = 0;      // kTcp*
  std::uint8_t wscale = 0xff;  // 0xff: option absent
  bool has_ts = false;
  std::uint32_t tsval = 0;
  std::uint16_t urgent = 0;
  Bytes data{};
  static TcpSegment From(const PacketView& view) noexcept;
};

enum class TcpState : std::uint8_t { kNew, kSynSent, kSynReceived, kEstablished, kClosing, kClosed, kMidstream };

// What is to be done with a segment.
struct TcpVerdict {
  DropReason drop = DropReason::kNone;  // other than kNone: the frame must not leave
  bool clear_urgent = false;  // forward it with URG cleared (and the checksum mended): its data is read in-band
  bool restarts =
      false;  // a SYN that opens a new connection on this tuple: end this flow, make a new one, offer the segment to it
  bool other_syn = false;    // a SYN of another connection on this tuple: without effect on this one unless answered
  bool one_sided = false;    // a budget ended that only an acknowledgement frees, and the peer was never seen
  bool over_budget = false;  // drop is kTcpBudget: the exception policy decides about the flow
};

// The inline stream engine of one undecided TCP flow (design.md s3): both
// directions, in any arrival order, so that what it reads is what any end host
// would read of the frames that were let through.
//
//  * First wins: a byte that was forwarded and is not yet acknowledged is kept
//    (or held out of order); a later segment with other bytes there is dropped
//    (kTcpConflict). Equal bytes are forwarded again.
//    Only a keep-alive's byte may differ, where the peer acknowledged another.
//  * Data on SYN is stream. Two SYNs (or SYN/ACKs) with different ISNs are both
//    followed until an ACK picks one. A later SYN passes without effect; if the peer
//    answers it, the connection restarts. RST and FIN end nothing: a side is done
//    when it sent a RST itself or its FIN was acknowledged.
//  * New bytes out of the receiver's window, with a stale timestamp or with an
//    acknowledgement far from anything sent are dropped: no host takes them. Before
//    the receiver's window is known (one-sided traffic, midstream) a generous bound
//    (1 MiB) stands in for it.
//  * Of one-sided traffic the last `retained_bytes` are guarded.
//  * URG data is read in-band.
//
// Never throws except std::bad_alloc; memory is bounded by TcpLimits. One thread.
// Sources: RFC 9293 s3.5-3.10, RFC 7323 s5, RFC 5961, RFC 7413; Ptacek and Newsham 1998.
class TcpConnection {
 public:
  explicit TcpConnection(const TcpLimits& limits);
  ~TcpConnection();
  TcpConnection(TcpConnection&&) noexcept;
  TcpConnection& operator=(TcpConnection&&) noexcept;

  // `direction`: who sent it, kToServer = the side that opened the flow.
  TcpVerdict OnSegment(Direction direction, const TcpSegment& segment, Timestamp now);

  // The bytes of a direction that are in order and not consumed yet. Valid until
  // the next OnSegment.
  [[nodiscard]] Bytes Readable(Direction direction) const noexcept;
  void Consume(Direction direction, std::size_t n) noexcept;

  // Before the first segment, for a connection on a tuple whose older one may still live
  // at the server: no data of the client goes before a SYN/ACK answers exactly its SYN.
  void RequireAnswer() noexcept;
  // The flow is judged: from now on no byte is added, but those consumed are still
  // guarded until they are settled. Gives back what was held beyond them.
  void StopReading() noexcept;

  // Gives back what only later conflicts need: acknowledged bytes that are still kept.
  void Trim();

  // True when the peer has acknowledged all bytes consumed so far (or there are
  // none): nothing sent later can put other bytes in their place.
  [[nodiscard]] bool Settled(Direction direction) const noexcept;
  // Bytes consumed of that direction since its start.
  [[nodiscard]] std::uint64_t consumed(Direction direction) const noexcept;
  // Next sequence number the receiver of that direction expects (for RSTs, RFC 5961).
  [[nodiscard]] std::uint32_t next_seq(Direction direction) const noexcept;
  // Highest acknowledgement number the receiver of that direction has sent; 0 if none.
  [[nodiscard]] std::uint32_t highest_ack(Direction direction) const noexcept;
  // Bytes of that direction are held that are not in order yet.
  [[nodiscard]] bool holding(Direction direction) const noexcept;
  [[nodiscard]] TcpState state() const noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
