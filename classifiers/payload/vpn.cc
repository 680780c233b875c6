// IKE, WireGuard, OpenVPN, Tailscale, SoftEther: by the fields that the answer must repeat.
#include <algorithm>
#include <cstring>

#include "classifiers/payload/payload.h"

namespace weir {
namespace {

using Asked = PayloadMemory::Asked;
using Side = PayloadMemory::Side;

Side& Own(const FlowView& view, PayloadMemory& memory) noexcept { return memory.sides[Index(view.direction)]; }
Side& Peer(const FlowView& view, PayloadMemory& memory) noexcept {
  return memory.sides[Index(Opposite(view.direction))];
}

void Ask(Side& side, Asked what, const std::byte* token, std::size_t size) noexcept {
  side.asked = what;
  side.token = {};
  std::memcpy(side.token.data(), token, std::min(size, side.token.size()));
}

bool IsZero(Bytes bytes) noexcept {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

// RFC 7296 s3.1 and RFC 2408 s3.1: SPIs, versions 1.0 and 2.x, exchange types, and a length
// that is the datagram's; RFC 3948 s2.2: four zeros before it on port 4500. Certain once both
// sides speak it with one initiator SPI. Verified on ipsec_isakmp_esp.pcap and ah.pcapng.
PayloadFinding DetectIke(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept {
  if (datagram.size() >= 32 && LoadBe32(datagram.data()) == 0) datagram = datagram.subspan(4);
  if (datagram.size() < 28 || LoadBe32(&datagram[24]) != datagram.size()) return {};
  const unsigned version = LoadU8(&datagram[17]);
  const unsigned exchange = LoadU8(&datagram[18]);
  const unsigned flags = LoadU8(&datagram[19]);
  const bool first = version == 0x10 && ((exchange >= 1 && exchange <= 6) || exchange == 32 || exchange == 33);
  const bool second = (version >> 4) == 2 && exchange >= 34 && exchange <= 44 && (flags & 0xc7) == 0;
  if (!(first && (flags & 0xf8) == 0) && !second) return {};
  if (IsZero(datagram.first(8))) return {};
  Side& own = Own(view, memory);
  const Side& peer = Peer(view, memory);
  Ask(own, Asked::kIke, datagram.data(), 8);
  if (peer.asked == Asked::kIke && peer.token == own.token) {
    return {"IPSec", Confidence::kCertain, "IKE, both ways with one initiator SPI"};
  }
  const auto known = [](std::uint16_t port) { return port == 500 || port == 4500; };
  if (!known(view.client_port) && !known(view.server_port)) return {};
  return {"IPSec", Confidence::kProbable, "IKE header"};
}

// wireguard.com/protocol: types 1 to 4, three zero bytes, exact lengths, padding to 16. The
// answer repeats the sender's index; data alone goes on counting for one receiver index in
// both directions. Verified on wireguard.pcap and tunnelbear.pcap.
PayloadFinding DetectWireGuard(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept {
  if (datagram.size() < 32) return {};
  const std::uint32_t head = LoadBe32(datagram.data());
  Side& own = Own(view, memory);
  const Side peer = Peer(view, memory);
  if (head == 0x01000000 && datagram.size() == 148) {
    Ask(own, Asked::kWireGuard, &datagram[4], 4);
    return {};
  }
  if ((head == 0x02000000 && datagram.size() == 92) || (head == 0x03000000 && datagram.size() == 64)) {
    const std::size_t receiver = head == 0x02000000 ? 8 : 4;
    const bool echoes = peer.asked == Asked::kWireGuard && std::memcmp(peer.token.data(), &datagram[receiver], 4) == 0;
    if (!echoes) return {};
    return {"WireGuard", Confidence::kCertain, "WireGuard handshake, its index repeated"};
  }
  if (head != 0x04000000 || datagram.size() % 16 != 0) return {};
  if (!IsZero(datagram.subspan(12, 4))) return {};  // the upper half of a counter that began at 0
  constexpr std::uint32_t kEnough = 3;
  constexpr std::uint32_t kLost = 64;
  const auto count = [](const std::byte* at) { return __builtin_bswap32(LoadBe32(at)); };
  const bool same = own.asked == Asked::kWireGuardData && std::memcmp(own.token.data(), &datagram[4], 4) == 0 &&
                    count(&datagram[8]) - count(&own.token[4]) - 1 < kLost;
  const std::uint32_t number = same ? own.number + 1 : 1;
  Ask(own, Asked::kWireGuardData, &datagram[4], 8);
  own.number = number;
  const bool both = number >= kEnough && peer.asked == Asked::kWireGuardData && peer.number >= kEnough;
  if (!both || std::memcmp(peer.token.data(), own.token.data(), 4) == 0) return {};
  return {"WireGuard", Confidence::kProbable, "WireGuard data, both ways"};
}

// OpenVPN's reliability layer (openvpn.net/community-resources/openvpn-protocol): the client's
// hard reset (opcodes 7 and 10, key 0) carries a session id; the server's (opcode 8) repeats it
// behind its acknowledgement. Where the rest is sealed (tls-crypt) both carry a packet id and
// the time, so the times must be the same. Verified on openvpn.pcap and openvpn-tlscrypt.pcap.
PayloadFinding DetectOpenVpn(const FlowView& view, Bytes packet, PayloadMemory& memory) noexcept {
  constexpr std::size_t kReset = 14;  // opcode, session id, no acknowledgement, packet id
  if (packet.size() < kReset) return {};
  const unsigned opcode = LoadU8(packet.data());
  Side& own = Own(view, memory);
  if ((opcode == 0x38 || opcode == 0x50) && !IsZero(packet.subspan(1, 8))) {
    Ask(own, Asked::kOpenVpn, &packet[1], 8);
    own.number = packet.size() >= 17 + 32 ? LoadBe32(&packet[13]) : 0;
    return {};
  }
  const Side& peer = Peer(view, memory);
  if (opcode != 0x40 || peer.asked != Asked::kOpenVpn || packet.size() < 9 + 5 + 8) return {};
  constexpr std::size_t kFarthest = 9 + 64 + 8 + 1 + 4 * 8;  // the largest HMAC, packet id and time, acknowledgements
  const Bytes rest = packet.subspan(9, std::min(packet.size() - 9, kFarthest + 8));
  if (std::search(rest.begin(), rest.end(), peer.token.begin(), peer.token.end()) != rest.end()) {
    return {"OpenVPN", Confidence::kCertain, "OpenVPN reset, its session id repeated"};
  }
  constexpr std::uint32_t kHour = 3600;
  if (packet.size() < 17 + 32 || peer.number < 1'000'000'000) return {};
  const std::uint32_t time = LoadBe32(&packet[13]);
  const std::uint32_t apart = time > peer.number ? time - peer.number : peer.number - time;
  if (apart > kHour) return {};
  return {"OpenVPN", Confidence::kCertain, "OpenVPN reset under tls-crypt, of one time"};
}

// github.com/tailscale/tailscale disco/disco.go: magic, key (32), nonce (24), a sealed box (16)
// of two bytes or more. Verified on tailscale.pcap.
PayloadFinding DetectTailscale(Bytes datagram) noexcept {
  constexpr std::size_t kLeast = 6 + 32 + 24 + 16 + 2;
  if (datagram.size() < kLeast || LoadBe32(datagram.data()) != 0x5453f09f || LoadBe16(&datagram[4]) != 0x92ac)
    return {};
  return {"Tailscale", Confidence::kCertain, "Tailscale DISCO"};
}

// SoftEther (github.com/SoftEtherVPN Mayaqua/Network.c, UDP acceleration): "A" is answered
// with "IP=a.b.c.d,PORT=n". Verified on softether.pcap.
PayloadFinding DetectSoftEther(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept {
  if (datagram.size() == 1 && datagram[0] == std::byte{'A'}) {
    Ask(Own(view, memory), Asked::kSoftEther, datagram.data(), 1);
    return {};
  }
  if (Peer(view, memory).asked != Asked::kSoftEther || datagram.size() > 64) return {};
  const std::string_view text = AsText(datagram);
  const std::size_t port = text.find(",PORT=");
  if (!text.starts_with("IP=") || port == std::string_view::npos) return {};
  const std::string_view number = text.substr(port + 6);
  const bool address = text.substr(3, port - 3).find_first_not_of("0123456789abcdefABCDEF.:") == std::string_view::npos;
  if (!address || number.empty() || number.find_first_not_of("0123456789") != std::string_view::npos) return {};
  return {"Softether", Confidence::kCertain, "SoftEther NAT-T answer"};
}

}  // namespace weir
