#include "classifiers/metadata/names.h"

#include <idn2.h>

#include <algorithm>

namespace weir {
namespace {

constexpr std::size_t kMaxIdn = 1024;

int HexDigit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string PercentDecoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0;
    out.push_back(escape ? static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2])) : text[i]);
    if (escape) i += 2;
  }
  return out;
}

// What stands before the port. An IPv6 address without brackets has colons of its own.
std::string_view WithoutPort(std::string_view name) noexcept {
  if (!name.empty() && name.front() == '[') {
    const std::size_t end = name.find(']');
    return end == std::string_view::npos ? name : name.substr(0, end + 1);
  }
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos || colon == 0) return name;
  const bool ipv6 =
      name.find(':', colon + 1) != std::string_view::npos &&
      std::all_of(name.begin(), name.end(), [](char c) { return HexDigit(c) >= 0 || c == ':' || c == '.'; });
  return ipv6 ? name : name.substr(0, colon);
}

bool IsAscii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool ToAscii(const std::string& name, std::string& out) {
  std::uint8_t* mapped = nullptr;
  const int status = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(name.c_str()), &mapped,
                                    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL | IDN2_NO_ALABEL_ROUNDTRIP);
  if (status == IDN2_OK) out.append(reinterpret_cast<const char*>(mapped));
  idn2_free(mapped);
  return status == IDN2_OK;
}

// The dots of IDNA (RFC 3490 s3.1): U+3002, U+FF0E, U+FF61.
void MapDots(std::string& name) {
  for (const std::string_view dot : {"\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1"}) {
    std::string out;
    for (std::size_t at = 0; at < name.size();) {
      const bool here = std::string_view(name).substr(at, dot.size()) == dot;
      out.push_back(here ? '.' : name[at]);
      at += here ? dot.size() : 1;
    }
    name = std::move(out);
  }
}

std::string Mapped(std::string name) {
  std::string whole;
  if (ToAscii(name, whole)) return whole;
  MapDots(name);
  std::string out;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    const std::string label = name.substr(at, end - at);
    if (at > 0) out.push_back('.');
    if (IsAscii(label) || !ToAscii(label, out)) out.append(label);
    at = end + 1;
  }
  return out;
}

// Unreserved (RFC 3986 s2.3), what an address or a port needs, and UTF-8.
bool MayStandInHost(char c) noexcept {
  const auto u = static_cast<unsigned char>(c);
  const char lower = static_cast<char>(c | 0x20);
  return u >= 0x80 || (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~:[]%*").find(c) != std::string_view::npos;
}

// What each byte of a plain host becomes; 0: it makes the host another kind.
constexpr std::array<char, 256> PlainBytes() noexcept {
  std::array<char, 256> bytes{};
  for (char c = 'a'; c <= 'z'; ++c) {
    bytes[static_cast<unsigned char>(c)] = c;
    bytes[static_cast<unsigned char>(c - 'a' + 'A')] = c;
  }
  for (const char c : std::string_view("0123456789-._~*")) bytes[static_cast<unsigned char>(c)] = c;
  return bytes;
}

}  // namespace

bool PlainHost::Read(std::string_view name) noexcept {
  static constexpr std::array<char, 256> kPlain = PlainBytes();
  size_ = 0;
  if (name.size() > text_.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    text_[i] = kPlain[static_cast<unsigned char>(name[i])];
    if (text_[i] == 0) return false;
  }
  size_ = name.ends_with('.') ? name.size() - 1 : name.size();
  return true;
}

std::string NormaliseHost(std::string_view name) {
  std::string host = PercentDecoded(name);
  host = std::string(WithoutPort(host));
  if (!IsAscii(host) && host.size() <= kMaxIdn && host.find('\0') == std::string::npos) host = Mapped(std::move(host));
  if (!host.empty() && host.back() == '.') host.pop_back();
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return host;
}

HostReadings ReadHost(std::string_view value) {
  HostReadings readings;
  readings.names.push_back(NormaliseHost(value));
  const std::string decoded = PercentDecoded(value);
  std::string_view rest = decoded;
  readings.well_formed = std::all_of(rest.begin(), rest.end(), MayStandInHost);
  while (!readings.well_formed && !rest.empty()) {
    const auto end = std::find_if_not(rest.begin(), rest.end(), MayStandInHost);
    const auto size = static_cast<std::size_t>(end - rest.begin());
    if (size > 0) readings.names.push_back(NormaliseHost(rest.substr(0, size)));
    rest.remove_prefix(std::min(size + 1, rest.size()));
  }
  return readings;
}

}  // namespace weir
