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
  std::uint32_t out_of_order_bytes = 256 * 1024;  // held a direction
  std::uint32_t out_of_order_segments = 4096;     // held a direction, after merging neighbours
  std::uint32_t retained_bytes = 256 * 1024;      // in-order bytes kept until acknowledged, a direction
  std::uint32_t one_sided_bytes = 512 * 1024;     // beyond a pass, where the peer was never seen
  bool midstream = true;                          // pick up connections whose handshake was not seen
  bool one_sided = true;                          // go on where the peer was never seen and a budget ends
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
  Bytes data;
  static TcpSegment From(const PacketView& view) noexcept;
};

enum class TcpState : std::uint8_t { kNew, kSynSent, kSynReceived, kEstablished, kClosing, kClosed, kMidstream };

// What is to be done with a segment.
struct TcpVerdict {
  DropReason drop = DropReason::kNone;  // other than kNone: the frame must not leave
  bool clear_urgent = false;  // forward it with URG cleared (and the checksum mended): its data is read in-band
  bool other_syn = false;     // a SYN of another connection on this tuple: it passes without effect on this one
  bool over_budget = false;   // drop is kTcpBudget: the exception policy decides about the flow
  bool one_sided = false;     // a budget ended that only an acknowledgement frees, and the peer was never seen
};

// The inline stream engine of one undecided TCP flow (design.md s3): both
// directions, in any arrival order, so that what it reads is what any end host
// would read of the frames that were let through.
//
//  * First wins: a byte that was forwarded and is not yet acknowledged is kept
//    (or held out of order); a later segment with other bytes there is dropped
//    (kTcpConflict). Equal bytes are forwarded again.
//  * Data on SYN is stream. Two SYNs with different ISNs are both followed until
//    an ACK picks one; a SYN on a connection that was answered is another's
//    (`other_syn`), which begins with its SYN/ACK (RFC 9293 s3.10.7.4, RFC 5961 s4).
//    RST and FIN end nothing before the peer's ACK shows that the end host took them.
//  * Segments out of the receiver's window or with a stale timestamp are dropped.
//    Before the receiver's window is known (one-sided traffic, midstream) a
//    generous bound (1 MiB) stands in for it.
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

  // What was consumed so far is passed: bytes behind it are neither read nor kept, those
  // before it are still compared until the peer acknowledged them.
  void Freeze();
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
