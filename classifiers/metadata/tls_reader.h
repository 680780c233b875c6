#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "classifiers/metadata/inspector.h"

namespace weir {

// TLS over a byte stream: records, then handshake messages, each across any
// split (RFC 8446 s5.1). Other records between them are skipped. Linear in the
// bytes given. One thread.
class TlsReader {
 public:
  // Could these first bytes be TLS? -1: not enough to tell, 0: no, 1: yes.
  [[nodiscard]] static int Probe(Bytes start) noexcept;

  explicit TlsReader(const ReaderLimits& limits) : limits_(&limits) {}
  void OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
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
