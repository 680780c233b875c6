#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "dataplane/core/bytes.h"
#include "dataplane/core/classification.h"
#include "dataplane/core/flow_view.h"

namespace weir {

// What a detector found. `app` is a name of apps.tsv, empty: nothing. The views are
// literals.
struct PayloadFind {
  std::string_view app;
  Confidence confidence = Confidence::kNone;
  std::string_view what;  // "WireGuard handshake answered": the evidence

  [[nodiscard]] bool known() const noexcept { return !app.empty(); }
};

// What the detectors remember of one flow, zero at its beginning. What one side said is
// believed when the other side repeats it: most of this is numbers to be repeated.
struct PayloadMemory {
  std::array<std::uint32_t, 2> wireguard_index{};    // the sender's own, 0: no handshake
  std::array<std::uint32_t, 2> wireguard_to{};       // transport data's receiver
  std::array<std::uint32_t, 2> wireguard_counter{};  // and its last counter
  std::array<std::uint64_t, 2> openvpn_session{};    // of a hard reset
  std::uint64_t ike_initiator = 0;                   // its SPI
  std::array<std::uint32_t, 2> esp_spi{};
  std::array<std::uint32_t, 2> esp_sequence{};
  std::uint64_t dnscrypt_nonce = 0;  // the client's first eight bytes of it
  std::uint64_t discord_probe = 0;
  std::uint64_t oicq_exchange = 0;  // command, sequence, first of the number
  std::uint32_t discord_ssrc = 0;
  std::array<std::uint8_t, 2> wireguard_data{};  // in a row
  std::array<std::uint8_t, 2> esp_packets{};     // in a row
  Direction ike_direction{};                     // who said it first
  Direction oicq_direction{};
  bool softether_asked = false;
  bool discord_asked = false;
  bool openvpn_swapped = false;
  std::uint8_t datagrams = 0;
};
static_assert(std::is_trivially_copyable_v<PayloadMemory> && sizeof(PayloadMemory) <= 136);

// How much of a stream's start, a direction, the detectors want to see again each time.
inline constexpr std::size_t kPayloadHead = 256;
// After so many datagrams that said nothing a flow is not asked about again.
inline constexpr std::uint8_t kPayloadDatagrams = 32;

// Finds apps and tunnels that speak protocols of their own, by what their
// specifications say of the first bytes. `certain` needs a structure that no other
// protocol has by chance: numbers repeated by the peer, a magic of eight bytes or
// more; `probable` a whole message whose every fixed field is right; what is merely
// likely is `guess`. Each detector's file names its source and how it was verified.
//
// Pure functions of the bytes and `memory`; every byte is hostile. No allocation, no
// exception. Datagrams: whole UDP payloads in order of arrival; `view.direction` is the
// sender's. Streams: the first bytes of each direction so far, as often as more come.
[[nodiscard]] PayloadFind FindInDatagram(const FlowView& view, Bytes datagram, PayloadMemory& memory) noexcept;
[[nodiscard]] PayloadFind FindInStream(const FlowView& view, const std::array<Bytes, 2>& heads) noexcept;
// By the IP protocol alone, and the bytes above IP (ESP, AH, PPTP's GRE).
[[nodiscard]] PayloadFind FindInIp(const FlowView& view, Bytes payload) noexcept;

}  // namespace weir
