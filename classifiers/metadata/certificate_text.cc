#include "classifiers/metadata/certificate_text.h"

#include <openssl/bio.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace weir {
namespace {

constexpr std::string_view kUpperDigits = "0123456789ABCDEF";

struct Free {
  void operator()(BIO* p) const noexcept { BIO_free(p); }
  void operator()(X509_NAME* p) const noexcept { X509_NAME_free(p); }
  void operator()(ASN1_STRING* p) const noexcept { ASN1_STRING_free(p); }  // ASN1_TIME, ASN1_INTEGER
};

const unsigned char* Start(const der::Element& element) noexcept {
  return reinterpret_cast<const unsigned char*>(element.whole.data());
}

std::string NameByOpenSsl(const der::Element& name) {
  const unsigned char* at = Start(name);
  const std::unique_ptr<X509_NAME, Free> parsed(d2i_X509_NAME(nullptr, &at, static_cast<long>(name.whole.size())));
  if (!parsed) return {};
  const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), parsed.get(), 0, XN_FLAG_SEP_CPLUS_SPC);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string TimeByOpenSsl(const der::Element& time) {
  const unsigned char* at = Start(time);
  const std::unique_ptr<ASN1_TIME, Free> parsed(d2i_ASN1_TIME(nullptr, &at, static_cast<long>(time.whole.size())));
  std::tm parts{};
  std::array<char, 32> text{};
  if (!parsed || ASN1_TIME_to_tm(parsed.get(), &parts) != 1) return {};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts)};
}

std::string SerialByOpenSsl(const der::Element& serial) {
  const unsigned char* at = Start(serial);
  const std::unique_ptr<ASN1_INTEGER, Free> parsed(
      d2i_ASN1_INTEGER(nullptr, &at, static_cast<long>(serial.whole.size())));
  if (!parsed) return {};
  const auto* magnitude = reinterpret_cast<const std::byte*>(ASN1_STRING_get0_data(parsed.get()));
  return HexPairs({magnitude, static_cast<std::size_t>(ASN1_STRING_length(parsed.get()))}, kUpperDigits);
}

// Attribute types of names that are met (RFC 4519, the CA/Browser Forum's), with OpenSSL's short names.
struct Attribute {
  Bytes oid;
  std::string_view name;
};
std::string_view ShortName(Bytes oid) {
  static const std::vector<Attribute> kKnown = [] {
    std::vector<Attribute> known;
    for (const int nid : {NID_commonName, NID_organizationName, NID_countryName, NID_organizationalUnitName,
                          NID_localityName, NID_stateOrProvinceName, NID_serialNumber, NID_businessCategory,
                          NID_jurisdictionCountryName, NID_jurisdictionStateOrProvinceName,
                          NID_jurisdictionLocalityName, NID_domainComponent, NID_pkcs9_emailAddress, NID_streetAddress,
                          NID_postalCode, NID_givenName, NID_surname, NID_title, NID_organizationIdentifier}) {
      const ASN1_OBJECT* object = OBJ_nid2obj(nid);
      known.push_back(
          {{reinterpret_cast<const std::byte*>(OBJ_get0_data(object)), OBJ_length(object)}, OBJ_nid2sn(nid)});
    }
    return known;
  }();
  const auto found = std::ranges::find_if(kKnown, [oid](const Attribute& a) { return std::ranges::equal(a.oid, oid); });
  return found == kKnown.end() ? std::string_view{} : found->name;
}

// Of octets below 0x80 these types say the same characters; OpenSSL prints them as they are.
bool IsPlain(const der::Element& value) noexcept {
  return (value.tag == der::kUtf8 || value.tag == der::kPrintable || value.tag == der::kIa5) &&
         std::ranges::all_of(value.content, [](std::byte b) { return b < std::byte{0x80}; });
}

// RDNs of one attribute each, all of them plain; else nothing.
std::optional<std::string> PlainName(const der::Element& name) {
  std::optional<std::string> text{std::in_place};
  for (Bytes rest = name.content; !rest.empty();) {
    der::Element set, attribute, type, value;
    const bool one = der::Take(rest, der::kSet, set) && der::Take(set.content, der::kSequence, attribute) &&
                     set.content.empty() && der::Take(attribute.content, der::kOid, type) &&
                     der::Take(attribute.content, value) && attribute.content.empty() && IsPlain(value);
    const std::string_view key = one ? ShortName(type.content) : std::string_view{};
    if (key.empty()) return std::nullopt;
    if (!text->empty()) text->append(", ");
    text->append(key).append(1, '=');
    text->append(reinterpret_cast<const char*>(value.content.data()), value.content.size());
  }
  return text;
}

// YYMMDDHHMMSSZ (RFC 5280 s4.1.2.5.1) and YYYYMMDDHHMMSSZ (s4.1.2.5.2), days that every month has.
std::optional<std::string> PlainTime(const der::Element& time) {
  const std::size_t year = time.tag == der::kUtcTime ? 2 : 4;
  if ((time.tag != der::kUtcTime && time.tag != der::kGeneralizedTime) || time.content.size() != year + 11)
    return std::nullopt;
  const std::string_view text{reinterpret_cast<const char*>(time.content.data()), time.content.size()};
  const auto pair = [&](std::size_t at) { return (text[at] - '0') * 10 + text[at + 1] - '0'; };
  const auto within = [&](std::size_t at, int low, int high) { return pair(at) >= low && pair(at) <= high; };
  const bool usual = text.back() == 'Z' && (year == 2 || text[0] != '0') &&
                     std::ranges::all_of(text.substr(0, year + 10), [](char c) { return c >= '0' && c <= '9'; }) &&
                     within(year, 1, 12) && within(year + 2, 1, 28) && within(year + 4, 0, 23) &&
                     within(year + 6, 0, 59) && within(year + 8, 0, 59);
  if (!usual) return std::nullopt;
  std::string out;
  out.reserve(19);
  if (year == 2) out.append(pair(0) < 50 ? "20" : "19", 2);
  out.append(text.substr(0, year));
  for (const auto& [mark, at] : {std::pair{'-', 0}, {'-', 2}, {'T', 4}, {':', 6}, {':', 8}})
    out.append(1, mark).append(text.substr(year + static_cast<std::size_t>(at), 2));
  return out;
}

}  // namespace

std::string HexPairs(Bytes bytes, std::string_view digits) {
  std::string text(bytes.empty() ? 0 : 3 * bytes.size() - 1, ':');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto octet = std::to_integer<unsigned>(bytes[i]);
    text[3 * i] = digits[octet >> 4];
    text[3 * i + 1] = digits[octet & 15];
  }
  return text;
}

std::string NameText(const der::Element& name) {
  std::optional<std::string> plain = PlainName(name);
  return plain ? std::move(*plain) : NameByOpenSsl(name);
}

std::string SerialText(const der::Element& serial) {
  const Bytes octets = serial.content;
  const auto at = [&](std::size_t i) { return i < octets.size() ? std::to_integer<unsigned>(octets[i]) : 0u; };
  if (serial.tag == der::kInteger && at(0) >= 1 && at(0) < 0x80) return HexPairs(octets, kUpperDigits);
  if (serial.tag == der::kInteger && at(0) == 0 && at(1) >= 0x80) return HexPairs(octets.subspan(1), kUpperDigits);
  return SerialByOpenSsl(serial);  // zero, negative or padded
}

std::string TimeText(const der::Element& time) {
  std::optional<std::string> plain = PlainTime(time);
  return plain ? std::move(*plain) : TimeByOpenSsl(time);
}

}  // namespace weir
