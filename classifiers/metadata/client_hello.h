#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "classifiers/metadata/metadata.h"
#include "dataplane/core/bytes.h"

namespace weir {

// What one ClientHello says, as far as its bytes are whole. Views point into the
// message. Source: RFC 8446 s4.1.2, RFC 6066 s3, RFC 7301, RFC 9849 (ECH).
struct ClientHello {
  static constexpr std::size_t kMaxNames = 32;  // more are an event, RFC 6066 s3 allows one
  static constexpr std::size_t kMaxAlpn = 16;
  bool whole = false;         // parsed to its end without a defect
  std::uint16_t version = 0;  // legacy_version
  bool more_names = false;    // than kMaxNames
  std::uint8_t name_count = 0;
  std::uint8_t alpn_count = 0;
  bool early_data = false;
  bool ech = false;
  std::array<std::string_view, kMaxNames> names{};  // every host_name entry of every server_name extension
  std::array<std::string_view, kMaxAlpn> alpn{};
};

// `body`: the message after its 4-byte handshake header. A defect ends the
// parse; what came before it is kept.
enum class HelloForm : std::uint8_t { kTls, kDtls };  // DTLS has a cookie in it (RFC 6347 s4.2.1)
[[nodiscard]] ClientHello ParseClientHello(Bytes body, HelloForm form = HelloForm::kTls) noexcept;

// Adds the hello's fields, names into `sni` (kTlsSni or kQuicSni), normalised.
// Returns ReaderEvent bits.
std::uint16_t AddClientHello(const ClientHello& hello, BufferId sni, TxId tx, Metadata& out);

struct ServerHello {
  bool whole = false;
  bool retry = false;         // HelloRetryRequest: another ClientHello follows
  std::uint16_t version = 0;  // negotiated, supported_versions taken into account
  std::string_view alpn;      // up to TLS 1.2
};
[[nodiscard]] ServerHello ParseServerHello(Bytes body) noexcept;

[[nodiscard]] std::string_view TlsVersionName(std::uint16_t version) noexcept;  // "TLS 1.3"

}  // namespace weir
