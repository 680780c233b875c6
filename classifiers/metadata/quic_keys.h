#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "dataplane/core/bytes.h"

namespace weir {

// What differs between QUIC versions for an Initial packet.
struct QuicVersion {
  std::uint32_t number;
  std::array<std::uint8_t, 20> salt;  // RFC 9001 s5.2, RFC 9369 s3.3.1, the drafts' s5.2
  bool v2_labels;                     // RFC 9369 s3.3.2: "quicv2 key" and so on
  bool v2_types;                      // RFC 9369 s3.2: packet type bits rotated
};
[[nodiscard]] const QuicVersion* FindQuicVersion(std::uint32_t number) noexcept;  // nullptr: not known

struct QuicInitialKeys {
  std::array<std::uint8_t, 16> key{};
  std::array<std::uint8_t, 12> iv{};
  std::array<std::uint8_t, 16> header{};
};
// The client's Initial keys for the Destination Connection ID of its first flight.
[[nodiscard]] QuicInitialKeys ClientInitialKeys(const QuicVersion& version, Bytes dcid) noexcept;

// Takes header protection and AEAD off one Initial packet (RFC 9001 s5.3-5.4).
//   packet     from its first byte to the end of its Length field's extent
//   number_at  offset of the packet number
//   plain      room for packet.size() bytes
//   number     in: the packet number expected next, from which the truncated one
//              is completed (RFC 9000 appendix A.3); out: the packet's own
// Returns the frames, a part of `plain`; empty if it does not authenticate.
[[nodiscard]] std::span<std::byte> OpenInitial(const QuicInitialKeys& keys, Bytes packet, std::size_t number_at,
                                               std::span<std::byte> plain, std::uint64_t& number) noexcept;

}  // namespace weir
