#include <algorithm>
#include <cstring>

#include "classifiers/payload/payload.h"

namespace weir {
namespace {

char Lower(std::byte b) noexcept {
  const char c = static_cast<char>(b);
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool Ends(Bytes name, std::string_view labels) noexcept {
  if (name.size() < labels.size()) return false;
  const Bytes end = name.last(labels.size());
  return std::equal(end.begin(), end.end(), labels.begin(), [](std::byte b, char c) { return Lower(b) == c; });
}

// The encoded name of the only question, if it is for TXT of "2.something"; else empty.
Bytes CertificateQuestion(Bytes message) noexcept {
  constexpr std::size_t kHeader = 12;
  if (message.size() < kHeader + 8 || LoadBe16(&message[4]) != 1) return {};
  if (LoadU8(&message[12]) != 1 || message[13] != std::byte{'2'}) return {};
  std::size_t at = kHeader;
  while (at < message.size() && message[at] != std::byte{0}) {
    const std::size_t label = LoadU8(&message[at]);
    if (label > 63) return {};
    at += label + 1;
  }
  if (at + 5 > message.size() || LoadBe16(&message[at + 1]) != 16 || LoadBe16(&message[at + 3]) != 1) return {};
  return message.subspan(kHeader, at + 1 - kHeader);
}

}  // namespace

// dnscrypt.info/protocol, "Certificates": before anything else the client asks the resolver for
// TXT of 2.dnscrypt-cert.<provider>; the answer is a text that begins with "DNSC", the version
// of the construction (1 or 2) and a zero minor version. Certain with the answer. On port 53
// anybody's resolver may be asked that: then only what follows (r6fnvWj8, payload.rules) counts.
// Verified on dnscrypt-v1-and-resolver-pings.pcap and avast_securedns.pcapng.
PayloadFinding DetectDnsCrypt(const FlowView& view, Bytes datagram) noexcept {
  constexpr std::size_t kCertificate = 124;  // and longer by its extensions
  if (view.server_port == 53) return {};
  const Bytes name = CertificateQuestion(datagram);
  if (name.empty()) return {};
  constexpr std::string_view kAvastName(
      "\x09securedns\x05"
      "avast\x03"
      "com\0",
      21);
  constexpr std::string_view kPrefix(
      "\x01"
      "2\x0d"
      "dnscrypt-cert",
      16);
  const std::string_view app = Ends(name, kAvastName) ? "AVASTSecureDNS" : "DNScrypt";
  const bool answer = (LoadU8(&datagram[2]) & 0x80) != 0;
  if (!answer) {
    const bool named = app != "DNScrypt" || (name.size() > kPrefix.size() && Ends(name.first(kPrefix.size()), kPrefix));
    if (!named) return {};
    return {app, Confidence::kProbable, "DNSCrypt certificate question"};
  }
  constexpr std::string_view kMagic("DNSC\0", 5);
  const std::string_view rest = AsText(datagram.subspan(12 + name.size()));
  const std::size_t at = rest.find(kMagic);
  if (at == std::string_view::npos || at == 0 || static_cast<unsigned char>(rest[at - 1]) < kCertificate) return {};
  if (rest.size() - at < kCertificate || rest[at + 5] < 1 || rest[at + 5] > 2 || rest[at + 6] != 0) return {};
  return {app, Confidence::kCertain, "DNSCrypt certificate"};
}

}  // namespace weir
