#include "dataplane/packet/parser.h"

#include "dataplane/packet/walk.h"

namespace weir {

DropReason ParseWalking(Bytes bytes, LinkType link, const ParseOptions& options, PacketView& view) noexcept {
  view = PacketView{};
  view.base = bytes.data();
  Walk walk{bytes, options, view};
  return link == LinkType::kEthernet ? WalkEthernet(walk, 0) : WalkLink(walk, link);
}

DropReason ParseIp(Bytes datagram, const ParseOptions& options, PacketView& view) noexcept {
  view = PacketView{};
  view.base = datagram.data();
  Walk walk{datagram, options, view};
  return WalkIp(walk, 0);
}

}  // namespace weir
