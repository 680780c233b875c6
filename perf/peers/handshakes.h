#pragma once
#include <optional>
#include <string>

#include "perf/support/traffic.h"

namespace weir::perf {

enum class TlsVersion : std::uint8_t { k12, k13 };

// Whole handshakes that an inspector follows to their end: a browser's hello for `name` and
// TLS 1.3 (RFC 8446): ServerHello that echoes the session id, change_cipher_spec (s D.4) and encrypted records both
// ways; TLS 1.2 (RFC 5246, RFC 8422): ServerHello, Certificate with a leaf for `name` and its issuer (X.509 v3, RFC
// 5280,
//   Ed25519, RFC 8410), ServerKeyExchange, ServerHelloDone; ClientKeyExchange, change_cipher_spec, Finished both ways.
// Encrypted bytes are pseudo-random; nothing can decrypt them. The same arguments give the same bytes. None: libcrypto
// made no certificate.
[[nodiscard]] std::optional<TlsTalk> MakeTalk(TlsVersion version, const std::string& name, std::uint32_t seed);

}  // namespace weir::perf
