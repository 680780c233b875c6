#pragma once
#include <string>
#include <vector>

#include "classifiers/payload/payload.h"
#include "tests/support/packet_builder.h"

namespace weir::test {

// A flow's datagrams or streams as the detectors see them.
class Conversation {
 public:
  explicit Conversation(std::uint16_t server_port = 40001, std::uint8_t proto = 17) {
    view_.client_port = 50000;
    view_.server_port = server_port;
    view_.proto = proto;
  }
  PayloadFind Client(const Octets& d) { return Say(Direction::kToServer, d); }
  PayloadFind Server(const Octets& d) { return Say(Direction::kToClient, d); }

 private:
  PayloadFind Say(Direction direction, const Octets& d) {
    view_.direction = direction;
    if (view_.proto == 17) return FindInDatagram(view_, d, memory_);
    if (view_.proto != 6) return FindInIp(view_, d);
    heads_[Index(direction)] = heads_[Index(direction)] + d;
    return FindInStream(view_, {heads_[0], heads_[1]});
  }
  FlowView view_;
  PayloadMemory memory_;
  std::array<Octets, 2> heads_;
};

inline Octets Zeros(std::size_t n) { return Octets(n, std::byte{0}); }
// Bytes that look random and are the same in every run.
inline Octets Sealed(std::size_t n, std::uint32_t seed = 1) {
  Octets out(n);
  for (std::byte& b : out) {
    seed = seed * 1664525 + 1013904223;
    b = static_cast<std::byte>(seed >> 24);
  }
  return out;
}

// Messages of DNSCrypt (dnscrypt.info/protocol).
inline Octets Label(const std::string& text) { return Octets{static_cast<std::byte>(text.size())} + Text(text); }
inline Octets Question(const std::vector<std::string>& labels, const char* type = "0010 0001") {
  Octets out = Hex("1234 0100 0001 0000 0000 0000");
  for (const std::string& label : labels) out = out + Label(label);
  return out + Hex("00") + Hex(type);
}
inline Octets Query(std::uint32_t nonce) { return Sealed(40) + Sealed(12, nonce) + Sealed(256); }
inline Octets Answer(std::uint32_t nonce) { return Text("r6fnvWj8") + Sealed(12, nonce) + Sealed(180, 9); }

}  // namespace weir::test
