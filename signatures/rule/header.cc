// Protocols, addresses and ports of a rule's header.
#include <algorithm>
#include <array>
#include <charconv>

#include "signatures/rule/option.h"

namespace weir {
namespace {

struct ProtocolName {
  std::string_view name;
  std::uint8_t ip_proto;
  AppProto app;
  bool exact = false;
};
constexpr std::array kProtocols = {
    ProtocolName{"ip", 0, AppProto::kUnknown},
    ProtocolName{"tcp", 6, AppProto::kUnknown},
    ProtocolName{"udp", 17, AppProto::kUnknown},
    ProtocolName{"icmp", 1, AppProto::kUnknown},
    ProtocolName{"sctp", 132, AppProto::kUnknown},
    ProtocolName{"tcp-pkt", 6, AppProto::kUnknown},
    ProtocolName{"tcp-stream", 6, AppProto::kUnknown},
    ProtocolName{"tls", 6, AppProto::kTls},
    ProtocolName{"ssl", 6, AppProto::kTls},
    ProtocolName{"quic", 17, AppProto::kQuic},
    ProtocolName{"http", 6, AppProto::kHttp},
    ProtocolName{"http1", 6, AppProto::kHttp, true},
    ProtocolName{"http2", 6, AppProto::kHttp2},
    ProtocolName{"dns", 0, AppProto::kDns},
    ProtocolName{"smtp", 6, AppProto::kSmtp},
    ProtocolName{"imap", 6, AppProto::kImap},
    ProtocolName{"pop3", 6, AppProto::kPop3},
    ProtocolName{"ftp", 6, AppProto::kFtp},
    ProtocolName{"ldap", 6, AppProto::kLdap},
    ProtocolName{"pgsql", 6, AppProto::kPgsql},
    ProtocolName{"rdp", 6, AppProto::kRdp},
    ProtocolName{"irc", 6, AppProto::kIrc},
    ProtocolName{"ssh", 6, AppProto::kSsh},
    ProtocolName{"stun", 17, AppProto::kStun},
    ProtocolName{"dtls", 17, AppProto::kDtls},
};

// The variables of Suricata's default configuration; here they mean any: an inline
// box sees both sides of an uplink, and policy says who is inside.
constexpr std::array<std::string_view, 15> kAddressVariables = {
    "$HOME_NET",    "$EXTERNAL_NET",   "$HTTP_SERVERS",  "$SMTP_SERVERS", "$SQL_SERVERS",
    "$DNS_SERVERS", "$TELNET_SERVERS", "$AIM_SERVERS",   "$DC_SERVERS",   "$DNP3_SERVER",
    "$DNP3_CLIENT", "$MODBUS_CLIENT",  "$MODBUS_SERVER", "$ENIP_CLIENT",  "$ENIP_SERVER"};
constexpr std::array<std::string_view, 11> kPortVariables = {
    "$HTTP_PORTS",      "$SHELLCODE_PORTS", "$ORACLE_PORTS", "$SSH_PORTS",   "$DNP3_PORTS",  "$MODBUS_PORTS",
    "$FILE_DATA_PORTS", "$FTP_PORTS",       "$GENEVE_PORTS", "$VXLAN_PORTS", "$TEREDO_PORTS"};

template <std::size_t N>
bool IsVariable(const std::array<std::string_view, N>& known, std::string_view text) {
  return std::find(known.begin(), known.end(), text) != known.end();
}

// Takes brackets and a leading ! off one level; a nested list is flattened by the caller's loop.
struct Flat {
  std::string_view text;
  bool negated;
};
bool Flatten(std::string_view text, bool negated, std::vector<Flat>& out, int depth) {
  text = TrimBlank(text);
  if (!text.empty() && text.front() == '!') {
    negated = !negated;
    text = TrimBlank(text.substr(1));
  }
  if (text.empty() || text.front() != '[') {
    out.push_back({text, negated});
    return !text.empty();
  }
  if (text.back() != ']' || depth > 8) return false;
  text = text.substr(1, text.size() - 2);
  int level = 0;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '[') ++level;
    if (i < text.size() && text[i] == ']') --level;
    if (i < text.size() && (text[i] != ',' || level != 0)) continue;
    if (!Flatten(text.substr(from, i - from), negated, out, depth + 1)) return false;
    from = i + 1;
  }
  return level == 0;
}

bool ParsePort(std::string_view text, std::uint16_t& port) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  port = static_cast<std::uint16_t>(value);
  return error == std::errc{} && end == text.data() + text.size() && value <= 65535;
}

}  // namespace

std::string ParseProtocol(std::string_view text, RuleHeader& header) {
  for (const ProtocolName& known : kProtocols) {
    if (known.name != text) continue;
    header.ip_proto = known.ip_proto;
    header.app_proto = known.app;
    header.app_exact = known.exact;
    return {};
  }
  return "unknown protocol '" + std::string(text) + "' (tcp, udp, icmp, ip, tls, quic, http, dns ...)";
}

std::string ParseAddresses(std::string_view text, AddressSpec& out) {
  std::vector<Flat> parts;
  if (!Flatten(text, false, parts, 0)) return "'" + std::string(text) + "' is no address list";
  for (const Flat& part : parts) {
    if (part.text == "any" || IsVariable(kAddressVariables, part.text)) continue;
    const auto prefix = Prefix::Parse(std::string(part.text));
    if (!prefix) return "'" + std::string(part.text) + "' is no address, range or variable";
    out.prefixes.emplace_back(*prefix, part.negated);
  }
  return {};
}

std::string ParsePorts(std::string_view text, PortSpec& out) {
  std::vector<Flat> parts;
  if (!Flatten(text, false, parts, 0)) return "'" + std::string(text) + "' is no port list";
  for (const Flat& part : parts) {
    if (part.text == "any" || IsVariable(kPortVariables, part.text)) continue;
    PortSpec::Range range{0, 65535, part.negated};
    const std::size_t colon = part.text.find(':');
    const std::string_view low = part.text.substr(0, colon);
    bool good = low.empty() ? colon != std::string_view::npos : ParsePort(low, range.low);
    if (colon == std::string_view::npos) {
      range.high = range.low;
    } else if (const std::string_view high = part.text.substr(colon + 1); !high.empty()) {
      good = good && ParsePort(high, range.high);
    }
    if (!good || range.low > range.high) return "'" + std::string(part.text) + "' is no port or range";
    out.ranges.push_back(range);
  }
  return {};
}

bool AddressSpec::Contains(const IpAddress& address, std::uint8_t version) const noexcept {
  bool wanted = false;
  bool any_positive = false;
  for (const auto& [prefix, negated] : prefixes) {
    any_positive = any_positive || !negated;
    if (!prefix.Contains(address, version)) continue;
    if (negated) return false;
    wanted = true;
  }
  return wanted || !any_positive;
}

bool PortSpec::Contains(std::uint16_t port) const noexcept {
  bool wanted = false;
  bool any_positive = false;
  for (const Range& range : ranges) {
    any_positive = any_positive || !range.negated;
    if (port < range.low || port > range.high) continue;
    if (range.negated) return false;
    wanted = true;
  }
  return wanted || !any_positive;
}

}  // namespace weir
