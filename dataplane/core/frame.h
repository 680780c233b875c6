#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/core/bytes.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/ids.h"

namespace weir {

// How the first byte of a frame is to be read. Ports deliver kEthernet; the
// others come from capture files (libpcap LINKTYPE_* numbers in brackets).
enum class LinkType : std::uint8_t {
  kEthernet,     // 1
  kRawIp,        // 12, 14, 101, 228, 229
  kLinuxSll,     // 113
  kLinuxSll2,    // 276
  kNull,         // 0 (host byte order family)
  kLoop,         // 108 (network byte order family)
  kPpp,          // 9, 50
  kPppDir,       // 204: one direction byte, then PPP
  kIeee80211,    // 105
  kRadiotap,     // 127
  kPpi,          // 192
  kUnsupported,  // anything else: forwarded or dropped by the non-IP policy
};

// A frame that somebody else owns: an mbuf in `run`, a heap block in `replay`
// (of exactly `len` bytes under a sanitizer). `handle` means nothing outside io/. Whoever holds a
// FrameRef holds the frame: it ends in exactly one of forward, drop, or (for
// fragments) held-then-released.
struct FrameRef {
  void* handle = nullptr;
  std::byte* data = nullptr;
  std::uint32_t len = 0;  // bytes from data[0], FCS stripped; 0..65535
  PortId in_port{};       // where it came in; its pair's other port is where it goes out
  LinkType link = LinkType::kEthernet;
  bool sums_vouched = false;  // whoever delivers it knows its checksums to be good: they are not looked at
  bool copied = false;        // a copy of CopyFrame's: `data` is a heap block, `handle` nothing
  Timestamp time{};           // when it came in
  std::uint64_t number = 0;   // replay: 1-based packet number in the input; run: 0

  [[nodiscard]] Bytes bytes() const noexcept { return {data, len}; }
};

// The same frame in a heap block of exactly its bytes, so that what came from a pool can
// go back there; given back with FreeCopy. Throws std::bad_alloc.
[[nodiscard]] FrameRef CopyFrame(const FrameRef& frame);
void FreeCopy(const FrameRef& copy) noexcept;

}  // namespace weir
