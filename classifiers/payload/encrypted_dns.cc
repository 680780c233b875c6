// DNSCrypt, versions 1 and 2, over UDP and TCP, and relayed.
//
// Source: dnscrypt.info/protocol ("DNSCrypt protocol specification" s5-9): a client asks its
// resolver for TXT 2.dnscrypt-cert.<provider>; an encrypted answer begins with the resolver
// magic 72 36 66 6e 76 57 6a 38, then the client's half of the nonce, which stands behind
// client magic (8) and client key (32) in the query. Relays: github.com/DNSCrypt/
// dnscrypt-protocol ANONYMIZED-DNSCRYPT.txt. Avast's resolvers are asked for TXT
// 2.securedns.avast.com in the same way (seen with 0x20-mixed case).
// Verified: corpus dnscrypt-v1*, dnscrypt-v2*, avast_securedns (the nonce is repeated in the 14 flows that show
// queries).
#include "classifiers/payload/detectors.h"

namespace weir::payload {
namespace {

constexpr std::string_view kResolverMagic = "r6fnvWj8";
constexpr std::size_t kNonceAt = 8 + 32;
constexpr std::size_t kShortestQuery = kNonceAt + 12 + 16 + 64;  // padded to 64 at least, ISO/IEC 7816-4

char Lower(std::byte b) noexcept {
  const auto c = static_cast<char>(b);
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool IsLabel(ByteReader& reader, std::string_view text) noexcept {
  if (reader.U8() != text.size()) return false;
  const Bytes label = reader.Take(text.size());
  if (label.size() != text.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (Lower(label[i]) != text[i]) return false;
  }
  return true;
}

// The rest of a name, then TXT IN: a provider's name has at least one label.
bool EndsAsTxtQuestion(ByteReader& reader) noexcept {
  int labels = 0;
  for (std::uint8_t length = reader.U8(); length != 0; length = reader.U8(), ++labels) {
    if (length > 63 || !reader.ok()) return false;
    reader.Skip(length);
  }
  return labels > 0 && reader.U16() == 16 && reader.U16() == 1 && reader.ok();
}

PayloadFind CertificateQuestion(const FlowView& view, Bytes message) noexcept {
  if (message.size() < 12 + 5 || LoadBe16(&message[4]) != 1 || (LoadU8(&message[2]) & 0x78) != 0) return {};
  // Whoever asks for it over port 53 may be a forwarder that asks everything from one port.
  const Confidence sure = OnPort(view, 53) ? Confidence::kGuess : Confidence::kCertain;
  ByteReader dnscrypt(message.subspan(12));
  if (!IsLabel(dnscrypt, "2") && !IsLabel(dnscrypt, "1")) return {};
  ByteReader avast = dnscrypt;
  if (IsLabel(dnscrypt, "dnscrypt-cert") && EndsAsTxtQuestion(dnscrypt))
    return {"DNScrypt", sure, "question for a DNSCrypt certificate"};
  if (IsLabel(avast, "securedns") && IsLabel(avast, "avast") && EndsAsTxtQuestion(avast))
    return {"AVASTSecureDNS", sure, "question for Avast's DNSCrypt certificate"};
  return {};
}

// Ten bytes of prefix, an IPv6 (or mapped IPv4) address, a port, a query.
bool IsRelayed(Bytes message) noexcept {
  return message.size() >= 28 + kShortestQuery && LoadBe64(message.data()) == UINT64_MAX &&
         LoadBe16(&message[8]) == 0 && LoadBe16(&message[26]) != 0;
}

bool Repeats(Bytes query, Bytes answer) noexcept {
  return query.size() >= kNonceAt + 12 && answer.size() >= 8 + 24 + 16 && StartsWith(answer, kResolverMagic) &&
         AsText(query.subspan(kNonceAt, 12)) == AsText(answer.subspan(8, 12));
}

}  // namespace

PayloadFind DnsCryptQuestion(const FlowView& view, Bytes datagram, PayloadMemory&) noexcept {
  if (IsRelayed(datagram)) return {"DNScrypt", Confidence::kCertain, "DNSCrypt query to a relay"};
  return CertificateQuestion(view, datagram);
}

PayloadFind DnsCryptAnswer(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept {
  if (view.direction == Direction::kToServer) {
    if (datagram.size() >= kShortestQuery) memory.dnscrypt_nonce = LoadBe64(&datagram[kNonceAt]);
    return {};
  }
  if (datagram.size() < 8 + 24 + 16 || !StartsWith(datagram, kResolverMagic)) return {};
  const bool repeated = memory.dnscrypt_nonce != 0 && memory.dnscrypt_nonce == LoadBe64(&datagram[8]);
  return {"DNScrypt", repeated ? Confidence::kCertain : Confidence::kProbable,
          repeated ? "DNSCrypt answer with the query's nonce" : "DNSCrypt answer"};
}

PayloadFind DnsCryptStream(const FlowView& view, const std::array<Bytes, 2>& heads) noexcept {
  const Bytes asked = heads[Index(Direction::kToServer)];
  const Bytes answered = heads[Index(Direction::kToClient)];
  if (asked.size() < 2) return {};
  if (IsRelayed(asked.subspan(2))) return {"DNScrypt", Confidence::kCertain, "DNSCrypt query to a relay"};
  if (answered.size() > 2 && Repeats(asked.subspan(2), answered.subspan(2)))
    return {"DNScrypt", Confidence::kCertain, "DNSCrypt answer with the query's nonce"};
  return CertificateQuestion(view, asked.subspan(2));
}

}  // namespace weir::payload
