#pragma once
#include <span>

#include "dataplane/core/frame.h"

namespace weir::test {

// Makes the checksums of a frame right again after a change: the IPv4 header's and that of
// TCP, UDP or ICMP of the innermost packet that the parser finds. A frame that does not
// parse, and a fragment's transport, stay as they are.
void MendChecksums(std::span<std::byte> frame, LinkType link);

}  // namespace weir::test
