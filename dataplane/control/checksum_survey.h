#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "dataplane/core/flow_key.h"
#include "dataplane/core/frame.h"

namespace weir {

// Whose checksums say nothing in one capture file (docs/decisions/008). A capture
// taken on the sending host sees packets before its card has written the checksums;
// one whose addresses were rewritten afterwards has none that is right. A sender
// (source address and IP protocol, of the innermost packet) is such a one if at least
// two of its packets have a wrong checksum and not a single one a right one: who put
// a decoy with a wrong checksum among its real packets is never one.
//
// For captures only: on a wire every checksum is finished. One thread.
class ChecksumSurvey {
 public:
  static constexpr std::size_t kMaxSenders = 1 << 20;  // more are not kept: they are verified

  // Reads the whole file, if it is one that can be read twice. Damage ends the reading.
  void Read(const std::string& capture);
  void Add(Bytes frame, LinkType link);
  // Is `frame` from a sender whose checksums say nothing? False for what does not parse.
  [[nodiscard]] bool Unverifiable(Bytes frame, LinkType link) const;

 private:
  struct Seen {
    std::uint32_t right = 0;
    std::uint32_t wrong = 0;
  };
  std::map<std::pair<IpAddress, std::uint16_t>, Seen> senders_;  // by address, IP version and protocol
  bool any_wrong_ = false;
};

}  // namespace weir
