// JSON strings and times of EVE.
#include <fmt/compile.h>

#include <algorithm>
#include <chrono>

#include "dataplane/telemetry/eve_format.h"

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

}  // namespace

void AppendJsonString(std::string_view text, JsonBuffer& out) {
  constexpr auto is_plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
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
      fmt::format_to(std::back_inserter(out), FMT_COMPILE("\\u{:04x}"), static_cast<unsigned char>(c));
    } else {
      out.append(text.substr(i, n));
    }
    i += std::max<std::size_t>(n, 1);
  }
  out.push_back('"');
}

void AppendTimestamp(Timestamp time, JsonBuffer& out) {
  using std::chrono::days;
  const std::chrono::sys_time<std::chrono::microseconds> at{std::chrono::microseconds{time.us}};
  const auto day = std::chrono::floor<days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{at - day};
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+0000"),
                 static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                 clock.hours().count(), clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

}  // namespace weir
