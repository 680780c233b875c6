#pragma once
#include "classifiers/metadata/inspector.h"

namespace weir {

// One DNS message (RFC 1035 s4; mDNS and LLMNR have the same form).
//   tx   the transaction that its fields are added to
// Returns false, and adds nothing, unless the bytes are a DNS message to the end
// of its question section: no port is asked.
bool ReadDnsMessage(Bytes message, Direction direction, TxId tx, Metadata& out);

}  // namespace weir
