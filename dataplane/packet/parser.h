#pragma once
#include "dataplane/core/drop_reason.h"
#include "dataplane/core/frame.h"
#include "dataplane/core/packet_view.h"

namespace weir {

struct ParseOptions {
  bool verify_checksums = true;  // IPv4 header, TCP, UDP, ICMP, SCTP; `-k none` switches it off
  bool unfinished_sums = true;   // captures only: sums that a NIC had yet to finish count as good (unfinished_sums.h)
  bool peel_tunnels = true;      // GRE, ERSPAN, VXLAN, Geneve, GTP-U, IP-in-IP, Teredo
};

// Nested headers (tags, labels, IP headers, tunnels) that are peeled at most.
inline constexpr int kMaxLayers = 16;

// Walks the headers of one frame and records where the innermost packet's layers
// start.
//
//   bytes   the whole frame, contiguous, FCS stripped. Borrowed: `view` points
//           into it and dies with it.
//   view    written in full on every return. Not IP (ARP, LLDP, 802.3, ...):
//           ip_version is 0 and the result kNone. A fragment: is_fragment, no
//           ports, payload = what follows the IP header (and, v6, the fragment
//           header); its checksum is not looked at.
//
// Returns kNone, or the first defect met: kTruncated, kBadLength, kBadVersion,
// kTooManyLayers, kBadIpChecksum, kBadL4Checksum, kTcpBadFlags. A tunnel whose
// inside does not parse is no defect: the view then describes the outer packet.
// Never reads past `bytes`. Allocates nothing, does not throw.
//
// Source: IEEE 802.1Q-2022, RFC 3032, RFC 2516, RFC 791, RFC 8200 s4, RFC 2784,
// RFC 2890, RFC 7348, RFC 8926, 3GPP TS 29.281, RFC 4213, RFC 4380, RFC 9293, RFC 768.
[[nodiscard]] inline DropReason Parse(Bytes bytes, LinkType link, const ParseOptions& options,
                                      PacketView& view) noexcept;

// The same result by the walk alone, without the short cut for common shapes: for tests to hold beside Parse.
[[nodiscard]] DropReason ParseWalking(Bytes bytes, LinkType link, const ParseOptions& options,
                                      PacketView& view) noexcept;

// The short cut. true: the frame is of a common shape, nothing is wrong with it, and `view` says what the walk would
// say. false: the walk decides, `view` is not to be looked at.
[[nodiscard]] bool ReadCommonShape(Bytes frame, const ParseOptions& options, PacketView& view) noexcept;

inline DropReason Parse(Bytes bytes, LinkType link, const ParseOptions& options, PacketView& view) noexcept {
  if (link == LinkType::kEthernet && ReadCommonShape(bytes, options, view)) [[likely]]
    return DropReason::kNone;
  return ParseWalking(bytes, link, options, view);
}

// Parses from an IP header on (defragmented datagrams). Same contract.
[[nodiscard]] DropReason ParseIp(Bytes datagram, const ParseOptions& options, PacketView& view) noexcept;

}  // namespace weir
