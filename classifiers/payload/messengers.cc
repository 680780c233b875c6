// Discord's voice, Viber, Telegram's MTProto, KakaoTalk's LOCO.
//
// Source
//   Discord   discord.com/developers/docs/topics/voice-connections, "IP Discovery": type, length 70, SSRC,
//             address (64), port; the answer repeats the SSRC. Clients leave anything in the port's place. The eight
//             bytes by which clients measure the way to voice regions are repeated by the server (seen in captures,
//             nDPI discord.c).
//   Viber     nDPI viber.c, for the structure: a little-endian length of the message, then marks.
//   Telegram  core.telegram.org/mtproto/mtproto-transports (abridged, intermediate, padded) and
//             /mtproto/auth_key: a connection without a key opens with req_pq or req_pq_multi, in the clear.
//             With a key, and obfuscated, it is random bytes: left to addresses.
//   KakaoTalk github.com/KiwiTalk, node-kakao: the key exchange is three little-endian numbers (256 bytes of
//             sealed key, kind of padding, kind of cipher) and the sealed key.
// Verified: corpus discord, i3d, viber (two flows). Telegram's and KakaoTalk's detectors name no flow of the corpus:
// they are built from the descriptions above as remembered, and wait for a capture. The region probe has no published
// description: two captures show it.
#include "classifiers/payload/detectors.h"

namespace weir::payload {
namespace {

constexpr std::size_t kDiscovery = 74;

// The address as text in 64 bytes that end in zeros, the port.
bool IsAddressField(Bytes field) noexcept {
  const std::string_view text = AsText(field);
  const std::size_t end = text.find('\0');
  if (end < 3 || end == std::string_view::npos || !AllZero(field.subspan(end))) return false;
  return text.substr(0, end).find_first_not_of("0123456789abcdefABCDEF.:") == std::string_view::npos;
}

PayloadFind Discovery(Bytes d, const FlowView& view, PayloadMemory& memory) noexcept {
  const std::uint32_t ssrc = LoadBe32(&d[4]);
  if (view.direction == Direction::kToServer && LoadBe32(d.data()) == 0x00010046 && AllZero(d.subspan(8, 64))) {
    memory.discord_ssrc = ssrc;
    memory.discord_asked = true;
    return {"Discord", Confidence::kProbable, "Discord voice address discovery"};
  }
  const bool answers = view.direction == Direction::kToClient && LoadBe32(d.data()) == 0x00020046 &&
                       memory.discord_asked && memory.discord_ssrc == ssrc && IsAddressField(d.subspan(8, 64));
  return answers ? PayloadFind{"Discord", Confidence::kCertain, "Discord voice address discovered"} : PayloadFind{};
}

// A message without a key: its id 0, the time as message id, a length, and what it asks.
bool IsKeyRequest(Bytes m) noexcept {
  constexpr std::uint32_t kReqPq = 0x60469778;
  constexpr std::uint32_t kReqPqMulti = 0xbe7e8ef1;
  if (m.size() < 24 || !AllZero(m.first(8))) return false;
  const std::uint32_t asks = LoadLe32(&m[20]);
  return LoadLe32(&m[16]) >= 20 && LoadLe32(&m[16]) <= 64 && (asks == kReqPq || asks == kReqPqMulti);
}

}  // namespace

PayloadFind DiscordVoice(const FlowView& view, Bytes d, PayloadMemory& memory) noexcept {
  if (d.size() == kDiscovery) return Discovery(d, view, memory);
  // Four bytes of magic and a small number, sent back as they are.
  if (d.size() != 8 || LoadBe32(d.data()) != 0x1337cafe || LoadBe16(&d[6]) != 0) return {};
  if (view.direction == Direction::kToServer) memory.discord_probe = LoadBe64(d.data());
  const bool answers = view.direction == Direction::kToClient && LoadBe64(d.data()) == memory.discord_probe;
  return answers ? PayloadFind{"Discord", Confidence::kProbable, "Discord voice region probe answered"} : PayloadFind{};
}

PayloadFind ViberStream(const FlowView& view, const std::array<Bytes, 2>& heads) noexcept {
  const Bytes head = heads[Index(Direction::kToServer)];
  if (head.size() < 11) return {};
  const std::size_t length = LoadLe16(head.data());
  if (length < 11 || length > 1024 || (head.size() < length && head.size() < kPayloadHead)) return {};
  const bool first = LoadBe32(&head[6]) == 0xfcff0380;  // a new session
  const bool second = LoadBe16(&head[4]) == 0x0380 && LoadU8(&head[10]) == 0x0a;
  const bool port = view.server_port == 4244 || view.server_port == 5242 || view.server_port == 5243 ||
                    view.server_port == 7985 || view.server_port == 9785;
  if (first) return {"Viber", port ? Confidence::kCertain : Confidence::kProbable, "Viber session opened"};
  if (second && port) return {"Viber", Confidence::kProbable, "Viber message"};
  return {};
}

PayloadFind TelegramStream(const FlowView&, const std::array<Bytes, 2>& heads) noexcept {
  const Bytes head = heads[Index(Direction::kToServer)];
  if (head.size() < 26) return {};
  const bool abridged = LoadU8(head.data()) == 0xef && LoadU8(&head[1]) < 0x7f && IsKeyRequest(head.subspan(2));
  const std::uint32_t tag = LoadBe32(head.data());
  const bool tagged = (tag == 0xeeeeeeee || tag == 0xdddddddd) && IsKeyRequest(head.subspan(8));
  const bool full = LoadLe32(&head[4]) == 0 && LoadLe32(head.data()) <= 128 && IsKeyRequest(head.subspan(8));
  if (!abridged && !tagged && !full) return {};
  return {"Telegram", Confidence::kCertain, "MTProto key exchange"};
}

PayloadFind KakaoStream(const FlowView&, const std::array<Bytes, 2>& heads) noexcept {
  const Bytes head = heads[Index(Direction::kToServer)];
  if (head.size() < 64 || LoadLe32(head.data()) != 256 || AllZero(head.subspan(12, 16))) return {};
  const std::uint32_t padding = LoadLe32(&head[4]);
  const std::uint32_t cipher = LoadLe32(&head[8]);
  const bool fits = padding >= 12 && padding <= 16 && cipher >= 2 && cipher <= 3;
  return fits ? PayloadFind{"KakaoTalk", Confidence::kProbable, "LOCO key exchange"} : PayloadFind{};
}

}  // namespace weir::payload
