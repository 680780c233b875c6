// Discord's voice servers, Viber's own protocol, Tor's certificates; and who asks whom.
#include <algorithm>
#include <cstring>

#include "classifiers/payload/payload.h"

namespace weir {
namespace {

using Asked = PayloadMemory::Asked;
using Side = PayloadMemory::Side;

// "www.<8-20 of a-z2-7><end>"
bool IsRandomHost(std::string_view name, std::string_view end) noexcept {
  if (!name.starts_with("www.") || !name.ends_with(end)) return false;
  const std::string_view label = name.substr(4, name.size() - 4 - end.size());
  return label.size() >= 8 && label.size() <= 20 && std::all_of(label.begin(), label.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');
         });
}

}  // namespace

// discord.com/developers/docs/topics/voice-connections: the address discovery, type 1 and
// length 70, answered by type 2 with the same SSRC and an address in text. The client pings
// the voice servers before with 13 37 ca fe and a number, which come back unchanged.
// Verified on discord.pcap, discord_mid_flow.pcap and i3d.pcap.
PayloadFinding DetectDiscord(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept {
  Side& own = memory.sides[Index(view.direction)];
  const Side& peer = memory.sides[Index(Opposite(view.direction))];
  const auto ask = [&](Asked what, const std::byte* token) {
    own.asked = what;
    own.token = {};
    std::memcpy(own.token.data(), token, 4);
  };
  if (datagram.size() == 8 && LoadBe32(datagram.data()) == 0x1337cafe) {
    const bool back = peer.asked == Asked::kDiscordPing && std::memcmp(peer.token.data(), &datagram[4], 4) == 0;
    ask(Asked::kDiscordPing, &datagram[4]);
    if (back) return {"Discord", Confidence::kProbable, "Discord voice ping, both ways"};
  }
  if (datagram.size() != 74) return {};
  const std::uint32_t head = LoadBe32(datagram.data());
  if (head == 0x00010046) ask(Asked::kDiscordAddress, &datagram[4]);
  if (head != 0x00020046 || peer.asked != Asked::kDiscordAddress) return {};
  const unsigned digit = LoadU8(&datagram[8]);
  if (std::memcmp(peer.token.data(), &datagram[4], 4) != 0 || digit < '0' || digit > 'f') return {};
  return {"Discord", Confidence::kCertain, "Discord voice address discovery, both ways"};
}

// Viber on its ports 4244, 5242, 5243, 7985, 7987: each message begins with its length (little
// endian, itself included), a sequence number, and zeros to the sixth byte. Both ways, and each
// first segment is one message. No specification: learnt from viber.pcap, so probable at most.
PayloadFinding DetectViber(const FlowView& view, Bytes piece, PayloadMemory& memory) noexcept {
  constexpr std::array<std::uint16_t, 5> kPorts = {4244, 5242, 5243, 7985, 7987};
  if (std::find(kPorts.begin(), kPorts.end(), view.server_port) == kPorts.end() || piece.size() < 16) return {};
  const std::size_t length = LoadU8(piece.data()) | std::size_t{LoadU8(&piece[1])} << 8;
  if (length != piece.size() || LoadU8(&piece[3]) != 0 || LoadBe16(&piece[4]) != 0) return {};
  memory.sides[Index(view.direction)].asked = Asked::kViber;
  if (memory.sides[Index(Opposite(view.direction))].asked != Asked::kViber) return {};
  return {"Viber", Confidence::kProbable, "Viber messages, both ways"};
}

bool IsTorCertificate(std::string_view subject, std::string_view issuer) noexcept {
  constexpr std::string_view kCn = "CN=";
  if (!subject.starts_with(kCn) || !issuer.starts_with(kCn)) return false;
  subject.remove_prefix(kCn.size());
  issuer.remove_prefix(kCn.size());
  return IsRandomHost(subject, ".net") && IsRandomHost(issuer, ".com") &&
         subject.substr(0, subject.size() - 4) != issuer.substr(0, issuer.size() - 4);
}

PayloadFinding DetectDatagram(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept {
  if (const auto found = DetectTailscale(datagram); !found.app.empty()) return found;
  if (const auto found = DetectDnsCrypt(view, datagram); !found.app.empty()) return found;
  for (const auto detect : {DetectIke, DetectWireGuard, DetectOpenVpn, DetectSoftEther, DetectDiscord}) {
    if (const PayloadFinding found = detect(view, datagram, memory); !found.app.empty()) return found;
  }
  return {};
}

PayloadFinding DetectStreamStart(const FlowView& view, Bytes piece, PayloadMemory& memory) noexcept {
  if (const auto found = DetectViber(view, piece, memory); !found.app.empty()) return found;
  // OpenVPN over TCP: each packet behind its length.
  if (piece.size() < 2 || LoadBe16(piece.data()) > piece.size() - 2) return {};
  return DetectOpenVpn(view, piece.subspan(2, LoadBe16(piece.data())), memory);
}

}  // namespace weir
