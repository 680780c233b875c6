#pragma once
#include <cstdint>
#include <unordered_map>

#include "dataplane/core/frame.h"

namespace weir {

// Tells frames of a capture whose checksums were never finished, or were finished
// before somebody rewrote the addresses, from frames that arrived broken. Both kinds
// were whole on the wire, as far as their own bytes can prove it (docs/decisions/008):
//
//   offloaded   TCP's or UDP's field holds exactly the sum of the pseudo header, which is
//               what a host leaves for its NIC to finish; the IPv4 header's may be zero
//   rewritten   the IPv4 header is wrong by exactly the amount by which TCP or UDP is:
//               only what both sums cover was changed, and that is the addresses
//
// What a sender's first frame of a flow was stands for all that follow: in a flow that
// began with good sums, such a frame is a broken one. Fragments and what has no sum of
// its own are believed where their two hosts were found to be rewritten before.
//
// For captures only. On a wire nobody takes such frames, and neither do we.
// Source: RFC 1071, RFC 1624 (sums are linear); Linux Documentation/networking/checksum-offloads.
class UnfinishedSums {
 public:
  // True if the frame's sums are to be taken for good. Call for every frame, in order.
  // Frames with good sums, and broken ones, are false.
  [[nodiscard]] bool Vouches(Bytes frame, LinkType link);

 private:
  enum class First : std::uint8_t { kNothing, kFinished, kUnfinished };
  struct Known {
    First first = First::kNothing;
    std::uint16_t error = 0;  // of the IPv4 header, modulo 65535
  };
  static constexpr std::size_t kMaxKnown = 1u << 20;  // beyond it nobody new is believed
  Known* Find(std::uint64_t key);

  std::unordered_map<std::uint64_t, Known> known_;
};

}  // namespace weir
