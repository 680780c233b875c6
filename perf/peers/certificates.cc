#include "perf/peers/certificates.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <memory>

namespace weir::perf {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

// Valid from the day before the captures' time for a year (leaf), for ten (authority).
constexpr std::time_t kNotBefore = 1'789'900'000;
constexpr std::time_t kDay = 86'400;

Key KeyOf(std::string_view text) {
  std::array<unsigned char, 32> seed{};
  std::copy_n(text.begin(), std::min(text.size(), seed.size()), seed.begin());
  return {EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()), &EVP_PKEY_free};
}

bool Set(X509_NAME* name, const char* field, const std::string& text) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool Extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  const std::unique_ptr<CONF, decltype(&NCONF_free)> none{NCONF_new(nullptr), &NCONF_free};  // policies ask for one
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509V3_set_nconf(&context, none.get());
  X509_EXTENSION* extension = X509V3_EXT_nconf_nid(none.get(), &context, nid, value.c_str());
  const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

Certificate Start(const std::string& common_name, std::uint64_t serial, std::time_t days, EVP_PKEY* key) {
  Certificate made{X509_new(), &X509_free};
  const bool set = made != nullptr && X509_set_version(made.get(), X509_VERSION_3) == 1 &&
                   ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), serial) == 1 &&
                   ASN1_TIME_set(X509_getm_notBefore(made.get()), kNotBefore) != nullptr &&
                   ASN1_TIME_set(X509_getm_notAfter(made.get()), kNotBefore + days * kDay) != nullptr &&
                   Set(X509_get_subject_name(made.get()), "C", "US") &&
                   Set(X509_get_subject_name(made.get()), "O", "Example Trust") &&
                   Set(X509_get_subject_name(made.get()), "CN", common_name) && X509_set_pubkey(made.get(), key) == 1;
  if (!set) made.reset();
  return made;
}

bool Finish(X509* certificate, X509* issuer, EVP_PKEY* key) {
  return X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
         Extend(certificate, issuer, NID_subject_key_identifier, "hash") &&
         Extend(certificate, issuer, NID_authority_key_identifier, "keyid:always") &&
         X509_sign(certificate, key, nullptr) > 0;  // Ed25519 takes no digest of its own
}

test::Octets Der(X509* certificate) {
  test::Octets out(static_cast<std::size_t>(std::max(0, i2d_X509(certificate, nullptr))));
  auto* at = reinterpret_cast<unsigned char*>(out.data());
  if (i2d_X509(certificate, &at) <= 0) out.clear();
  return out;
}

}  // namespace

std::vector<test::Octets> CertificatesFor(const std::string& name) {
  const Key authority_key = KeyOf("weir perf authority"), leaf_key = KeyOf(name);
  if (authority_key == nullptr || leaf_key == nullptr) return {};
  const Certificate authority = Start("Example Issuing CA 1", 0x5a17c0de5a17c0de, 3650, authority_key.get());
  const Certificate leaf = Start(name, 0x4000000000000000 + std::hash<std::string>{}(name) / 4, 365, leaf_key.get());
  if (authority == nullptr || leaf == nullptr) return {};
  const bool made = Extend(authority.get(), authority.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    Extend(authority.get(), authority.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    Finish(authority.get(), authority.get(), authority_key.get()) &&
                    Extend(leaf.get(), authority.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                    Extend(leaf.get(), authority.get(), NID_key_usage, "critical,digitalSignature") &&
                    Extend(leaf.get(), authority.get(), NID_ext_key_usage, "serverAuth,clientAuth") &&
                    Extend(leaf.get(), authority.get(), NID_subject_alt_name, "DNS:" + name + ",DNS:*." + name) &&
                    Extend(leaf.get(), authority.get(), NID_info_access,
                           "OCSP;URI:http://ocsp.ca.example/,caIssuers;URI:http://ca.example/ca1.der") &&
                    Extend(leaf.get(), authority.get(), NID_certificate_policies, "2.23.140.1.2.1") &&
                    Finish(leaf.get(), authority.get(), authority_key.get());
  if (!made) return {};
  return {Der(leaf.get()), Der(authority.get())};
}

}  // namespace weir::perf
