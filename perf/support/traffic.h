#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "dataplane/core/frame.h"
#include "tests/support/packet_builder.h"

namespace weir::perf {

// One frame of a pattern that is stamped for many flows: whole, with right
// checksums, for addresses 10.0.0.0 - 192.0.2.9 (or their IPv6 kin) and port 40000.
struct Pattern {
  std::vector<std::byte> bytes;
  bool to_server = true;
  bool ipv6 = false;
  bool udp = false;
  std::size_t unique_at = 0;  // even; stamping fills eight bytes there that no other flow has; 0: none
};

// A short TLS connection: SYN, SYN/ACK, ACK, hello (517 bytes), server's flight of
// two segments, `turns` data segments each way, FIN each way and the last ACK: 9 + 2 turns frames.
[[nodiscard]] std::vector<Pattern> TlsConnection(bool ipv6, std::string_view server_name, unsigned turns = 1);

// What both sides say in a TLS connection: whole records.
struct TlsTalk {
  test::Octets hello, flight;               // the flight goes out in two segments
  test::Octets client_first, server_first;  // the first turn
  test::Octets client_data, server_data;    // each further turn
};
// Of the hello's random, eight bytes are the flow's own. Frames as of TlsConnection.
[[nodiscard]] std::vector<Pattern> TlsConnectionOf(bool ipv6, const TlsTalk& talk, unsigned turns);

// The same around the records of a hello that is given. Of a hello's random, eight bytes are the flow's own.
[[nodiscard]] std::vector<Pattern> TlsConnectionWith(bool ipv6, const test::Octets& hello, unsigned turns = 1);
// Frames 0 to 3 of it, the hello once more, a reset: a client that nobody answers.
[[nodiscard]] std::vector<Pattern> TlsUnanswered(bool ipv6, const test::Octets& hello);

// A datagram between the same hosts as above; the server's port is 443.
[[nodiscard]] Pattern Datagram(bool ipv6, bool to_server, const test::Octets& payload);

// The same frame of a connection whose two sequence numbers began `further` on.
[[nodiscard]] Pattern Renumbered(Pattern pattern, std::uint32_t further);

// One full data segment each way, of `payload` bytes, as in the middle of a connection.
[[nodiscard]] std::vector<Pattern> Established(bool ipv6, std::size_t payload);

// Frames in buffers that are used again and again: a pattern copied, the client's
// address and port set to those of flow number `flow`, checksums mended (RFC 1624).
class Stamper {
 public:
  // Into a buffer of the caller's, of pattern.bytes.size() bytes at least.
  static void StampInto(std::byte* frame, const Pattern& pattern, std::uint32_t flow) noexcept;
  explicit Stamper(std::size_t buffers);
  [[nodiscard]] FrameRef Stamp(std::size_t buffer, const Pattern& pattern, std::uint32_t flow, Timestamp now) noexcept;

 private:
  static constexpr std::size_t kRoom = 2048;
  std::vector<std::byte> room_;
};

}  // namespace weir::perf
