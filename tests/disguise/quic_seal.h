#pragma once
#include "tests/support/packet_builder.h"

namespace weir::test {

// A client's Initial packet (RFC 9001 s5, RFC 9369) with a one-byte packet number, sealed with the keys of `dcid`.
[[nodiscard]] Octets SealedInitial(std::uint32_t version, const Octets& dcid, std::uint8_t number,
                                   const Octets& frames);

}  // namespace weir::test
