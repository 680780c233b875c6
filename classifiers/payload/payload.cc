#include "classifiers/payload/payload.h"

#include "classifiers/payload/detectors.h"
#include "dataplane/core/packet_view.h"

namespace weir {
namespace {

using namespace payload;

using DatagramDetector = PayloadFind (*)(const FlowView&, Bytes, PayloadMemory&) noexcept;
using StreamDetector = PayloadFind (*)(const FlowView&, const std::array<Bytes, 2>&) noexcept;

constexpr std::array<DatagramDetector, 11> kDatagrams = {
    WireGuard,      TailscaleDisco, OpenVpn,   Ike,          EspInUdp, DnsCryptQuestion,
    DnsCryptAnswer, L2tp,           SoftEther, DiscordVoice, Oicq,
};
constexpr std::array<StreamDetector, 8> kStreams = {
    OpenVpnStream, DnsCryptStream, PptpStream, TincStream, ViberStream, TelegramStream, KakaoStream, WeChatStream,
};

constexpr std::uint8_t kProtoGre = 47;
constexpr std::uint8_t kProtoEsp = 50;
constexpr std::uint8_t kProtoAh = 51;

}  // namespace

PayloadFind FindInDatagram(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept {
  if (datagram.empty() || memory.datagrams >= kPayloadDatagrams) return {};
  ++memory.datagrams;
  PayloadFind best;
  for (const DatagramDetector detector : kDatagrams) {
    const PayloadFind find = detector(view, datagram, memory);
    if (find.confidence > best.confidence) best = find;
  }
  return best;
}

PayloadFind FindInStream(const FlowView& view, const std::array<Bytes, 2>& heads) noexcept {
  PayloadFind best;
  for (const StreamDetector detector : kStreams) {
    const PayloadFind find = detector(view, heads);
    if (find.confidence > best.confidence) best = find;
  }
  return best;
}

PayloadFind FindInIp(const FlowView& view, Bytes payload) noexcept {
  // RFC 4303, RFC 4302: nothing but IPsec has these protocol numbers.
  if (view.proto == kProtoEsp && payload.size() >= 8) return {"IPSec", Confidence::kCertain, "ESP"};
  if (view.proto == kProtoAh && payload.size() >= 12) return {"IPSec", Confidence::kCertain, "AH"};
  // Enhanced GRE carries PPP and is PPTP's alone (RFC 2637 s4.1): key present, version 1.
  const bool pptp = view.proto == kProtoGre && payload.size() >= 8 && (LoadBe16(payload.data()) & 0xef7f) == 0x2001 &&
                    LoadBe16(&payload[2]) == 0x880b;
  if (pptp) return {"PPTP", Confidence::kCertain, "PPP in enhanced GRE"};
  return {};
}

}  // namespace weir
