#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/core/drop_reason.h"
#include "dataplane/core/frame.h"
#include "dataplane/core/packet_view.h"

namespace weir {

struct DefragLimits {
  std::uint32_t datagrams = 4096;       // being collected at once
  std::uint32_t per_source = 256;       // of one source address
  std::uint32_t fragments_each = 8192;  // a 64 KiB datagram in 8-byte pieces
  std::uint64_t bytes = 32u << 20;      // held frames and what is kept of each, altogether
  bool copy_held = false;               // held frames are copied, so that none of a pool is pinned
  std::uint32_t timeout_ms = 30'000;
};

struct DroppedFrame {
  FrameRef frame;
  DropReason reason;
};

// Puts IPv4 and IPv6 fragments together. Frames are held until their datagram is
// whole; then they go on together, as they came, and the inspected datagram is a
// copy without fragment headers. Overlapping fragments of one datagram drop all
// of it (RFC 5722); an exact duplicate is dropped alone. Too small first
// fragments and offset-1 TCP fragments are dropped (RFC 1858, RFC 3128).
// VLAN and VNI are part of the identity. One thread; may allocate, within the limits.
class Defragmenter {
 public:
  explicit Defragmenter(const DefragLimits& limits, std::uint64_t seed = 0);
  ~Defragmenter();

  struct Outcome {
    bool complete = false;
    bool over_budget = false;  // not taken: `frame` is still the caller's, and nothing else changed
    bool copied = false;       // taken as a copy: `frame` is the caller's again
    // Valid until the next call, if complete: the datagram from its IP header on
    // (lengths mended, fragment fields cleared, IPv4 header checksum recomputed,
    // IPv6 fragment header taken out), and the frames it came in, in arrival order.
    Bytes datagram;
    std::span<const FrameRef> frames;
  };

  // Takes the frame over unless told otherwise: it is held, or handed out by `Outcome.frames`, or put
  // into `dropped` (this call may drop frames held earlier too).
  Outcome Add(const FrameRef& frame, const PacketView& view, std::vector<DroppedFrame>& dropped);

  // Gives up what was begun first, of this source if that is what has too many, so that
  // one more datagram or fragment fits.
  void MakeRoom(const PacketView& view, std::vector<DroppedFrame>& dropped);

  // Gives up datagrams older than the timeout. Call about once a second.
  void Expire(Timestamp now, std::vector<DroppedFrame>& dropped);
  // Gives up everything held, with kShutdown.
  void Flush(std::vector<DroppedFrame>& dropped);

  [[nodiscard]] std::size_t held_frames() const noexcept;
  [[nodiscard]] std::size_t held_bytes() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
