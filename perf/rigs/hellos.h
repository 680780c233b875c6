#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/packet_builder.h"

namespace weir::perf {

// A server's name, and whether the shipped policy bars it.
struct Name {
  std::string text;
  bool barred = false;
};
// `count` names that differ, one in five barred.
[[nodiscard]] std::vector<Name> MakeNames(std::size_t count);

// Hellos shaped as browsers', RFC 8446: their cipher suites, groups, extensions; a GREASE value
// and an order of extensions by `seed` where the browser does so.
enum class Shape : std::uint8_t { kChrome, kFirefox };
// TLS over TCP: one record of 517 bytes, whatever the name; the random is 0.
[[nodiscard]] test::Octets TlsHello(Shape shape, const std::string& name, std::uint32_t seed);
// QUIC: a sealed Initial of 1200 bytes with connection id and random by `seed`. kChrome cuts its hello
// in pieces out of order with PING and PADDING between them, kFirefox sends it in one.
[[nodiscard]] test::Octets QuicHello(Shape shape, const std::string& name, std::uint32_t seed);

}  // namespace weir::perf
