#include "classifiers/metadata/certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>
#include <string>

#include "classifiers/metadata/names.h"

namespace weir {
namespace {

struct Free {
  void operator()(BIO* p) const noexcept { BIO_free(p); }
  void operator()(X509_NAME* p) const noexcept { X509_NAME_free(p); }
  void operator()(ASN1_STRING* p) const noexcept { ASN1_STRING_free(p); }  // ASN1_TIME, ASN1_INTEGER
};

std::string NameText(const X509_NAME* name) {
  const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_SEP_CPLUS_SPC);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string HexPairs(const unsigned char* bytes, std::size_t size, std::string_view digits) {
  std::string text;
  text.reserve(3 * size);
  for (std::size_t i = 0; i < size; ++i) {
    if (i > 0) text += ':';
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

std::string TimeText(const ASN1_TIME* time) {
  std::tm parts{};
  std::array<char, 32> text{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts)};
}

// One DER element (X.690 s8.1, s10.1): definite lengths of at most three octets.
struct Element {
  std::uint8_t tag = 0;
  Bytes whole, content;
};

// Takes one; false: none stands whole at the front of `from`.
// `from` is not of `out`.
bool Take(Bytes& from, Element& out) {
  if (from.size() < 2) return false;
  const auto at = [&](std::size_t i) { return std::to_integer<std::size_t>(from[i]); };
  std::size_t length = at(1), head = 2;
  if (length >= 0x80) {
    const std::size_t octets = length & 0x7f;
    if (octets == 0 || octets > 3 || from.size() < 2 + octets) return false;
    for (length = 0; head < 2 + octets; ++head) length = length << 8 | at(head);
  }
  if (from.size() - head < length) return false;
  out = {static_cast<std::uint8_t>(at(0)), from.first(head + length), from.subspan(head, length)};
  from = from.subspan(head + length);
  return true;
}

bool Take(Bytes& from, std::uint8_t tag, Element& out) { return Take(from, out) && out.tag == tag; }

// What AddCertificate reads of a TBSCertificate (RFC 5280 s4.1).
struct Parts {
  Element serial, issuer, not_before, not_after, subject;
  Bytes names;  // GeneralNames; empty: none
};

constexpr std::uint8_t kBoolean = 0x01, kInteger = 0x02, kOctets = 0x04, kOid = 0x06, kSequence = 0x30;
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

std::string NameText(const Element& name) {
  const auto* at = reinterpret_cast<const unsigned char*>(name.whole.data());
  const std::unique_ptr<X509_NAME, Free> parsed(d2i_X509_NAME(nullptr, &at, static_cast<long>(name.whole.size())));
  return parsed ? NameText(parsed.get()) : std::string{};
}

// The magnitude's octets: OpenSSL knows about signs and padding.
std::string SerialText(const Element& serial) {
  const auto* at = reinterpret_cast<const unsigned char*>(serial.whole.data());
  const std::unique_ptr<ASN1_INTEGER, Free> parsed(
      d2i_ASN1_INTEGER(nullptr, &at, static_cast<long>(serial.whole.size())));
  if (!parsed) return {};
  return HexPairs(ASN1_STRING_get0_data(parsed.get()), static_cast<std::size_t>(ASN1_STRING_length(parsed.get())),
                  "0123456789ABCDEF");
}

std::string TimeText(const Element& time) {
  const auto* at = reinterpret_cast<const unsigned char*>(time.whole.data());
  const std::unique_ptr<ASN1_TIME, Free> parsed(d2i_ASN1_TIME(nullptr, &at, static_cast<long>(time.whole.size())));
  return parsed ? TimeText(parsed.get()) : std::string{};
}

void AddNames(Bytes names, TxId tx, Metadata& out) {
  for (Element name; Take(names, name);) {
    if (name.tag != kDnsName) continue;
    const auto* text = reinterpret_cast<const char*>(name.content.data());
    out.Add(BufferId::kTlsSan, Direction::kToClient, tx, NormaliseHost({text, name.content.size()}));
  }
}

}  // namespace

// Element by element: d2i_X509 would look for a decoder of the public key, 0.1 ms in OpenSSL 3, and nobody asks for the
// key.
void AddCertificate(Bytes body, TxId tx, Metadata& out) {
  ByteReader reader(body);
  ByteReader list(reader.Take(reader.U24()));
  const Bytes der = list.Take(list.U24());
  Parts parts;
  if (!reader.ok() || !list.ok() || !Walk(der, parts)) return;
  const auto add = [&](BufferId id, std::string_view value) { out.Add(id, Direction::kToClient, tx, value); };
  add(BufferId::kTlsSubject, NameText(parts.subject));
  add(BufferId::kTlsIssuer, NameText(parts.issuer));
  add(BufferId::kTlsSerial, SerialText(parts.serial));
  static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(der.data(), der.size(), digest.data(), &size, sha1, nullptr) == 1) {
    add(BufferId::kTlsFingerprint, HexPairs(digest.data(), size, "0123456789abcdef"));
  }
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
