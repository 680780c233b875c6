#pragma once
#include <cstdint>
#include <vector>

#include "classifiers/metadata/inspector.h"
#include "classifiers/metadata/tls_hunt.h"

namespace weir {

// A protocol of length-prefixed messages whose client may ask for TLS: PostgreSQL
// (SSLRequest), MySQL (CLIENT_SSL), LDAP (StartTLS), RDP (X.224 negotiation). A
// row says how long a message is and whether it asks. Holds the first kHead bytes
// of one message, and its TlsHunt.
//
// Sources: PostgreSQL protocol 3.0 s55.2.10, MySQL Protocol::SSLRequest, RFC 4511
// s4.14 and s5.1, MS-RDPBCGR s2.2.1.1 with RFC 1006 s6.
class FramedReader {
 public:
  static constexpr std::size_t kHead = 128;
  static constexpr bool kGreets = true;  // MySQL

  // 0: no, -1: not enough to tell, n > 0: the row to construct it with.
  [[nodiscard]] static int Probe(Direction direction, Bytes start) noexcept;

  FramedReader(const ReaderLimits& limits, int row) : limits_(&limits), row_(row - 1), hunt_(limits) {}
  void OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return head_.capacity() + hunt_.memory_bytes(); }

 private:
  void OnClient(Bytes bytes, Metadata& out, Inspection& result);
  [[nodiscard]] bool TakeByte(std::byte b, bool& never);

  const ReaderLimits* limits_;
  int row_;
  TlsHunt hunt_;
  std::vector<std::byte> head_;    // of the client's message at hand
  std::uint64_t left_ = 0;         // of it, beyond the head
  std::uint64_t clear_bytes_ = 0;  // before TLS
  bool asked_ = false;
  bool closed_ = false;  // no further message of the old protocol
  bool spent_ = false;   // and none will come
};

}  // namespace weir
