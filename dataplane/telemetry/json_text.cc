// JSON strings, addresses and times of EVE.
#include <arpa/inet.h>
#include <fmt/compile.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "dataplane/telemetry/eve_format.h"
#include "dataplane/telemetry/json_put.h"

namespace weir {
namespace {

// Length of the UTF-8 sequence at `at`, 0 if it is none (RFC 3629 s4).
std::size_t Utf8Length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  const std::size_t n = first >= 0xc2 && first <= 0xdf   ? 2
                        : (first & 0xf0) == 0xe0         ? 3
                        : first >= 0xf0 && first <= 0xf4 ? 4
                                                         : 0;
  if (n == 0 || at + n > text.size()) return 0;
  for (std::size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool surrogate = first == 0xed && byte(1) > 0x9f;
  const bool beyond = first == 0xf4 && byte(1) > 0x8f;
  return overlong || surrogate || beyond ? 0 : n;
}

// No octet that JSON escapes, none beyond ASCII; without a branch an octet, so that the compiler takes many at once.
bool IsPlain(std::string_view text) {
  unsigned char odd = 0;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    odd |= static_cast<unsigned char>((octet < 0x20) | (octet >= 0x7f) | (octet == '"') | (octet == '\\'));
  }
  return odd == 0;
}

void AppendIpv6(const IpAddress& address, JsonBuffer& out) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i)
    groups[i] = static_cast<unsigned>(address.octets[2 * i] << 8 | address.octets[2 * i + 1]);
  // The first of the longest runs of zeros, of two at least (RFC 5952 s4.2).
  std::size_t start = 8, length = 1;
  for (std::size_t i = 0; i < 8;) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > length) start = i, length = end - i;
    i = end + 1;
  }
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == start) {
      out.append(std::string_view("::"));
      i += length - 1;
      continue;
    }
    if (i != 0 && i != start + length) out.push_back(':');
    fmt::format_to(fmt::appender(out), FMT_COMPILE("{:x}"), groups[i]);
  }
}

}  // namespace

void AppendAddress(const IpAddress& address, std::uint8_t version, JsonBuffer& out) {
  const auto& octets = address.octets;
  if (version == 4) {
    Put(out, octets[0], ".", octets[1], ".", octets[2], ".", octets[3]);
    return;
  }
  // Addresses with an IPv4 address in them (RFC 5952 s5) are rare: inet_ntop knows which.
  if (std::all_of(octets.begin(), octets.begin() + 10, [](std::uint8_t octet) { return octet == 0; })) {
    std::array<char, INET6_ADDRSTRLEN> room{};
    out.append(std::string_view(inet_ntop(AF_INET6, octets.data(), room.data(), static_cast<socklen_t>(room.size()))));
    return;
  }
  AppendIpv6(address, out);
}

void AppendJsonString(std::string_view text, JsonBuffer& out) {
  constexpr auto is_plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  if (IsPlain(text)) {
    out.push_back('"');
    out.append(text);
    out.push_back('"');
    return;
  }
  out.push_back('"');
  for (std::size_t i = 0; i < text.size();) {
    const auto plain_end = std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(), is_plain);
    const auto end = static_cast<std::size_t>(plain_end - text.begin());
    if (end > i) out.append(text.substr(i, end - i));
    i = end;
    if (i == text.size()) break;
    const char c = text[i];
    const std::size_t n = static_cast<unsigned char>(c) >= 0x80 ? Utf8Length(text, i) : 0;
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (n == 0) {
      fmt::format_to(fmt::appender(out), FMT_COMPILE("\\u{:04x}"), static_cast<unsigned char>(c));
    } else {
      out.append(text.substr(i, n));
    }
    i += std::max<std::size_t>(n, 1);
  }
  out.push_back('"');
}

// Events come in the order of time or nearly so: all but the microseconds is written once a second.
void AppendTimestamp(Timestamp time, JsonBuffer& out) {
  using std::chrono::microseconds, std::chrono::seconds;
  struct Second {
    std::chrono::sys_seconds at{seconds{-1}};
    JsonBuffer text;
  };
  thread_local Second last;
  const std::chrono::sys_time<microseconds> at{microseconds{time.us}};
  const auto second = std::chrono::floor<seconds>(at);
  if (second != last.at || last.text.size() == 0) {
    const auto day = std::chrono::floor<std::chrono::days>(second);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{second - day};
    last.at = second;
    last.text.clear();
    fmt::format_to(fmt::appender(last.text), FMT_COMPILE("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}."),
                   static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                   static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
                   clock.seconds().count());
  }
  out.append(last.text.data(), last.text.data() + last.text.size());
  std::array<char, 11> rest = {'0', '0', '0', '0', '0', '0', '+', '0', '0', '0', '0'};
  auto us = static_cast<std::uint32_t>((at - second).count());
  for (std::size_t digit = 6; us != 0; us /= 10) rest[--digit] = static_cast<char>('0' + us % 10);
  out.append(rest.data(), rest.data() + rest.size());
}

}  // namespace weir
