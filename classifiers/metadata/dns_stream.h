#pragma once
#include <array>
#include <vector>

#include "classifiers/metadata/inspector.h"

namespace weir {

// DNS messages over TCP, each behind its length (RFC 1035 s4.2.2, RFC 7766). Holds
// one message a direction.
class DnsStream {
 public:
  [[nodiscard]] static int Probe(Direction direction, Bytes start);  // -1 unknown yet, 0 no, 1 yes

  explicit DnsStream(const ReaderLimits&) {}
  void OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return held_[0].capacity() + held_[1].capacity(); }

 private:
  std::array<std::vector<std::byte>, 2> held_;
  TxId tx_ = 0;
};

}  // namespace weir
