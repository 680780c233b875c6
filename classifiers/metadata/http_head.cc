#include "classifiers/metadata/http_head.h"

#include <algorithm>
#include <array>

#include "classifiers/metadata/http_framing.h"
#include "classifiers/metadata/names.h"

namespace weir {
namespace {

constexpr std::size_t kProbeLine =
    4000;  // an unknown method, of any length (nginx), shows a target or a version by then
constexpr std::size_t kMostEmptyLines = 32;

constexpr std::array<std::string_view, 17> kMethods = {"GET",       "POST",  "HEAD",  "PUT",   "DELETE", "OPTIONS",
                                                       "CONNECT",   "PATCH", "TRACE", "MERGE", "PRI",    "PROPFIND",
                                                       "PROPPATCH", "MKCOL", "COPY",  "MOVE",  "REPORT"};
constexpr std::array<std::string_view, 5> kHostSchemes = {"http", "https", "ws", "wss", "ftp"};

bool IsAlphaNumeric(char c) noexcept {
  const char lower = static_cast<char>(c | 0x20);
  return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
}

// tchar (RFC 9110 s5.6.2)
bool IsToken(char c) noexcept {
  return IsAlphaNumeric(c) || (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

// RFC 9112 s3: SP, HTAB, VT, FF or bare CR between the parts.
bool IsGap(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r' && c != '\n'); }

bool IsVersion(std::string_view text) noexcept {
  return text.size() >= 6 && EqualsNoCase(text.substr(0, 5), "HTTP/") && text[5] >= '0' && text[5] <= '9';
}

// "RTSP/1.0", "SIP/2.0": letters, a slash, a digit.
bool IsOtherVersion(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < text.size() && text[slash + 1] >= '0' &&
         text[slash + 1] <= '9' &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(slash),
                     [](char c) { return c >= 'A' && c <= 'Z'; });
}

template <std::size_t N>
bool Known(const std::array<std::string_view, N>& words, std::string_view word) noexcept {
  return std::any_of(words.begin(), words.end(), [&](std::string_view known) { return EqualsNoCase(known, word); });
}

// What follows a scheme's colon, if the target begins with one (RFC 3986 s3.1).
std::string_view Scheme(std::string_view target) noexcept {
  const std::size_t colon = target.find(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  const std::string_view scheme = target.substr(0, colon);
  const bool valid = std::all_of(scheme.begin(), scheme.end(),
                                 [](char c) { return IsAlphaNumeric(c) || c == '+' || c == '-' || c == '.'; });
  return valid ? scheme : std::string_view{};
}

bool IsSlash(char c) noexcept { return c == '/' || c == '\\'; }

void AddReadings(std::string_view rest, std::vector<std::string_view>& out) {
  const auto add = [&](std::string_view authority, std::size_t at) {
    if (at != std::string_view::npos) authority.remove_prefix(at + 1);
    if (!authority.empty() && std::find(out.begin(), out.end(), authority) == out.end()) out.push_back(authority);
  };
  // RFC 3986 ends an authority at "/?#" and userinfo at its "@"; URL parsers of browsers end it at a backslash too
  // and userinfo at the last "@".
  for (const std::string_view ends : {"/?#", "/?#\\"}) {
    const std::string_view authority = rest.substr(0, rest.find_first_of(ends));
    add(authority, authority.rfind('@'));
    add(authority, authority.find('@'));
  }
}

}  // namespace

RequestLine ReadRequestLine(std::string_view line) noexcept {
  while (!line.empty() && IsGap(line.front())) line.remove_prefix(1);
  while (!line.empty() && IsGap(line.back())) line.remove_suffix(1);
  RequestLine request;
  const auto method_end = std::find_if_not(line.begin(), line.end(), IsToken);
  const std::string_view method = line.substr(0, static_cast<std::size_t>(method_end - line.begin()));
  line.remove_prefix(method.size());
  if (method.empty() || line.empty() || !IsGap(line.front())) return request;
  while (!line.empty() && IsGap(line.front())) line.remove_prefix(1);
  const auto version_start = std::find_if(line.rbegin(), line.rend(), IsGap).base();
  const std::string_view last = line.substr(static_cast<std::size_t>(version_start - line.begin()));
  if (IsVersion(last) && last.size() < line.size()) {
    request.version = last;
    line.remove_suffix(last.size());
    while (!line.empty() && IsGap(line.back())) line.remove_suffix(1);
  } else {
    const bool ancient = method == "GET" || method == "HEAD" || method == "POST";
    if (!ancient || (last.size() < line.size() && IsOtherVersion(last))) return request;
  }
  request.method = method;
  request.target = line;
  return request;
}

int ProbeHttpResponse(std::string_view start) noexcept {
  constexpr std::string_view kResponse = "HTTP/1.";
  if (start.starts_with(kResponse)) return 1;
  return kResponse.starts_with(start) ? -1 : 0;
}

int ProbeHttp(std::string_view start) noexcept {
  const std::size_t empty_lines = std::min(start.find_first_not_of("\r\n \t"), start.size());
  start.remove_prefix(empty_lines);
  if (empty_lines >= kMostEmptyLines) return 1;
  if (start.empty()) return -1;
  const int response = ProbeHttpResponse(start);
  if (response != 0) return response;
  start = start.substr(0, kProbeLine);  // so that more bytes at once say the same
  const bool more = start.size() < kProbeLine;
  const auto method_end = std::find_if_not(start.begin(), start.end(), IsToken);
  const std::string_view method = start.substr(0, static_cast<std::size_t>(method_end - start.begin()));
  std::string_view rest = start.substr(method.size());
  if (rest.empty()) return more ? -1 : 0;
  if (method.empty() || !(rest.front() == ' ' || (IsGap(rest.front()) && rest.front() != '\r'))) return 0;
  while (!rest.empty() && IsGap(rest.front())) rest.remove_prefix(1);
  if (std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end()) return 1;
  if (rest.empty()) return more ? -1 : 0;
  // An unknown method: by the target's form, or by the version at the line's end, if that
  // is near enough to be waited for.
  if (rest.front() == '/' || Known(kHostSchemes, Scheme(rest))) return 1;
  const std::size_t line_end = start.find('\n');
  if (line_end != std::string_view::npos) return ReadRequestLine(start.substr(0, line_end)).method.empty() ? 0 : 1;
  return more ? -1 : 0;
}

std::vector<std::string_view> TargetAuthorities(std::string_view target, bool connect) {
  std::vector<std::string_view> found;
  const std::string_view scheme = Scheme(target);
  std::string_view rest = target;
  if (!scheme.empty()) rest.remove_prefix(scheme.size() + 1);
  const std::size_t slashes =
      static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), IsSlash) - rest.begin());
  rest.remove_prefix(slashes);
  if (!scheme.empty() && (slashes >= 2 || Known(kHostSchemes, scheme))) {
    AddReadings(rest, found);
  } else if (connect) {
    AddReadings(target, found);
  } else if (scheme.empty() && slashes >= 2) {
    // `//host/path`: a path for most, an authority for RFC 3986 s4.2; a first segment without a dot is no host.
    std::vector<std::string_view> hosts;
    AddReadings(rest, hosts);
    std::copy_if(hosts.begin(), hosts.end(), std::back_inserter(found),
                 [](std::string_view host) { return host.find('.') != std::string_view::npos; });
  }
  return found;
}

std::uint16_t AddHost(std::string_view value, TxId tx, std::string& first, Metadata& out) {
  std::uint16_t events = 0;
  const HostReadings readings = ReadHost(value);
  if (!readings.well_formed) events |= Bit(ReaderEvent::kHttpBadRequest);
  if (first.empty()) first = readings.names.front();
  if (first != readings.names.front()) events |= Bit(ReaderEvent::kSeveralNames);
  for (const std::string& name : readings.names) out.Add(BufferId::kHttpHost, Direction::kToServer, tx, name);
  out.Add(BufferId::kHttpHostRaw, Direction::kToServer, tx, value);
  return events;
}

std::uint16_t AddRequest(std::string_view method, std::string_view target, TxId tx, std::string& first, Metadata& out) {
  out.Add(BufferId::kHttpMethod, Direction::kToServer, tx, method);
  if (!target.empty()) {
    out.Add(BufferId::kHttpUri, Direction::kToServer, tx, target);
    out.Add(BufferId::kHttpUriRaw, Direction::kToServer, tx, target);
  }
  std::uint16_t events = 0;
  for (const std::string_view host : TargetAuthorities(target, EqualsNoCase(method, "CONNECT")))
    events |= AddHost(host, tx, first, out);
  return events;
}

void AddField(Direction direction, std::string_view name, std::string_view value, TxId tx, Metadata& out) {
  if (EqualsNoCase(name, "content-type")) return out.Add(BufferId::kHttpContentType, direction, tx, value);
  if (direction == Direction::kToClient) return;
  if (EqualsNoCase(name, "user-agent")) return out.Add(BufferId::kHttpUserAgent, direction, tx, value);
  if (EqualsNoCase(name, "referer")) out.Add(BufferId::kHttpReferer, direction, tx, value);
}

void AppendHeader(std::string_view name, std::string_view value, std::string& header) {
  if (EqualsNoCase(name, "cookie") || EqualsNoCase(name, "set-cookie")) return;
  header.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace weir
