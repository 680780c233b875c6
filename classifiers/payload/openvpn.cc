// OpenVPN over UDP and TCP, with or without tls-auth, tls-crypt.
//
// Source: openvpn src/openvpn/ssl_pkt.h, doc/doxygen/doc_protocol_overview.h; "OpenVPN wire
// protocol" (openvpn-rfc): a byte of opcode (5 bits) and key id, a session id of 8 bytes that
// its sender keeps; tls-auth adds an HMAC, packet id and time; a list of acknowledged ids and,
// if there are any, the peer's session id; a message id. tls-crypt: packet id, time, a tag of
// 32 bytes, then all is sealed. Over TCP, two bytes of length before each.
// `certain` needs the session id of a hard reset again: in the peer's acknowledgement, or, as
// tls-crypt seals that, at the head of its sender's next message after the peer's own reset.
// Verified: corpus openvpn, openvpn-tlscrypt, 443-opvn. Scrambled variants are not found.
#include "classifiers/payload/detectors.h"

namespace weir::payload {
namespace {

constexpr unsigned kControl = 4;
constexpr unsigned kAck = 5;
constexpr std::size_t kSessionEnd = 1 + 8;

unsigned Opcode(Bytes m) noexcept { return LoadU8(m.data()) >> 3; }
bool IsClientReset(Bytes m) noexcept {  // P_CONTROL_HARD_RESET_CLIENT_V1, V2, V3, key 0
  const unsigned first = LoadU8(m.data());
  return first == 1 << 3 || first == 7 << 3 || first == 10 << 3;
}
bool IsServerReset(Bytes m) noexcept {  // P_CONTROL_HARD_RESET_SERVER_V1, V2
  const unsigned first = LoadU8(m.data());
  return first == 2 << 3 || first == 8 << 3;
}

bool IsReplayHeader(const std::byte* p) noexcept {  // packet id 1, a time after 2005
  return LoadBe32(p) == 1 && LoadBe32(p + 4) > 0x41d00000;
}

// A client's first message with every fixed field as it must be.
bool IsWholeReset(Bytes m) noexcept {
  if (m.size() == kSessionEnd + 5) return AllZero(m.last(5));
  for (const std::size_t hmac : {16u, 20u, 28u, 32u, 48u, 64u}) {
    if (m.size() == kSessionEnd + hmac + 8 + 5 && IsReplayHeader(&m[kSessionEnd + hmac]) && AllZero(m.last(5)))
      return true;
  }
  return m.size() == kSessionEnd + 8 + 32 + 5 && IsReplayHeader(&m[kSessionEnd]);
}

// A server's, in the clear: it acknowledges message 0 and sends its own.
bool IsWholeAnswer(Bytes m) noexcept {
  return m.size() == kSessionEnd + 1 + 4 + 8 + 4 && LoadU8(&m[kSessionEnd]) == 1 &&
         AllZero(m.subspan(kSessionEnd + 1, 4)) && !AllZero(m.subspan(kSessionEnd + 5, 8)) && AllZero(m.last(4));
}

// Is `session` the one that this message acknowledges messages of, at any length of HMAC?
bool Acknowledges(Bytes m, std::uint64_t session) noexcept {
  for (const std::size_t auth : {0u, 24u, 28u, 36u, 40u, 56u, 72u}) {
    const std::size_t at = kSessionEnd + auth;
    if (at >= m.size()) return false;
    const std::size_t count = LoadU8(&m[at]);
    const std::size_t peer = at + 1 + 4 * count;
    if (count >= 1 && count <= 8 && peer + 8 <= m.size() && LoadBe64(&m[peer]) == session) return true;
  }
  return false;
}

constexpr PayloadFind kFirst = {"OpenVPN", Confidence::kProbable, "OpenVPN hard reset"};
constexpr PayloadFind kAnswered = {"OpenVPN", Confidence::kCertain, "OpenVPN hard reset acknowledged"};
constexpr PayloadFind kGoesOn = {"OpenVPN", Confidence::kCertain, "OpenVPN session goes on after both resets"};

PayloadFind Message(Bytes m, Direction direction, std::array<std::uint64_t, 2>& session) noexcept {
  if (m.size() < kSessionEnd + 5) return {};
  std::uint64_t& own = session[Index(direction)];
  const std::uint64_t peer = session[Index(Opposite(direction))];
  const std::uint64_t id = LoadBe64(&m[1]);
  const bool resets = direction == Direction::kToServer ? IsClientReset(m) : IsServerReset(m);
  if (resets) {
    own = id;
    if (direction == Direction::kToServer) return IsWholeReset(m) && id != 0 ? kFirst : PayloadFind{};
    if (peer != 0 && Acknowledges(m, peer)) return kAnswered;
    return IsWholeAnswer(m) ? kFirst : PayloadFind{};
  }
  const bool goes_on =
      (Opcode(m) == kControl || Opcode(m) == kAck) && own != 0 && peer != 0 && id == own && own != peer;
  return goes_on ? kGoesOn : PayloadFind{};
}

}  // namespace

PayloadFind OpenVpn(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept {
  // What was picked up at its server's first word has its ends the wrong way round.
  FlowView as_sent = view;
  const bool swapped = memory.openvpn_session[0] == 0 && datagram.size() > kSessionEnd &&
                       (view.direction == Direction::kToClient ? IsClientReset(datagram) : IsServerReset(datagram));
  if (swapped || memory.openvpn_swapped) {
    memory.openvpn_swapped = true;
    as_sent.direction = Opposite(view.direction);
  }
  return Message(datagram, as_sent.direction, memory.openvpn_session);
}

PayloadFind OpenVpnStream(const FlowView&, const std::array<Bytes, 2>& heads) noexcept {
  std::array<std::uint64_t, 2> session{};
  std::array<Bytes, 2> left = heads;
  PayloadFind best;
  const auto next = [&](Direction direction) {
    Bytes& bytes = left[Index(direction)];
    const std::size_t length = bytes.size() < 2 ? 0 : LoadBe16(bytes.data());
    if (length < kSessionEnd + 5 || bytes.size() - 2 < length) return false;
    const PayloadFind find = Message(bytes.subspan(2, length), direction, session);
    if (find.confidence > best.confidence) best = find;
    bytes = bytes.subspan(2 + length);
    return session[Index(direction)] != 0;
  };
  if (!next(Direction::kToServer)) return {};
  if (next(Direction::kToClient) && best.confidence != Confidence::kCertain) (void)next(Direction::kToServer);
  return best;
}

}  // namespace weir::payload
