#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/bytes.h"
#include "dataplane/core/flow_view.h"

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
  X(kEch, "tls.ech")                         \
  X(kQuicSni, "quic.sni")                    \
  X(kQuicVersion, "quic.version")            \
  X(kQuicUserAgent, "quic.ua")               \
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
  X(kStunRealm, "stun.realm")

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

// A transaction: one TLS or QUIC handshake, one HTTP request and its response,
// one DNS message. Counted from 0 in each flow (EVE `tx_id`).
using TxId = std::uint32_t;

// What the readers found in one undecided flow. Owned by the flow's inspection
// state, gone when the flow is decided. A field never changes once added; a
// name with several values (two SNI entries, DNS questions) is several fields.
// Values are normalised as Suricata does (names lower case, one trailing dot and
// a port stripped in kHttpHost; kHttpHostRaw keeps the bytes).
// One thread: the flow's worker. May allocate (undecided flows only).
class Metadata {
 public:
  struct Field {
    BufferId id;
    Direction direction;
    TxId tx;
    std::uint32_t offset;
    std::uint32_t size;
  };

  void Add(BufferId id, Direction direction, TxId tx, std::string_view value);

  [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
  [[nodiscard]] const Field& field(std::size_t i) const noexcept { return fields_[i]; }
  [[nodiscard]] std::string_view value(const Field& f) const noexcept {
    return std::string_view(arena_).substr(f.offset, f.size);
  }
  // The first field of that kind in the transaction, empty where there is none.
  [[nodiscard]] std::string_view First(BufferId id, TxId tx) const noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return arena_.capacity() + fields_.capacity() * sizeof(Field);
  }

  // Forgets the fields of transactions before `tx` (HTTP keep-alive, DNS).
  void DropBefore(TxId tx);

 private:
  std::vector<Field> fields_;
  std::string arena_;
};

}  // namespace weir
