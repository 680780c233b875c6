#pragma once
#include <cstdint>

#include "dataplane/core/bytes.h"
#include "dataplane/core/packet_view.h"

namespace weir {

// Ones' complement sum of 16-bit words (RFC 1071), not folded and not inverted.
// An odd last byte is padded with zero. `sum` carries an earlier part's result.
[[nodiscard]] std::uint64_t ChecksumAdd(Bytes bytes, std::uint64_t sum = 0) noexcept;
// Folds to 16 bits, host byte order; 0xffff means "good" for data with its checksum in it.
[[nodiscard]] std::uint16_t ChecksumFold(std::uint64_t sum) noexcept;
// The sum of the pseudo header of TCP, UDP and ICMPv6 (RFC 9293 s3.1, RFC 8200 s8.1).
[[nodiscard]] std::uint64_t PseudoHeaderSum(const PacketView& view, std::uint8_t proto, std::uint32_t length) noexcept;
// CRC32c as SCTP uses it (RFC 9260 appendix A).
[[nodiscard]] std::uint32_t Crc32c(Bytes bytes, std::uint32_t crc = 0xffffffff) noexcept;

}  // namespace weir
