#pragma once
#include "classifiers/payload/payload.h"

// The detectors, one function a protocol; payload.cc lists them in the order in which
// they are asked. A new one is its file, a line here and a line there.
namespace weir::payload {

// encrypted_dns.cc
PayloadFind DnsCryptQuestion(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
PayloadFind DnsCryptAnswer(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
PayloadFind DnsCryptStream(const FlowView& view, const std::array<Bytes, 2>& heads) noexcept;
// wireguard.cc
PayloadFind WireGuard(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
PayloadFind TailscaleDisco(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
// openvpn.cc
PayloadFind OpenVpn(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
PayloadFind OpenVpnStream(const FlowView& view, const std::array<Bytes, 2>& heads) noexcept;
// ipsec.cc
PayloadFind Ike(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
PayloadFind EspInUdp(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
// tunnels.cc
PayloadFind L2tp(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
PayloadFind SoftEther(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
PayloadFind PptpStream(const FlowView& view, const std::array<Bytes, 2>& heads) noexcept;
PayloadFind TincStream(const FlowView& view, const std::array<Bytes, 2>& heads) noexcept;
// messengers.cc
PayloadFind DiscordVoice(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
PayloadFind ViberStream(const FlowView& view, const std::array<Bytes, 2>& heads) noexcept;
PayloadFind TelegramStream(const FlowView& view, const std::array<Bytes, 2>& heads) noexcept;
PayloadFind KakaoStream(const FlowView& view, const std::array<Bytes, 2>& heads) noexcept;
// tencent.cc
PayloadFind Oicq(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
PayloadFind WeChatStream(const FlowView& view, const std::array<Bytes, 2>& heads) noexcept;

inline std::uint32_t LoadLe16(const std::byte* p) noexcept { return LoadU8(p) | std::uint32_t{LoadU8(p + 1)} << 8; }
inline std::uint32_t LoadLe32(const std::byte* p) noexcept { return __builtin_bswap32(LoadBe32(p)); }

[[nodiscard]] inline bool AllZero(Bytes bytes) noexcept {
  for (const std::byte b : bytes) {
    if (b != std::byte{0}) return false;
  }
  return true;
}
[[nodiscard]] inline bool StartsWith(Bytes bytes, std::string_view magic) noexcept {
  return AsText(bytes).starts_with(magic);
}
[[nodiscard]] inline bool OnPort(const FlowView& view, std::uint16_t port) noexcept {
  return view.server_port == port || view.client_port == port;
}
[[nodiscard]] inline Direction Peer(const FlowView& view) noexcept { return Opposite(view.direction); }

}  // namespace weir::payload
