#include "classifiers/metadata/certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>

#include "classifiers/metadata/names.h"

namespace weir {
namespace {

struct Free {
  void operator()(X509* p) const noexcept { X509_free(p); }
  void operator()(BIO* p) const noexcept { BIO_free(p); }
  void operator()(BIGNUM* p) const noexcept { BN_free(p); }
  void operator()(GENERAL_NAMES* p) const noexcept { GENERAL_NAMES_free(p); }
};

std::string NameText(const X509_NAME* name) {
  const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_SEP_CPLUS_SPC);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string HexPairs(const unsigned char* bytes, std::size_t size, const char* format) {
  std::string text;
  std::array<char, 4> pair{};
  for (std::size_t i = 0; i < size; ++i) {
    std::snprintf(pair.data(), pair.size(), format, bytes[i]);
    if (i > 0) text += ':';
    text += pair.data();
  }
  return text;
}

std::string TimeText(const ASN1_TIME* time) {
  std::tm parts{};
  std::array<char, 32> text{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts)};
}

void AddNames(X509* cert, TxId tx, Metadata& out) {
  const std::unique_ptr<GENERAL_NAMES, Free> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(cert, NID_subject_alt_name, nullptr, nullptr)));
  if (!names) return;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName));
    out.Add(BufferId::kTlsSan, Direction::kToClient, tx, NormaliseHost({text, size}));
  }
}

}  // namespace

void AddCertificate(Bytes body, TxId tx, Metadata& out) {
  ByteReader reader(body);
  ByteReader list(reader.Take(reader.U24()));
  const Bytes der = list.Take(list.U24());
  if (!reader.ok() || !list.ok() || der.empty()) return;
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<X509, Free> cert(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!cert) return;
  const auto add = [&](BufferId id, std::string_view value) { out.Add(id, Direction::kToClient, tx, value); };
  add(BufferId::kTlsSubject, NameText(X509_get_subject_name(cert.get())));
  add(BufferId::kTlsIssuer, NameText(X509_get_issuer_name(cert.get())));
  const ASN1_INTEGER* serial = X509_get0_serialNumber(cert.get());
  add(BufferId::kTlsSerial,
      HexPairs(ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial)), "%02X"));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(cert.get(), EVP_sha1(), digest.data(), &size) == 1) {
    add(BufferId::kTlsFingerprint, HexPairs(digest.data(), size, "%02x"));
  }
  add(BufferId::kTlsNotBefore, TimeText(X509_get0_notBefore(cert.get())));
  add(BufferId::kTlsNotAfter, TimeText(X509_get0_notAfter(cert.get())));
  AddNames(cert.get(), tx, out);
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
