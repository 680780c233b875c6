#include "classifiers/metadata/certificate.h"

#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include <fmt/format.h>

#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir {
namespace {

using test::Octets;
using test::operator+;

struct Wanted {
  std::string common_name = "chat.example";
  std::string names = "DNS:chat.example,DNS:*.chat.example";  // empty: no such extension
  bool rsa = false;
  int version = 2;                             // as encoded: 2 is v3
  std::vector<unsigned char> serial = {0x2a};  // magnitude
  bool negative = false;
  std::time_t ends = 1'800'000'000;  // from 2050 on a GeneralizedTime (RFC 5280 s4.1.2.5)
  bool other_extension = false;      // before the names, critical
};

// A self-signed certificate in DER.
Octets SelfSigned(const Wanted& wanted) {
  static const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> ec(EVP_EC_gen("P-256"), EVP_PKEY_free);
  static const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> rsa(EVP_RSA_gen(1024), EVP_PKEY_free);
  EVP_PKEY* key = wanted.rsa ? rsa.get() : ec.get();
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), wanted.version);
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> serial(
      BN_bin2bn(wanted.serial.data(), static_cast<int>(wanted.serial.size()), nullptr), BN_free);
  BN_set_negative(serial.get(), wanted.negative ? 1 : 0);
  BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get()));
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), 1'700'000'000);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), wanted.ends);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto* text = reinterpret_cast<const unsigned char*>(wanted.common_name.data());
  X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>("M\xc3\xbcller"), -1, -1,
                             0);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, static_cast<int>(wanted.common_name.size()), -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  const auto extend = [&](int kind, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
  };
  if (wanted.other_extension) extend(NID_basic_constraints, "critical,CA:TRUE,pathlen:3");
  if (!wanted.names.empty()) extend(NID_subject_alt_name, wanted.names.c_str());
  X509_sign(certificate.get(), key, EVP_sha256());
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate.get(), &der);
  Octets out(reinterpret_cast<std::byte*>(der), reinterpret_cast<std::byte*>(der) + length);
  OPENSSL_free(der);
  return out;
}
Octets SelfSigned(const char* common_name, const char* names) {
  return SelfSigned({.common_name = common_name, .names = names});
}

using Fields = std::vector<std::pair<BufferId, std::string>>;

Fields FieldsOf(const Octets& der) {
  Metadata found;
  AddCertificate(test::Sized(3, test::Sized(3, der)), 0, found);
  Fields fields;
  for (std::size_t i = 0; i < found.size(); ++i)
    fields.emplace_back(found.field(i).id, std::string(found.value(found.field(i))));
  return fields;
}

std::string Printed(const std::function<void(BIO*)>& print) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  print(out.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string Time(const ASN1_TIME* time) {
  std::tm parts{};
  std::array<char, 32> text{};
  EXPECT_EQ(ASN1_TIME_to_tm(time, &parts), 1);
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts)};
}

// What OpenSSL's own certificate says.
Fields ByOpenSsl(const Octets& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())),
                                                                X509_free);
  const auto name = [](const X509_NAME* of) {
    return Printed([of](BIO* out) { X509_NAME_print_ex(out, of, 0, XN_FLAG_SEP_CPLUS_SPC); });
  };
  const auto hex = [](const unsigned char* bytes, std::size_t size, const char* form) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i)
      text += fmt::format(fmt::runtime(i > 0 ? ":{}" : "{}"), fmt::format(fmt::runtime(form), bytes[i]));
    return text;
  };
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate.get());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  X509_digest(certificate.get(), EVP_sha1(), digest.data(), &size);
  Fields fields = {{BufferId::kTlsSubject, name(X509_get_subject_name(certificate.get()))},
                   {BufferId::kTlsIssuer, name(X509_get_issuer_name(certificate.get()))},
                   {BufferId::kTlsSerial,
                    hex(ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial)), "{:02X}")},
                   {BufferId::kTlsFingerprint, hex(digest.data(), size, "{:02x}")},
                   {BufferId::kTlsNotBefore, Time(X509_get0_notBefore(certificate.get()))},
                   {BufferId::kTlsNotAfter, Time(X509_get0_notAfter(certificate.get()))}};
  auto* names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* each = sk_GENERAL_NAME_value(names, i);
    if (each->type != GEN_DNS) continue;
    fields.emplace_back(BufferId::kTlsSan,
                        std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(each->d.dNSName)),
                                    static_cast<std::size_t>(ASN1_STRING_length(each->d.dNSName))));
  }
  GENERAL_NAMES_free(names);
  return fields;
}

TEST(AddCertificate, SaysWhatOpenSslSays) {
  const std::vector<Wanted> kinds = {
      {},
      {.rsa = true},
      {.names = "", .version = 0},
      {.names = "critical,DNS:a.example"},
      {.names = "IP:192.0.2.1,DNS:a.example,email:x@b.example,URI:https://c.example/,DNS:b.example",
       .other_extension = true},
      {.serial = {0x80, 0, 0, 1}},
      {.serial = {0x80, 0, 0, 1}, .negative = true},
      {.serial = {}},
      {.serial = std::vector<unsigned char>(20, 0x7f)},
      {.ends = 4'000'000'000},
      {.names = "DNS:" + std::string(60, 'a') + "." + std::string(60, 'b') + "." + std::string(60, 'c') + ".example"},
  };
  for (const Wanted& kind : kinds) {
    const Octets der = SelfSigned(kind);
    EXPECT_EQ(FieldsOf(der), ByOpenSsl(der)) << &kind - kinds.data();
  }
}

TEST(AddCertificate, SaysNothingOfACertificateCutAnywhere) {
  const Octets der = SelfSigned({.other_extension = true});
  for (std::size_t n = 0; n < der.size(); ++n)
    EXPECT_TRUE(FieldsOf(Octets(der.begin(), der.begin() + static_cast<long>(n))).empty()) << n;
}

// The outer lengths are not signed: a server may write them as OpenSSL's clients take them.
TEST(AddCertificate, ReadsLengthsOfAnotherForm) {
  const Octets der = SelfSigned({});
  const Octets content(der.begin() + 4, der.end());  // 30 82 xx xx
  const Octets long_form = test::Hex("30 84 00 00") + Octets(der.begin() + 2, der.begin() + 4) + content;
  const Octets indefinite = test::Hex("30 80") + content + test::Hex("00 00");
  for (const Octets& other : {long_form, indefinite}) {
    Fields found = FieldsOf(other);
    const Fields wanted = FieldsOf(der);
    ASSERT_EQ(found.size(), wanted.size());
    found[3] = wanted[3];  // the fingerprint is of the bytes that came
    EXPECT_EQ(found, wanted);
  }
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
