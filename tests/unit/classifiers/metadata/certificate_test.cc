#include "classifiers/metadata/certificate.h"

#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include <memory>

#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir {
namespace {

using test::Octets;

// A self-signed certificate in DER.
Octets SelfSigned(const char* common_name, const char* names) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 0x2a);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), 1'700'000'000);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), 1'800'000'000);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
  X509_add_ext(certificate.get(), extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate.get(), &der);
  Octets out(reinterpret_cast<std::byte*>(der), reinterpret_cast<std::byte*>(der) + length);
  OPENSSL_free(der);
  return out;
}

TEST(AddCertificate, ReadsTheLeaf) {
  Metadata found;
  const Octets der = SelfSigned("chat.example", "DNS:chat.example,DNS:*.chat.example");
  AddCertificate(test::Sized(3, test::Sized(3, der)), 2, found);
  EXPECT_NE(found.First(BufferId::kTlsSubject, 2).find("CN=chat.example"), std::string_view::npos)
      << found.First(BufferId::kTlsSubject, 2);
  EXPECT_EQ(found.First(BufferId::kTlsSubject, 2), found.First(BufferId::kTlsIssuer, 2));
  EXPECT_EQ(found.First(BufferId::kTlsSerial, 2), "2A");
  EXPECT_EQ(found.First(BufferId::kTlsNotBefore, 2), "2023-11-14T22:13:20");
  EXPECT_EQ(found.First(BufferId::kTlsFingerprint, 2).size(), 59u);  // 20 octets with colons
  std::size_t names = 0;
  for (std::size_t i = 0; i < found.size(); ++i) names += found.field(i).id == BufferId::kTlsSan ? 1 : 0;
  EXPECT_EQ(names, 2u);
}

TEST(CommonName, IsReadFromTheSubjectThatAddCertificateWrites) {
  Metadata found;
  AddCertificate(test::Sized(3, test::Sized(3, SelfSigned("*.chat.example", "DNS:chat.example"))), 0, found);
  EXPECT_EQ(CommonName(found.First(BufferId::kTlsSubject, 0)), "*.chat.example");
}

TEST(CommonName, IsAnElementOfItsOwnAndEndsAtTheNext) {
  EXPECT_EQ(CommonName("C=US, O=Example, CN=a.example, OU=x"), "a.example");
  EXPECT_EQ(CommonName("O=xCN=b.example, CN=a.example"), "a.example");
  EXPECT_EQ(CommonName("C=US, O=Example"), "");
  EXPECT_EQ(CommonName(""), "");
}

TEST(AddCertificate, AddsNothingOfWhatDoesNotParse) {
  const Octets body = test::Sized(3, test::Sized(3, SelfSigned("chat.example", "DNS:chat.example")));
  for (std::size_t n = 0; n < body.size(); n += 7) {
    Metadata found;
    AddCertificate(Bytes(body).first(n), 0, found);
    EXPECT_EQ(found.size(), 0u) << n;
  }
}

}  // namespace
}  // namespace weir
