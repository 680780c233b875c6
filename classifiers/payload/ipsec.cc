// IPsec: IKE version 1 and 2, and ESP in UDP.
//
// Source: RFC 7296 s3.1 (IKEv2 header), RFC 2408 s3.1 (ISAKMP), RFC 3948 (on port 4500 IKE
// follows four zero bytes, ESP an SPI that is none; its sequence numbers go on).
// A header counts if length, version, exchange and next payload fit each other and the port is
// IKE's; on other ports the responder must have repeated the initiator's SPI.
// Verified: corpus ipsec_isakmp_esp, ah.
#include "classifiers/payload/detectors.h"

namespace weir::payload {
namespace {

constexpr std::size_t kHeader = 28;
constexpr std::uint16_t kIkePort = 500;
constexpr std::uint16_t kNatPort = 4500;
constexpr std::uint32_t kFirstSpi = 256;  // RFC 4303 s2.1: those below are reserved
constexpr std::uint32_t kFarAhead = 1024;

bool IsIkeV2(unsigned next, unsigned exchange) noexcept {
  const bool payload = next == 0 || (next >= 33 && next <= 54);
  return payload && exchange >= 34 && exchange <= 44;
}

bool IsIkeV1(unsigned next, unsigned exchange, unsigned flags) noexcept {
  const bool known =
      exchange == 2 || exchange == 4 || exchange == 5 || exchange == 6 || exchange == 32 || exchange == 33;
  return known && next >= 1 && (next <= 21 || next == 130 || next == 132) && (flags & 0xf8) == 0;
}

bool IsIke(Bytes m) noexcept {
  if (m.size() < kHeader || LoadBe64(m.data()) == 0 || LoadBe32(&m[24]) != m.size()) return false;
  const unsigned next = LoadU8(&m[16]);
  const unsigned version = LoadU8(&m[17]);
  const unsigned exchange = LoadU8(&m[18]);
  const unsigned flags = LoadU8(&m[19]);
  if (version == 0x10) return IsIkeV1(next, exchange, flags);
  return version == 0x20 && IsIkeV2(next, exchange);  // reserved flags are ignored: RFC 7296 s3.1
}

}  // namespace

PayloadFind Ike(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept {
  const bool marked = datagram.size() > 4 && LoadBe32(datagram.data()) == 0;
  const Bytes message = marked ? datagram.subspan(4) : datagram;
  if (!IsIke(message)) return {};
  const std::uint64_t initiator = LoadBe64(message.data());
  const bool repeated = memory.ike_initiator == initiator && memory.ike_direction != view.direction;
  if (memory.ike_initiator == 0) {
    memory.ike_initiator = initiator;
    memory.ike_direction = view.direction;
  }
  if (repeated) return {"IPSec", Confidence::kCertain, "IKE answered"};
  const bool known_port = marked ? OnPort(view, kNatPort) : OnPort(view, kIkePort) || OnPort(view, 848);
  if (known_port) return {"IPSec", Confidence::kCertain, "IKE header on its port"};
  return {};
}

PayloadFind EspInUdp(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept {
  if (!OnPort(view, kNatPort) || datagram.size() < 8 + 16 || datagram.size() % 4 != 0) return {};
  const std::uint32_t spi = LoadBe32(datagram.data());
  const std::uint32_t sequence = LoadBe32(&datagram[4]);
  if (spi < kFirstSpi) return {};
  const std::size_t from = Index(view.direction);
  const std::uint32_t ahead = sequence - memory.esp_sequence[from];
  const bool follows = memory.esp_packets[from] > 0 && memory.esp_spi[from] == spi && ahead > 0 && ahead < kFarAhead;
  memory.esp_packets[from] = follows ? static_cast<std::uint8_t>(memory.esp_packets[from] + 1) : std::uint8_t{1};
  memory.esp_spi[from] = spi;
  memory.esp_sequence[from] = sequence;
  if (memory.esp_packets[0] < 3 && memory.esp_packets[1] < 3) return {};
  return {"IPSec", Confidence::kProbable, "ESP in UDP with sequence numbers going on"};
}

}  // namespace weir::payload
