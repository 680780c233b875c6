#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "dataplane/core/bytes.h"
#include "dataplane/core/classification.h"
#include "dataplane/core/flow_view.h"

namespace weir {

// What a detector says of a flow; `app` is empty where it says nothing.
struct PayloadFinding {
  std::string_view app;  // as in apps.tsv
  Confidence confidence = Confidence::kNone;
  std::string_view why;
};

// What one side said that the other must answer to, a few bytes a flow.
struct PayloadMemory {
  enum class Asked : std::uint8_t {
    kNothing,
    kIke,
    kWireGuard,
    kWireGuardData,
    kOpenVpn,
    kSoftEther,
    kDiscordPing,
    kDiscordAddress,
    kViber
  };
  struct Side {
    Asked asked = Asked::kNothing;
    std::array<std::byte, 8> token{};  // what comes back, or must go on from there
    std::uint32_t number = 0;
  };
  std::array<Side, 2> sides;
};

// Detectors of protocols that a rule on bytes cannot tell for certain: they look at
// both ways. Run on flows that are undecided; each is a few loads for others' bytes.
// Never throw, allocate nothing, read nothing past `bytes`; every byte is hostile.
// `view.direction` is who speaks. Each detector's file names its source and how it
// was verified.
[[nodiscard]] PayloadFinding DetectDatagram(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
// `piece`: the first bytes of that direction's stream, as they first came.
[[nodiscard]] PayloadFinding DetectStreamStart(const FlowView& view, Bytes piece, PayloadMemory& memory) noexcept;

// Tor's link handshake (tor-spec, tortls.c): a certificate whose subject and issuer are
// nothing but two different random host names, "www.<8-20 of a-z2-7>.net" and ".com".
// Both as OpenSSL prints them ("CN=..."). Verified on tor.pcap.
[[nodiscard]] bool IsTorCertificate(std::string_view subject, std::string_view issuer) noexcept;

// One detector: `view` and `memory` as above. In vpn.cc, media.cc, dnscrypt.cc.
PayloadFinding DetectIke(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
PayloadFinding DetectWireGuard(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
PayloadFinding DetectOpenVpn(const FlowView& view, Bytes packet, PayloadMemory& memory) noexcept;
PayloadFinding DetectTailscale(Bytes datagram) noexcept;
PayloadFinding DetectSoftEther(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
PayloadFinding DetectDnsCrypt(const FlowView& view, Bytes datagram) noexcept;
PayloadFinding DetectDiscord(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
PayloadFinding DetectViber(const FlowView& view, Bytes piece, PayloadMemory& memory) noexcept;

}  // namespace weir
