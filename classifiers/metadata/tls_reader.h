#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "classifiers/metadata/inspector.h"

namespace weir {

// TLS over a byte stream: records, then handshake messages, each across any
// split (RFC 8446 s5.1). Other records between them are skipped. Linear in the
// bytes given. One thread.
//
// What servers take before and around a ClientHello (tried with OpenSSL 3.0.19
// s_server and gnutls-serv 3.7.9): any minor version in a record's header, 0x03ff
// too (both); empty handshake records, up to 32 (OpenSSL); ChangeCipherSpec before
// it and between its fragments (GnuTLS); an SSL 2.0 hello (GnuTLS), which carries
// no name. Go's crypto/tls takes any version below 0x1000. Alerts, application data, other record types, other messages
// and records above 2^14 bytes are refused by both; all but the last are read past here.
class TlsReader {
 public:
  // Could these first bytes be TLS? -1: not enough to tell, 0: no, 1: yes.
  [[nodiscard]] static int Probe(Bytes start) noexcept;

  explicit TlsReader(const ReaderLimits& limits) : limits_(&limits) {}
  void OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  [[nodiscard]] bool has_hello() const noexcept { return client_hello_; }
  // Did the record at hand, or the last one, begin `back` bytes ago?
  [[nodiscard]] bool RecordBegan(Direction direction, std::uint64_t back) const noexcept {
    const Half& half = halves_[Index(direction)];
    return !half.dead && half.seen - half.record_at == back;
  }
  // ... and with no handshake message open?
  [[nodiscard]] bool BetweenMessages(Direction direction) const noexcept {
    return halves_[Index(direction)].record_opens_message;
  }
  [[nodiscard]] std::size_t memory_bytes() const noexcept;
  [[nodiscard]] bool mid_message() const noexcept {
    const Half& client = halves_[Index(Direction::kToServer)];
    return !done_ && !client.dead && (client.header_size + client.record_left > 0 || !client.message.empty());
  }

 private:
  struct Half {
    std::array<std::byte, 5> header{};
    std::uint8_t header_size = 0;
    std::uint8_t type = 0;
    std::uint32_t record_left = 0;   // of the current record
    std::vector<std::byte> message;  // of a handshake message that is not whole
    std::uint64_t seen = 0;
    std::uint64_t record_at = 0;  // `seen` where the record began
    bool record_opens_message = true;
    bool dead = false;  // encrypted or broken: nothing more to read
  };

  void OnHeader(Direction direction, Half& half, Inspection& result);
  void OnHandshake(Direction direction, Half& half, Bytes bytes, Metadata& out, Inspection& result);
  void OnMessage(Direction direction, std::uint8_t type, Bytes body, Metadata& out, Inspection& result);
  void Finish(Inspection& result);

  const ReaderLimits* limits_;
  std::array<Half, 2> halves_;
  std::uint32_t handshake_bytes_ = 0;
  bool client_hello_ = false;
  bool server_hello_ = false;
  bool early_data_ = false;
  bool done_ = false;
  bool told_ = false;  // tx_complete was raised
};

}  // namespace weir
