#include "dataplane/core/packet_view.h"

namespace weir {

DirectedKey KeyOf(const PacketView& view, bool key_has_vlan) noexcept {
  DirectedKey result;
  result.reversed = WriteKey(view, key_has_vlan, result.key);
  return result;
}

}  // namespace weir
