#pragma once
#include "classifiers/metadata/inspector.h"

namespace weir {

// Could a DNS message begin with these bytes, as far as its header's are there?
[[nodiscard]] bool MayBeDnsHeader(Bytes start) noexcept;
// Header bits that no query should have and servers do not look at: a message that has
// them is read only as a whole (see ReadDnsMessage).
[[nodiscard]] bool HasOddDnsFlags(Bytes start) noexcept;

// One DNS message (RFC 1035 s4; mDNS and LLMNR have the same form).
//   tx   the transaction that its fields are added to
// Returns false, and adds nothing, unless the bytes are a DNS message to the end
// of its question section: no port is asked. A query with odd flags must have one
// question and nothing behind it but an OPT record (RFC 6891).
bool ReadDnsMessage(Bytes message, Direction direction, TxId tx, Metadata& out);

}  // namespace weir
