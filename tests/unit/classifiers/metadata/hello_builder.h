#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/packet_builder.h"

namespace weir::test {

inline Octets Sized(std::size_t length_bytes, const Octets& content) {
  Octets out(length_bytes);
  for (std::size_t i = 0; i < length_bytes; ++i)
    out[length_bytes - 1 - i] = static_cast<std::byte>(content.size() >> (8 * i));
  return out + content;
}

inline Octets Extension(std::uint16_t type, const Octets& content) { return Be16({type}) + Sized(2, content); }
inline Octets ServerName(std::string_view name) { return Extension(0, Sized(2, Hex("00") + Sized(2, Text(name)))); }
inline Octets Alpn(std::string_view protocol) { return Extension(16, Sized(2, Sized(1, Text(protocol)))); }

// A ClientHello message with its handshake header.
inline Octets ClientHelloMessage(const Octets& extensions) {
  const Octets body =
      Hex("0303") + Octets(32, std::byte{7}) + Hex("00") + Hex("0002 1301") + Hex("0100") + Sized(2, extensions);
  return Hex("01") + Sized(3, body);
}
inline Octets ServerHelloMessage(const Octets& random, const Octets& extensions) {
  return Hex("02") + Sized(3, Hex("0303") + random + Hex("00 1301 00") + Sized(2, extensions));
}

// Handshake bytes in TLS records of at most `size` bytes.
inline Octets Records(const Octets& message, std::size_t size = 16384, std::uint8_t type = 22) {
  Octets out;
  for (std::size_t at = 0; at < message.size(); at += size) {
    const Octets part(message.begin() + static_cast<std::ptrdiff_t>(at),
                      message.begin() + static_cast<std::ptrdiff_t>(std::min(message.size(), at + size)));
    out = out + Octets{static_cast<std::byte>(type)} + Hex("0301") + Sized(2, part);
  }
  return out;
}

}  // namespace weir::test
