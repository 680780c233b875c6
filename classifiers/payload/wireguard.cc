// WireGuard, and Tailscale's discovery beside it.
//
// Source: Donenfeld, "WireGuard: Next Generation Kernel Network Tunnel" s5.4: types 1 to 4 in
// the first byte, three zero bytes, exact lengths (initiation 148, response 92, cookie 64,
// data 32 + 16 n); each side names the index under which it wants to be addressed, and the
// other addresses it so. Numbers are little-endian. Tailscale: tailscale/disco/disco.go:
// magic "TS" U+1F4AC, sender's key (32), nonce (24), NaCl box (at least 16 + type, version).
// Verified: corpus wireguard, tunnelbear, tailscale, ossfuzz_seed_fake_traces_2.
#include "classifiers/payload/detectors.h"

namespace weir::payload {
namespace {

constexpr std::uint32_t kInitiation = 1;
constexpr std::uint32_t kResponse = 2;
constexpr std::uint32_t kCookie = 3;
constexpr std::uint32_t kData = 4;
constexpr std::size_t kInitiationLength = 148;
constexpr std::size_t kResponseLength = 92;
constexpr std::uint32_t kFarAhead = 4096;  // of a counter, from one packet to the next

PayloadFind Initiation(Bytes d, const FlowView& view, PayloadMemory& memory) noexcept {
  if (d.size() < kInitiationLength) return {};
  memory.wireguard_index[Index(view.direction)] = LoadLe32(&d[4]);
  // Its last MAC is zero unless the responder is under load and had sent a cookie.
  const bool whole = d.size() == kInitiationLength && AllZero(d.last(16)) && !AllZero(d.subspan(8, 32));
  if (!whole) return {};
  return {"WireGuard", Confidence::kProbable, "WireGuard handshake initiation"};
}

// Some clients append junk to the handshake; that the index comes back proves it all the same.
PayloadFind Addressed(Bytes d, std::size_t at, const FlowView& view, const PayloadMemory& memory) noexcept {
  const std::uint32_t index = memory.wireguard_index[Index(Peer(view))];
  if (index == 0 || LoadLe32(&d[at]) != index) return {};
  return {"WireGuard", Confidence::kCertain, "WireGuard handshake answered"};
}

// Data without its handshake: each side's index stays and its counter goes on.
PayloadFind Data(Bytes d, const FlowView& view, PayloadMemory& memory) noexcept {
  if (d.size() < 32 || d.size() % 16 != 0 || LoadLe32(&d[12]) != 0) return {};
  if (const PayloadFind find = Addressed(d, 4, view, memory); find.known()) return find;
  const std::size_t from = Index(view.direction);
  const std::uint32_t to = LoadLe32(&d[4]);
  const std::uint32_t counter = LoadLe32(&d[8]);
  const std::uint32_t ahead = counter - memory.wireguard_counter[from];
  const bool follows =
      memory.wireguard_data[from] > 0 && memory.wireguard_to[from] == to && ahead > 0 && ahead < kFarAhead;
  memory.wireguard_data[from] = follows ? static_cast<std::uint8_t>(memory.wireguard_data[from] + 1) : std::uint8_t{1};
  memory.wireguard_to[from] = to;
  memory.wireguard_counter[from] = counter;
  const auto [ours, theirs] = memory.wireguard_data;
  if (ours + theirs < 4 || (ours < 2 && theirs < 2)) return {};
  return {"WireGuard", Confidence::kProbable, "WireGuard data with counters going on"};
}

}  // namespace

PayloadFind WireGuard(const FlowView& view, Bytes d, PayloadMemory& memory) noexcept {
  if (d.size() < 32) return {};
  switch (LoadLe32(d.data())) {
    case kInitiation:
      return Initiation(d, view, memory);
    case kResponse:
      if (d.size() < kResponseLength) return {};
      memory.wireguard_index[Index(view.direction)] = LoadLe32(&d[4]);
      return Addressed(d, 8, view, memory);
    case kCookie:
      return d.size() == 64 ? Addressed(d, 4, view, memory) : PayloadFind{};
    case kData:
      return Data(d, view, memory);
    default:
      return {};
  }
}

PayloadFind TailscaleDisco(const FlowView&, Bytes d, PayloadMemory&) noexcept {
  constexpr std::size_t kShortest = 6 + 32 + 24 + 16 + 2;
  if (d.size() < kShortest || !StartsWith(d, "TS\xf0\x9f\x92\xac")) return {};
  return {"Tailscale", Confidence::kCertain, "Tailscale discovery"};
}

}  // namespace weir::payload
