// The tls, quic, dns and http objects of EVE: which buffer stands under which key.
#include <fmt/compile.h>

#include <array>
#include <string_view>

#include "dataplane/telemetry/eve_format.h"
#include "dataplane/telemetry/json_put.h"

namespace weir {
namespace {

enum class As : std::uint8_t { kText, kNumber, kList };
struct Key {
  BufferId buffer;
  std::string_view name;
  As as = As::kText;
};

constexpr std::array kTls = {Key{BufferId::kTlsSubject, "subject"},
                             Key{BufferId::kTlsIssuer, "issuerdn"},
                             Key{BufferId::kTlsSerial, "serial"},
                             Key{BufferId::kTlsFingerprint, "fingerprint"},
                             Key{BufferId::kTlsSni, "sni"},
                             Key{BufferId::kTlsVersion, "version"},
                             Key{BufferId::kTlsNotBefore, "notbefore"},
                             Key{BufferId::kTlsNotAfter, "notafter"},
                             Key{BufferId::kTlsAlpn, "alpn", As::kList},
                             Key{BufferId::kTlsSan, "subjectaltname", As::kList},
                             Key{BufferId::kJa4, "ja4"}};
constexpr std::array kQuic = {Key{BufferId::kQuicVersion, "version"}, Key{BufferId::kQuicSni, "sni"},
                              Key{BufferId::kTlsAlpn, "alpn", As::kList}, Key{BufferId::kJa4, "ja4"}};
constexpr std::array kHttp = {Key{BufferId::kHttpHost, "hostname"},
                              Key{BufferId::kHttpUri, "url"},
                              Key{BufferId::kHttpUserAgent, "http_user_agent"},
                              Key{BufferId::kHttpContentType, "http_content_type"},
                              Key{BufferId::kHttpReferer, "http_refer"},
                              Key{BufferId::kHttpMethod, "http_method"},
                              Key{BufferId::kHttpProtocol, "protocol"},
                              Key{BufferId::kHttpStatus, "status", As::kNumber}};

// Suricata 7 says "version":"2" where HTTP/1 has its protocol.
constexpr std::array kHttp2 = {Key{BufferId::kHttpHost, "hostname"},
                               Key{BufferId::kHttpUri, "url"},
                               Key{BufferId::kHttpUserAgent, "http_user_agent"},
                               Key{BufferId::kHttpContentType, "http_content_type"},
                               Key{BufferId::kHttpReferer, "http_refer"},
                               Key{BufferId::kHttpMethod, "http_method"},
                               Key{BufferId::kHttpStatus, "status", As::kNumber}};

bool IsNumber(std::string_view text) {
  return !text.empty() && text.size() <= 9 && text.find_first_not_of("0123456789") == std::string_view::npos &&
         (text.size() == 1 || text.front() != '0');
}

void AppendKey(const Key& key, const std::vector<DecodedField>& fields, bool& first, JsonBuffer& out) {
  bool open = false;
  for (const DecodedField& field : fields) {
    if (field.id != key.buffer || (key.as == As::kNumber && !IsNumber(field.value))) continue;
    if (!open) Put(out, first ? "" : ",", "\"", key.name, "\":", key.as == As::kList ? "[" : "");
    if (open) out.push_back(',');
    open = true;
    first = false;
    if (key.as == As::kNumber) {
      out.append(field.value);
    } else {
      AppendJsonString(field.value, out);
    }
    if (key.as != As::kList) return;
  }
  if (open) out.push_back(']');
}

// rrtype numbers by name (IANA DNS parameters), others as TYPEn (RFC 3597 s5).
void AppendRrtype(std::string_view number, JsonBuffer& out) {
  struct Named {
    std::string_view number, name;
  };
  static constexpr std::array kNames = {
      Named{"1", "A"},      Named{"2", "NS"},      Named{"5", "CNAME"}, Named{"6", "SOA"},    Named{"12", "PTR"},
      Named{"15", "MX"},    Named{"16", "TXT"},    Named{"28", "AAAA"}, Named{"33", "SRV"},   Named{"43", "DS"},
      Named{"46", "RRSIG"}, Named{"48", "DNSKEY"}, Named{"64", "SVCB"}, Named{"65", "HTTPS"}, Named{"255", "ANY"}};
  for (const Named& named : kNames) {
    if (named.number == number) return AppendJsonString(named.name, out);
  }
  Put(out, "\"TYPE", number, "\"");
}

std::string_view First(BufferId id, const std::vector<DecodedField>& fields) {
  for (const DecodedField& field : fields) {
    if (field.id == id) return field.value;
  }
  return "";  // fmt wants a pointer, also of nothing
}

// An answer's kind by its text: what the reader keeps is addresses and names.
std::string_view KindOf(std::string_view rdata) {
  if (rdata.find(':') != std::string_view::npos) return "AAAA";
  return !rdata.empty() && rdata.find_first_not_of("0123456789.") == std::string_view::npos ? "A" : "CNAME";
}

void AppendGrouped(const std::vector<DecodedField>& fields, JsonBuffer& out) {
  bool any = false;
  for (const std::string_view kind : {"A", "AAAA", "CNAME"}) {
    bool open = false;
    for (const DecodedField& field : fields) {
      if (field.id != BufferId::kDnsAnswer || KindOf(field.value) != kind) continue;
      if (!open) Put(out, any ? "," : ",\"grouped\":{", "\"", kind, "\":[");
      if (open) out.push_back(',');
      open = any = true;
      AppendJsonString(field.value, out);
    }
    if (open) out.push_back(']');
  }
  if (any) out.push_back('}');
}

void AppendDns(const ProtocolEvent& event, const std::vector<DecodedField>& fields, JsonBuffer& out) {
  const std::string_view rcode = First(BufferId::kDnsRcode, fields);
  const bool answer = !rcode.empty();
  const std::string_view name = First(answer ? BufferId::kDnsRrname : BufferId::kDnsQuery, fields);
  Put(out, ",\"dns\":{\"version\":2,\"type\":\"", answer ? "answer" : "query", "\",\"tx_id\":", event.tx,
      ",\"rrname\":");
  AppendJsonString(name, out);
  out.append(std::string_view(",\"rrtype\":"));
  AppendRrtype(First(BufferId::kDnsRrtype, fields), out);
  if (answer) {
    static constexpr std::array<std::string_view, 6> kCodes = {"NOERROR",  "FORMERR", "SERVFAIL",
                                                               "NXDOMAIN", "NOTIMP",  "REFUSED"};
    const std::size_t code = rcode.size() == 1 ? static_cast<std::size_t>(rcode[0] - '0') : kCodes.size();
    out.append(std::string_view(",\"rcode\":"));
    AppendJsonString(code < kCodes.size() ? kCodes[code] : rcode, out);
    AppendGrouped(fields, out);
  }
  out.push_back('}');
}

// "ja3":{"hash":..,"string":..}
void AppendJa(std::string_view name, BufferId hash, BufferId text, const std::vector<DecodedField>& fields, bool& first,
              JsonBuffer& out) {
  const std::string_view value = First(hash, fields);
  if (value.empty()) return;
  Put(out, first ? "" : ",", "\"", name, "\":{\"hash\":\"", value, "\",\"string\":");
  AppendJsonString(First(text, fields), out);
  out.push_back('}');
  first = false;
}

template <std::size_t N>
void AppendObject(std::string_view name, const std::array<Key, N>& keys, const std::vector<DecodedField>& fields,
                  JsonBuffer& out, std::string_view fixed = "") {
  Put(out, ",\"", name, "\":{", fixed);
  bool first = fixed.empty();
  for (const Key& key : keys) AppendKey(key, fields, first, out);
  AppendJa("ja3", BufferId::kJa3, BufferId::kJa3String, fields, first, out);
  AppendJa("ja3s", BufferId::kJa3s, BufferId::kJa3sString, fields, first, out);
  out.push_back('}');
}

}  // namespace

void AppendProtocolObject(const ProtocolEvent& event, const std::vector<DecodedField>& fields, JsonBuffer& out) {
  switch (event.proto) {
    case AppProto::kTls:
      return AppendObject("tls", kTls, fields, out);
    case AppProto::kQuic:
      return AppendObject("quic", kQuic, fields, out);
    case AppProto::kHttp:
      return AppendObject("http", kHttp, fields, out);
    case AppProto::kHttp2:
      return AppendObject("http", kHttp2, fields, out, "\"version\":\"2\"");
    case AppProto::kDns:
      return AppendDns(event, fields, out);
    default:
      return;
  }
}

}  // namespace weir
