// What capture files bring beside Ethernet.
#include "dataplane/packet/walk.h"

namespace weir {
namespace {

// LLC/SNAP behind an 802.11 MAC header (IEEE 802.11-2020 s9.2).
DropReason WalkIeee80211(Walk& walk, std::size_t at) noexcept {
  if (!walk.Has(at, 24)) return DropReason::kTruncated;
  const std::uint8_t control = LoadU8(walk.At(at));
  const std::uint8_t flags = LoadU8(walk.At(at + 1));
  const bool data = (control & 0x0c) == 0x08;
  const bool no_body = (control & 0x40) != 0;
  const bool sealed = (flags & 0x40) != 0;
  if (!data || no_body || sealed) return DropReason::kNone;
  std::size_t header = 24;
  if ((flags & 3) == 3) header += 6;                              // four addresses
  if ((control & 0x80) != 0) header += 2;                         // QoS
  if ((flags & 0x80) != 0 && (control & 0x80) != 0) header += 4;  // HT control
  if (!walk.Has(at + header, 8)) return DropReason::kNone;
  const std::byte* p = walk.At(at + header);
  if (LoadBe32(p) != 0xaaaa0300u || LoadBe16(p + 4) != 0) return DropReason::kNone;
  return WalkEtherType(walk, LoadBe16(p + 6), at + header + 8);
}

// Radiotap and PPI begin alike: version, pad, little-endian length.
DropReason WalkPrefixed80211(Walk& walk, bool ppi) noexcept {
  if (!walk.Has(0, 8)) return DropReason::kTruncated;
  const std::size_t length = LoadU8(walk.At(2)) | std::size_t{LoadU8(walk.At(3))} << 8;
  if (length < 8 || !walk.Has(length, 1)) return DropReason::kTruncated;
  if (!ppi) return WalkIeee80211(walk, length);
  const unsigned dlt = LoadU8(walk.At(4)) | static_cast<unsigned>(LoadU8(walk.At(5))) << 8;
  if (dlt == 1) return WalkEthernet(walk, length);
  return dlt == 105 ? WalkIeee80211(walk, length) : DropReason::kNone;
}

// HDLC-like framing puts address and control in front (RFC 1662 s3.1).
DropReason WalkFramedPpp(Walk& walk, std::size_t at) noexcept {
  const bool hdlc = walk.Has(at, 2) && LoadBe16(walk.At(at)) == 0xff03;
  return WalkPpp(walk, at + (hdlc ? 2 : 0));
}

}  // namespace

DropReason WalkLink(Walk& walk, LinkType link) noexcept {
  switch (link) {
    case LinkType::kEthernet:
      return WalkEthernet(walk, 0);
    case LinkType::kRawIp:
      return WalkIp(walk, 0);
    case LinkType::kLinuxSll:
      return walk.Has(0, 16) ? WalkEtherType(walk, LoadBe16(walk.At(14)), 16) : DropReason::kTruncated;
    case LinkType::kLinuxSll2:
      return walk.Has(0, 20) ? WalkEtherType(walk, LoadBe16(walk.At(0)), 20) : DropReason::kTruncated;
    case LinkType::kNull:
    case LinkType::kLoop: {
      if (!walk.Has(0, 5)) return DropReason::kTruncated;
      const int version = LoadU8(walk.At(4)) >> 4;
      return version == 4 || version == 6 ? WalkIp(walk, 4) : DropReason::kNone;
    }
    case LinkType::kPpp:
      return WalkFramedPpp(walk, 0);
    case LinkType::kPppDir:
      return WalkFramedPpp(walk, 1);
    case LinkType::kIeee80211:
      return WalkIeee80211(walk, 0);
    case LinkType::kRadiotap:
      return WalkPrefixed80211(walk, false);
    case LinkType::kPpi:
      return WalkPrefixed80211(walk, true);
    case LinkType::kUnsupported:
      break;
  }
  return DropReason::kNone;
}

}  // namespace weir
