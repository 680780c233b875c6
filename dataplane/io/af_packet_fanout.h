#pragma once

namespace weir {

// DPDK 22.11's AF_PACKET driver puts each of its sockets in a fanout group with
// PACKET_FANOUT_FLAG_DEFRAG: the kernel then reassembles IPv4 fragments before the
// driver sees them. The whole datagram is longer than the outgoing link takes, so
// no fragmented datagram passes, overlaps are resolved by the kernel's reading and
// not refused, and a frame whose damaged header only looks like a fragment vanishes
// without a counter. The driver has no argument for it.
//
// After this call any PACKET_FANOUT request of this process goes to the kernel
// without that flag (this file defines the process's setsockopt()); every other
// request as it was. Before rte_eal_init; thread-safe.
// Source: packet(7), PACKET_FANOUT.
void KeepFragmentsApart() noexcept;

}  // namespace weir
