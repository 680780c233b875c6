#pragma once
#include "classifiers/metadata/metadata.h"
#include "dataplane/core/bytes.h"

namespace weir {

// Adds subject, issuer, names, serial, validity and SHA-1 fingerprint of the leaf
// of a Certificate message up to TLS 1.2 (RFC 5246 s7.4.2, RFC 5280 s4.1).
// A certificate that does not parse adds nothing.
void AddCertificate(Bytes body, TxId tx, Metadata& out);

// The first common name in a subject as AddCertificate writes it ("C=US, O=Example,
// CN=*.example.com"); empty where there is none.
[[nodiscard]] std::string_view CommonName(std::string_view subject) noexcept;

}  // namespace weir
