#pragma once
#include <string>
#include <vector>

#include "tests/support/packet_builder.h"

namespace weir::perf {

// DER of a leaf for `name` (subject, alternative name) and of the authority that signed it: X.509 v3, RFC 5280, with
// keys and signatures of Ed25519 (RFC 8410), so that the same name gives the same bytes. Empty where libcrypto refuses.
[[nodiscard]] std::vector<test::Octets> CertificatesFor(const std::string& name);

}  // namespace weir::perf
