#include <algorithm>
#include <cctype>

#include "tests/disguise/oracle.h"

namespace weir::disguise {
namespace {

std::size_t Number(const Octets& data, std::size_t at, std::size_t size) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<std::size_t>(data[at + i]);
  return value;
}

// A vector of TLS: moves `at` behind it; false if it is cut.
bool Vector(const Octets& data, std::size_t& at, std::size_t end, std::size_t size, std::size_t& content_end) {
  if (at + size > end) return false;
  const std::size_t length = Number(data, at, size);
  at += size;
  content_end = at + length;
  return content_end <= end;
}

void NamesInHello(const Octets& data, std::size_t at, std::size_t end, std::vector<std::string>& names) {
  std::size_t stop = 0;
  at += 34;
  for (const std::size_t size : {1u, 2u, 1u}) {  // session id, cipher suites, compression
    if (!Vector(data, at, end, size, stop)) return;
    at = stop;
  }
  std::size_t extensions_end = 0;
  if (!Vector(data, at, end, 2, extensions_end)) return;
  while (at + 4 <= extensions_end) {
    const std::size_t kind = Number(data, at, 2);
    at += 2;
    if (!Vector(data, at, extensions_end, 2, stop)) return;
    std::size_t list_end = 0;
    std::size_t entry = at;
    if (kind == 0 && Vector(data, entry, stop, 2, list_end)) {
      while (entry + 3 <= list_end) {
        std::size_t name_end = 0;
        ++entry;
        if (!Vector(data, entry, list_end, 2, name_end)) return;
        const auto* text = reinterpret_cast<const char*>(data.data());
        names.emplace_back(text + entry, text + name_end);
        entry = name_end;
      }
    }
    at = stop;
  }
}

bool IsTls(std::string_view s) { return s.size() >= 5 && s[0] >= 20 && s[0] <= 23 && s[1] == 3; }

Octets HandshakeOf(std::string_view s) {
  Octets handshake;
  while (IsTls(s)) {
    const std::size_t end =
        5 + (static_cast<std::size_t>(static_cast<unsigned char>(s[3])) << 8) + static_cast<unsigned char>(s[4]);
    if (end > s.size()) break;
    const Bytes part = AsBytes(s.substr(5, end - 5));
    if (s[0] == 22) handshake.insert(handshake.end(), part.begin(), part.end());
    s.remove_prefix(end);
  }
  return handshake;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string_view Trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  return s.substr(0, s.find_first_of(" \t\r\n"));
}

std::string WithoutPort(std::string_view host) {
  const std::size_t colon = host.find_last_of(':');
  const bool digits =
      colon != std::string_view::npos && std::all_of(host.begin() + static_cast<std::ptrdiff_t>(colon) + 1, host.end(),
                                                     [](unsigned char c) { return std::isdigit(c) != 0; });
  return std::string(digits ? host.substr(0, colon) : host);
}

// The names of one request head, whose request line has three parts.
void NamesInHead(std::string_view head, std::vector<std::string>& names) {
  const std::size_t a = head.find(' ');
  const std::size_t b = head.find(' ', a + 1);
  std::string_view target = head.substr(a + 1, b - a - 1);
  if (head.substr(0, a) == "CONNECT") return names.push_back(WithoutPort(target));
  if (const std::size_t scheme = target.find("://"); scheme != std::string_view::npos) {
    target = target.substr(scheme + 3);
    return names.push_back(WithoutPort(target.substr(0, target.find_first_of("/?#"))));
  }
  for (std::size_t line = head.find('\n'); line != std::string_view::npos; line = head.find('\n', line + 1)) {
    const std::string_view rest = head.substr(line + 1);
    if (Lower(rest.substr(0, 5)) == "host:") names.push_back(WithoutPort(Trim(rest.substr(5))));
  }
}

bool IsRequestLine(std::string_view line) {
  return line.find(" HTTP/1.") != std::string_view::npos && std::count(line.begin(), line.end(), ' ') == 2;
}

}  // namespace

std::vector<std::string> NamesInHandshake(const Octets& messages) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at + 4 <= messages.size();) {
    const std::size_t end = at + 4 + Number(messages, at + 1, 3);
    if (messages[at] == std::byte{1} && end <= messages.size()) NamesInHello(messages, at + 4, end, names);
    at = end;
  }
  return names;
}

std::vector<std::string> NamesInStream(const Octets& stream) {
  std::vector<std::string> names;
  std::string_view s = AsText(stream);
  while (!s.empty() && !IsTls(s)) {
    const std::string_view line = s.substr(0, s.find('\n'));
    if (line.size() == s.size()) break;
    const std::size_t crlf = s.find("\n\r\n");
    const std::size_t lf = s.find("\n\n");
    const std::size_t end =
        std::min(crlf == std::string_view::npos ? crlf : crlf + 3, lf == std::string_view::npos ? lf : lf + 2);
    if (!IsRequestLine(line) || end == std::string_view::npos) {
      s.remove_prefix(line.size() + 1);
      continue;
    }
    NamesInHead(s.substr(0, end), names);
    s.remove_prefix(end);
  }
  for (std::string& name : NamesInHandshake(HandshakeOf(s))) names.push_back(std::move(name));
  return names;
}

bool IsOrIsBelow(std::string name, std::string_view domain) {
  name = Lower(name);
  if (name.ends_with('.')) name.pop_back();
  return name == domain || name.ends_with("." + std::string(domain));
}

}  // namespace weir::disguise
