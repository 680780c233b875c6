#pragma once
#include <gtest/gtest.h>

#include "dataplane/packet/parser.h"
#include "tests/support/packet_builder.h"

namespace weir::test {

// A parsed frame with the reason, kept together with its bytes.
struct Layered {
  Octets frame;
  PacketView view;
  DropReason reason;
  explicit Layered(Octets bytes, LinkType link = LinkType::kEthernet, ParseOptions options = {})
      : frame(std::move(bytes)) {
    reason = Parse(frame, link, options, view);
  }
};

// A whole IPv4 packet with a TCP segment from port 40000 to 443.
inline Octets Packet() { return Ipv4(6, Tcp({}, Text("payload"))); }

}  // namespace weir::test
