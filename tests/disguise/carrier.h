#pragma once
#include <string>
#include <vector>

#include "tests/disguise/wire.h"

namespace weir::disguise {

// What carries the name.
enum class Carrier : std::uint8_t { kTls12, kTls13, kHttp, kConnect, kQuicV1, kQuicV2 };
enum class Prelude : std::uint8_t { kNone, kChangeCipherSpec, kWarning, kHelloRequest, kEmptyRecord };

struct CarrierShape {
  Carrier carrier = Carrier::kTls12;
  bool upper = false;       // the name in capitals
  bool dot = false;         // ... with a trailing dot
  bool subdomain = false;   // www. before it
  bool grease = false;      // GREASE extensions (RFC 8701) around it
  bool second = false;      // in the second hello (after a HelloRetryRequest) or the second request
  std::size_t padding = 0;  // bytes before it
  std::size_t record = 0;   // bytes a TLS record or a CRYPTO frame; 0: as large as can be
  Prelude prelude = Prelude::kNone;
  Order crypto = Order::kForward;  // of CRYPTO frames
  bool junk_first = false;         // QUIC: a datagram that is none before the Initial
};

inline bool IsQuic(Carrier c) noexcept { return c == Carrier::kQuicV1 || c == Carrier::kQuicV2; }

struct Message {
  bool to_server = true;
  Octets bytes;
};

// Over TCP: who sends what, in turns.
[[nodiscard]] std::vector<Message> Talk(const CarrierShape& shape, std::string_view name);
// Over UDP: the client's first flight.
[[nodiscard]] std::vector<Octets> QuicFlight(const CarrierShape& shape, std::string_view name, Random& random);

}  // namespace weir::disguise
