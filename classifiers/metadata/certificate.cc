#include "classifiers/metadata/certificate.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // SHA1: EVP's own set-up costs more than the digest

#include <openssl/sha.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "classifiers/metadata/certificate_text.h"
#include "classifiers/metadata/der.h"
#include "classifiers/metadata/names.h"

namespace weir {
namespace {

using der::Element;
using der::kBoolean, der::kInteger, der::kOctets, der::kOid, der::kSequence;
using der::Take;

// What AddCertificate reads of a TBSCertificate (RFC 5280 s4.1).
struct Parts {
  Element serial, issuer, not_before, not_after, subject;
  Bytes names;  // GeneralNames; empty: none
};

constexpr std::uint8_t kVersion = 0xa0, kExtensions = 0xa3, kDnsName = 0x82;

// False: they do not parse. No subjectAltName is no failure.
bool FindNames(Bytes extensions, Bytes& names) {
  static constexpr std::array<std::byte, 3> kSubjectAltName = {std::byte{0x55}, std::byte{0x1d}, std::byte{0x11}};
  Element list, extension, oid, value, inner;
  if (!Take(extensions, kSequence, list)) return false;
  while (!list.content.empty()) {
    if (!Take(list.content, kSequence, extension) || !Take(extension.content, kOid, oid) ||
        !Take(extension.content, value))
      return false;
    if (value.tag == kBoolean && !Take(extension.content, value)) return false;  // critical
    if (value.tag != kOctets) return false;
    if (std::ranges::equal(oid.content, kSubjectAltName) && Take(value.content, kSequence, inner))
      names = inner.content;
  }
  return true;
}

bool Walk(Bytes der, Parts& out) {
  Element certificate, tbs, skipped, validity;
  if (!Take(der, kSequence, certificate) || !Take(certificate.content, kSequence, tbs)) return false;
  Bytes rest = tbs.content;
  if (!Take(rest, out.serial)) return false;
  if (out.serial.tag == kVersion && !Take(rest, out.serial)) return false;
  const bool whole = out.serial.tag == kInteger && Take(rest, kSequence, skipped) &&
                     Take(rest, kSequence, out.issuer) && Take(rest, kSequence, validity) &&
                     Take(validity.content, out.not_before) && Take(validity.content, out.not_after) &&
                     Take(rest, kSequence, out.subject) && Take(rest, kSequence, skipped);  // the key
  if (!whole) return false;
  while (!rest.empty()) {
    if (!Take(rest, skipped)) return false;
    if (skipped.tag == kExtensions && !FindNames(skipped.content, out.names)) return false;
  }
  return true;
}

void AddNames(Bytes names, TxId tx, Metadata& out) {
  for (Element name; Take(names, name);) {
    if (name.tag != kDnsName) continue;
    const auto* text = reinterpret_cast<const char*>(name.content.data());
    out.Add(BufferId::kTlsSan, Direction::kToClient, tx, NormaliseHost({text, name.content.size()}));
  }
}

// Lengths of another form (indefinite ones) stand outside of what is signed; OpenSSL takes them, and so do its clients.
// DER of what it read; empty where it reads none.
std::vector<std::byte> ByOpenSsl(Bytes certificate) {
  const auto* at = reinterpret_cast<const unsigned char*>(certificate.data());
  const std::unique_ptr<X509, decltype(&X509_free)> parsed(
      d2i_X509(nullptr, &at, static_cast<long>(certificate.size())), X509_free);
  const int size = parsed ? i2d_X509(parsed.get(), nullptr) : 0;
  if (size <= 0) return {};
  std::vector<std::byte> der(static_cast<std::size_t>(size));
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_X509(parsed.get(), &out);
  return der;
}

}  // namespace

// Element by element: d2i_X509 would look for a decoder of the public key, 0.1 ms in OpenSSL 3, and nobody asks for the
// key.
void AddCertificate(Bytes body, TxId tx, Metadata& out) {
  ByteReader reader(body);
  ByteReader list(reader.Take(reader.U24()));
  const Bytes leaf = list.Take(list.U24());
  Parts parts;
  if (!reader.ok() || !list.ok()) return;
  std::vector<std::byte> encoded_anew;
  if (!Walk(leaf, parts)) {
    encoded_anew = ByOpenSsl(leaf);
    parts = {};
    if (!Walk(encoded_anew, parts)) return;
  }
  const auto add = [&](BufferId id, std::string_view value) { out.Add(id, Direction::kToClient, tx, value); };
  add(BufferId::kTlsSubject, NameText(parts.subject));
  add(BufferId::kTlsIssuer, NameText(parts.issuer));
  add(BufferId::kTlsSerial, SerialText(parts.serial));
  std::array<std::byte, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(leaf.data()), leaf.size(),
       reinterpret_cast<unsigned char*>(digest.data()));
  add(BufferId::kTlsFingerprint, HexPairs(digest, "0123456789abcdef"));
  add(BufferId::kTlsNotBefore, TimeText(parts.not_before));
  add(BufferId::kTlsNotAfter, TimeText(parts.not_after));
  AddNames(parts.names, tx, out);
}

std::string_view CommonName(std::string_view subject) noexcept {
  constexpr std::string_view kKey = "CN=";
  std::size_t at = subject.find(kKey);
  while (at != std::string_view::npos && at != 0 && subject[at - 1] != ' ') at = subject.find(kKey, at + 1);
  if (at == std::string_view::npos) return {};
  const std::string_view name = subject.substr(at + kKey.size());
  return name.substr(0, name.find(','));
}

}  // namespace weir
