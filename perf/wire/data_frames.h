#pragma once
#include <array>

#include "perf/support/traffic.h"

namespace weir::perf {

// Of an established TLS connection, to the server and to the client, `size` bytes with FCS: an application data record
// (RFC 8446 s5.2) that fills the segment, or where there is no room for one an acknowledgement, with the rest behind
// the datagram (at 64 bytes of IPv4 the padding of Ethernet). Sequence and acknowledgement are 0. At least 6 bytes are
// behind the headers, and the last 6 of all such frames are the same.
[[nodiscard]] std::array<Pattern, 2> DataFrames(bool ipv6, std::uint32_t size);

}  // namespace weir::perf
