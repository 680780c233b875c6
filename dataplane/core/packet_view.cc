#include "dataplane/core/packet_view.h"

#include <tuple>

namespace weir {

DirectedKey KeyOf(const PacketView& view, bool key_has_vlan) noexcept {
  DirectedKey result;
  result.reversed = std::tie(view.src, view.src_port) > std::tie(view.dst, view.dst_port);
  FlowKey& key = result.key;
  key.low_addr = result.reversed ? view.dst : view.src;
  key.high_addr = result.reversed ? view.src : view.dst;
  key.low_port = result.reversed ? view.dst_port : view.src_port;
  key.high_port = result.reversed ? view.src_port : view.dst_port;
  key.vni = view.vni;
  key.vlan = key_has_vlan && view.vlan_count > 0 ? view.vlan[0] : std::uint16_t{0};
  key.proto = view.proto;
  key.ip_version = view.ip_version;
  return result;
}

}  // namespace weir
