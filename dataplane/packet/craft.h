#pragma once
#include <cstdint>
#include <vector>

#include "dataplane/core/frame.h"
#include "dataplane/core/packet_view.h"
#include "dataplane/packet/parser.h"

namespace weir {

// The frames that a reject sends. Each answers or continues one parsed packet:
// link header, tags and addresses are taken from it (`from_peer` swaps both
// sides). Frames that are not Ethernet give the same link type back.
// Result: the whole frame, or empty where the packet's shape cannot be answered
// (multicast, no room for an outer header of a tunnel).

// A RST with exactly `seq` (what the receiver expects, RFC 5961 s3) and ACK `ack`.
[[nodiscard]] std::vector<std::byte> CraftTcpReset(const FrameRef& frame, const PacketView& view, bool to_sender,
                                                   std::uint32_t seq, std::uint32_t ack);
// ICMP type 3 code 13 / ICMPv6 type 1 code 1 (administratively prohibited) to the
// sender, quoting as much as RFC 1812 s4.3.2.3 and RFC 4443 s3.1 want.
[[nodiscard]] std::vector<std::byte> CraftProhibited(const FrameRef& frame, const PacketView& view);

// A UDP datagram of `payload` to the sender, from the port it wrote to.
[[nodiscard]] std::vector<std::byte> CraftUdpAnswer(const FrameRef& frame, const PacketView& view, Bytes payload);

// Clears URG and the urgent pointer of a TCP packet in place and mends the
// checksum incrementally (RFC 1624). `options` are those that `view` was parsed with. False: what
// was changed is also part of another header, and now the frame reads as another packet, which nobody
// has judged; it must not leave.
[[nodiscard]] bool ClearUrgent(FrameRef& frame, const PacketView& view, const ParseOptions& options) noexcept;

}  // namespace weir
