#include "dataplane/core/prefix.h"

#include <arpa/inet.h>

#include <charconv>

namespace weir {

std::optional<Prefix> Prefix::Parse(const std::string& text) {
  Prefix prefix;
  const std::size_t slash = text.find('/');
  const std::string host = text.substr(0, slash);
  prefix.ip_version = host.find(':') == std::string::npos ? 4 : 6;
  const unsigned most = prefix.ip_version == 4 ? 32 : 128;
  if (inet_pton(prefix.ip_version == 4 ? AF_INET : AF_INET6, host.c_str(), prefix.address.octets.data()) != 1)
    return {};
  unsigned length = most;
  if (slash != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + slash + 1, end, length);
    if (parsed.ec != std::errc{} || parsed.ptr != end || length > most) return {};
  }
  prefix.length = static_cast<std::uint8_t>(length);
  return prefix;
}

bool Prefix::Contains(const IpAddress& a, std::uint8_t version) const noexcept {
  if (version != ip_version) return false;
  const std::size_t whole = length / 8;
  for (std::size_t i = 0; i < whole; ++i) {
    if (a.octets[i] != address.octets[i]) return false;
  }
  const int bits = length % 8;
  return bits == 0 || ((a.octets[whole] ^ address.octets[whole]) >> (8 - bits)) == 0;
}

}  // namespace weir
