#pragma once
#include <string>

#include "classifiers/metadata/der.h"

namespace weir {

// Values of a certificate as Suricata's events show them, which is as OpenSSL prints them. What is usual (names of
// known attributes in ASCII, times of whole seconds in UTC) is written here, octet by octet; OpenSSL decodes and prints
// the rest, some microseconds each. Empty: it does not parse.

// "C=US, O=Example, CN=*.example.com" (RFC 5280 s4.1.2.4; X509_NAME_print_ex with XN_FLAG_SEP_CPLUS_SPC).
[[nodiscard]] std::string NameText(const der::Element& name);
// The magnitude's octets, "0A:1B" (s4.1.2.2).
[[nodiscard]] std::string SerialText(const der::Element& serial);
// "2023-11-14T22:13:20", UTC (s4.1.2.5).
[[nodiscard]] std::string TimeText(const der::Element& time);

[[nodiscard]] std::string HexPairs(Bytes bytes, std::string_view digits);

}  // namespace weir
