#pragma once
#include <cstdint>
#include <memory>

#include "classifiers/metadata/metadata.h"
#include "dataplane/core/bytes.h"
#include "dataplane/core/flow_view.h"

namespace weir {

// What a reader may still find, as the pipeline needs it to decide a pass.
enum class ReaderState : std::uint8_t {
  kProbing,      // not enough bytes to know the protocol
  kNameMayCome,  // protocol known, a name may still come (hello not complete, HTTP keep-alive, CONNECT, HRR)
  kNoMoreNames,  // protocol known and no further name can come on this flow
  kUnknown,      // none of our protocols
};

// Something odd that was met on the way; counted, and an `anomaly` or `exception` event.
enum class ReaderEvent : std::uint16_t {
  kNone = 0,
  kTlsBadRecord = 1 << 0,
  kTlsHandshakeBudget = 1 << 1,  // beyond ReaderLimits::handshake_bytes, or names beyond ClientHello::kMaxNames
  kQuicUnknownVersion = 1 << 2,
  kQuicDecryptFailed = 1 << 3,
  kHttpBadRequest = 1 << 4,  // two servers would read two requests, or none is readable (http_reader.h)
  kHttpHeadBudget = 1 << 5,
  kDnsMalformed = 1 << 6,
  kEchOffered = 1 << 7,
  kSeveralNames = 1 << 8,    // two different names in one hello or request
  kNestingBudget = 1 << 9,   // tunnels in tunnels beyond what is followed
  kTextBudget = 1 << 10,     // a dialogue longer than ReaderLimits::text_bytes that did not switch to TLS
  kSwitchBudget = 1 << 11,   // TLS may have begun in more places than are followed, or a hello was answered unread
  kHelloConflict = 1 << 12,  // bytes of a hello sent twice and not the same (QUIC, DTLS)
  kWorkBudget = 1 << 14,     // more to open in one datagram than ReaderLimits::opens
  kHttp2Broken = 1 << 13,    // the client's HTTP/2 can be read no further (HPACK defect, interrupted header block)
};
constexpr std::uint16_t Bit(ReaderEvent e) noexcept { return static_cast<std::uint16_t>(e); }

struct ReaderLimits {
  std::uint32_t handshake_bytes = 192 * 1024;  // TLS or QUIC handshake messages before the name, a direction
  std::uint32_t http_head_bytes = 64 * 1024;
  std::uint32_t text_bytes = 256 * 1024;  // of commands in the clear, before a switch to TLS (SMTP, LDAP ...)
  std::uint32_t dns_messages = 64;        // kept in one Metadata
  bool fingerprints = true;               // JA3, JA3S, JA4 of each hello
  bool fingerprints_later = false;        // of a client's what they are made of, for another thread: kHelloShape
  std::uint32_t opens = 12;               // Initials that are tried with keys, a datagram
  std::uint8_t tunnels = 4;               // one within another; HTTP through HTTP proxies counts none
};

struct Inspection {
  ReaderState state = ReaderState::kProbing;
  AppProto proto = AppProto::kUnknown;
  std::uint16_t events = 0;  // ReaderEvent bits that this call raised
  bool tx_complete = false;  // transaction `tx` ended its naming part: write its tls/quic/http/dns event
  TxId tx = 0;
  std::uint32_t opens = 0;   // keys that were tried on Initials
  bool mid_message = false;  // the client's bytes so far end amid what may name something
};

// Could this UDP payload begin or go on with something that names a server: a QUIC
// long header, a DTLS handshake in the clear, a DNS question (each also behind a
// SOCKS5 UDP header)? One load and no taken branch for media and what is sealed:
// it is asked for every datagram of the flows that are decided.
[[nodiscard]] bool LooksLikeAName(Bytes datagram) noexcept;  // the whole test
[[nodiscard]] inline bool MayNameSomething(Bytes datagram) noexcept {
  if (datagram.size() < 17) return false;
  const std::uint64_t head = LoadBe64(datagram.data());
  const bool quic = head >> 62 == 3;
  const bool dtls = (head & 0x00fffc0000000000) == 0x00fefc0000000000;
  const bool dns = (head & 0x00008000ff000000) == 0;
  const bool socks = head >> 40 == 0;
  return (quic | dtls | dns | socks) && LooksLikeAName(datagram);
}

// The readers of one flow: finds out which protocol it speaks by its bytes (any
// port), reads names, and follows it into HTTP CONNECT, SOCKS, the PROXY protocol
// and STARTTLS. A new stream protocol is its file and one line in inspector.cc.
//
// Stream: bytes of each direction in order, each byte once, in pieces of any
// size; what the readers still need they keep themselves, within the limits.
// Datagrams: whole UDP payloads in arrival order.
// Every byte of input is hostile. Never throws except std::bad_alloc, which ends
// the process: memory is bounded by the limits. One thread.
//
// Sources: RFC 8446 s4-5, RFC 5246, RFC 6066 s3, RFC 9000, RFC 9001 s5, RFC 9369,
// RFC 9112, RFC 1035, RFC 8489, RFC 6347; each reader names its own.
class Inspector {
 public:
  explicit Inspector(const ReaderLimits& limits, std::uint8_t ip_proto);
  ~Inspector();
  Inspector(Inspector&&) noexcept;
  Inspector& operator=(Inspector&&) noexcept;

  Inspection OnStream(Direction direction, Bytes in_order, Metadata& out);
  Inspection OnDatagram(Direction direction, Bytes payload, Metadata& out);

  // Inspection::mid_message, at any time.
  [[nodiscard]] bool mid_message() const noexcept;
  // Bytes held now: counted against the worker's budget.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
