#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace weir {

// The buffers that readers fill and rules match on: Suricata's sticky buffers.
// A new one is one line here, one in its reader, and one in the keyword table.
#define WEIR_BUFFERS(X)                      \
  X(kPayload, "payload")                     \
  X(kTlsSni, "tls.sni")                      \
  X(kTlsAlpn, "tls.alpn")                    \
  X(kTlsVersion, "tls.version")              \
  X(kTlsSubject, "tls.cert_subject")         \
  X(kTlsIssuer, "tls.cert_issuer")           \
  X(kTlsSerial, "tls.cert_serial")           \
  X(kTlsFingerprint, "tls.cert_fingerprint") \
  X(kTlsNotBefore, "tls.notbefore")          \
  X(kTlsNotAfter, "tls.notafter")            \
  X(kTlsSan, "tls.subjectaltname")           \
  X(kJa3, "ja3.hash")                        \
  X(kJa3String, "ja3.string")                \
  X(kJa3s, "ja3s.hash")                      \
  X(kJa3sString, "ja3s.string")              \
  X(kJa4, "ja4.hash")                        \
  X(kHelloShape, "hello shape")              \
  X(kEch, "tls.ech")                         \
  X(kQuicSni, "quic.sni")                    \
  X(kQuicVersion, "quic.version")            \
  X(kHttpHost, "http.host")                  \
  X(kHttpHostRaw, "http.host.raw")           \
  X(kHttpUserAgent, "http.user_agent")       \
  X(kHttpMethod, "http.method")              \
  X(kHttpUri, "http.uri")                    \
  X(kHttpUriRaw, "http.uri.raw")             \
  X(kHttpProtocol, "http.protocol")          \
  X(kHttpContentType, "http.content_type")   \
  X(kHttpReferer, "http.referer")            \
  X(kHttpStatus, "http.stat_code")           \
  X(kHttpHeader, "http.header")              \
  X(kDnsQuery, "dns.query")                  \
  X(kDnsRrname, "dns.rrname")                \
  X(kDnsRrtype, "dns.rrtype")                \
  X(kDnsRcode, "dns.rcode")                  \
  X(kDnsAnswer, "dns.answer")                \
  X(kStunSoftware, "stun.software")          \
  X(kStunRealm, "stun.realm")                \
  X(kSocksHost, "socks.host")

enum class BufferId : std::uint8_t {
#define X(name, text) name,
  WEIR_BUFFERS(X)
#undef X
};
inline constexpr std::array kBufferNames = {
#define X(name, text) std::string_view{text},
    WEIR_BUFFERS(X)
#undef X
};
inline constexpr std::size_t kBufferCount = kBufferNames.size();
constexpr std::string_view Name(BufferId id) noexcept { return kBufferNames[static_cast<std::size_t>(id)]; }

}  // namespace weir
