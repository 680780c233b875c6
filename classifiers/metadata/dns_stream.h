#pragma once
#include <array>
#include <optional>
#include <vector>

#include "classifiers/metadata/inspector.h"

namespace weir {

// DNS messages over TCP, each behind its length (RFC 1035 s4.2.2, RFC 7766). Holds
// one message a direction.
class DnsStream {
 public:
  static constexpr bool kYields = true;  // a length says nothing: 0x0515 is a SOCKS greeting too

  [[nodiscard]] static int Probe(Direction direction, Bytes start);  // -1 unknown yet, 0 no, 1 yes

  explicit DnsStream(const ReaderLimits&) {}
  void OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return held_[0].capacity() + held_[1].capacity(); }

 private:
  std::array<std::vector<std::byte>, 2> held_;
  TxId tx_ = 0;
};

// A client's DNS over TCP that also begins as another protocol does (a message of
// 0x1603 bytes is a TLS record, one of 0x0501 a SOCKS greeting): read beside that
// protocol's reader, until its bytes are no DNS. Holds as DnsStream.
class DnsAside {
 public:
  // Adds to `result` only what is found. Both directions; what the client sent first comes first.
  void OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  [[nodiscard]] bool refuted() const noexcept { return refuted_; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return start_.capacity() + (reader_ ? reader_->memory_bytes() : 0);
  }

 private:
  std::vector<std::byte> start_;
  std::optional<DnsStream> reader_;  // once it is DNS
  bool refuted_ = false;
};

}  // namespace weir
