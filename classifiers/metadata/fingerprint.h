#pragma once
#include <string>
#include <string_view>

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

struct ClientFingerprints {
  std::string_view ja3, ja3_text, ja4;  // until this thread's next call of anything here
};
// Of the value of a kHelloShape. All empty where it is none.
[[nodiscard]] ClientFingerprints FingerprintsOf(std::string_view hello_shape);

// Adds ja3.string, ja3.hash and ja4.hash, or ja3s.string and ja3s.hash. `later`: kHelloShape in their place, what they
// are made of. To make the texts takes three times as long, and where no rule asks for them only the events' writer
// needs them.
void AddClientFingerprints(Bytes client_hello, HelloTransport transport, TxId tx, bool later, Metadata& out);
void AddServerFingerprint(Bytes server_hello, TxId tx, Metadata& out);

}  // namespace weir
