#pragma once
#include "classifiers/metadata/inspector.h"

namespace weir {

// One STUN message (RFC 8489 s5): its SOFTWARE and REALM. False, and nothing
// added, unless magic cookie and length fit.
bool ReadStunMessage(Bytes message, Direction direction, TxId tx, Metadata& out);

}  // namespace weir
