#pragma once
#include <string>

#include "classifiers/metadata/metadata.h"
#include "dataplane/core/bytes.h"

namespace weir {

// How a client or server builds its hello, as text and hash. GREASE values (RFC 8701)
// are left out. `body`: the message after its 4-byte handshake header; empty text
// where it does not parse.
//   JA3, JA3S  github.com/salesforce/ja3: decimal fields of the hello, MD5
//   JA4        FoxIO's TLS client fingerprint (BSD 3-clause): "t13d1516h2_8daaf6152771_e5627efa2ab1"
[[nodiscard]] std::string Ja3Text(Bytes client_hello);
[[nodiscard]] std::string Ja3sText(Bytes server_hello);
enum class HelloTransport : char { kTcp = 't', kQuic = 'q', kDtls = 'd' };
[[nodiscard]] std::string Ja4Text(Bytes client_hello, HelloTransport transport);

[[nodiscard]] std::string Md5Hex(const std::string& text);

// Adds ja3.string, ja3.hash and ja4.hash, or ja3s.string and ja3s.hash.
void AddClientFingerprints(Bytes client_hello, HelloTransport transport, TxId tx, Metadata& out);
void AddServerFingerprint(Bytes server_hello, TxId tx, Metadata& out);

}  // namespace weir
