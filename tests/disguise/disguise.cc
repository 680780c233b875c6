#include "tests/disguise/disguise.h"

#include <algorithm>

#include "tests/disguise/tcp_player.h"

namespace weir::disguise {
namespace {

constexpr std::string_view kNeutral = "neutral.example";

std::vector<Packet> UdpPackets(const CarrierShape& shape, std::string_view name, Random& random) {
  std::vector<Packet> out;
  for (Octets& datagram : QuicFlight(shape, name, random)) {
    Packet p;
    p.udp = true;
    p.data = std::move(datagram);
    out.push_back(std::move(p));
  }
  return out;
}

std::vector<std::vector<Frame>> OnTheWire(const std::vector<Packet>& packets, const Ends& ends,
                                          const NetworkShape& shape, Random& random) {
  std::vector<std::vector<Frame>> out;
  std::uint16_t id = 0x4242;
  for (const Packet& p : packets) {
    out.push_back(ToFrames(p, ends, shape, id, random));
    if (!shape.same_id) ++id;
  }
  return out;
}

// The second flow's packets between the first's; the frames of one packet stay together.
std::vector<Frame> Merge(const std::vector<std::vector<Frame>>& a, const std::vector<std::vector<Frame>>& b,
                         Random& random) {
  std::vector<Frame> out;
  std::size_t i = 0;
  std::size_t k = 0;
  while (i < a.size() || k < b.size()) {
    const bool first = k >= b.size() || (i < a.size() && Below(random, a.size() + b.size() - i - k) < a.size() - i);
    const auto& next = first ? a[i++] : b[k++];
    out.insert(out.end(), next.begin(), next.end());
  }
  return out;
}

}  // namespace

bool Conversation::strict() const {
  return std::none_of(frames.begin(), frames.end(), [](const Frame& f) { return f.may_drop || f.may_change; });
}

Conversation Play(const Disguise& disguise, std::string_view name) {
  Random random(disguise.seed);
  Conversation out;
  const CarrierShape& carrier = disguise.carrier;
  const NetworkShape& network = disguise.network;
  std::vector<Packet> packets;
  if (IsQuic(carrier.carrier)) {
    packets = UdpPackets(carrier, name, random);
  } else {
    TcpPlayer player(disguise.tcp, random);
    player.Play(Talk(carrier, name), Talk(carrier, kNeutral));
    packets = std::move(player.packets);
    out.readable = player.readable;
  }
  const bool fragmented = network.fragment != 0;
  const bool overlap = network.decoy == FragmentDecoy::kConflict || network.decoy == FragmentDecoy::kOverlapEqual;
  // URG is cleared in place, which is not done across fragments: such a segment is dropped.
  const bool urgent = !IsQuic(carrier.carrier) && (disguise.tcp.decoys & (kUrgentFlag | kUrgentExtra)) != 0;
  const bool refused = IsRefused(network, IsQuic(carrier.carrier)) || (fragmented && (overlap || urgent));
  if (refused) out.readable = false;
  const Ends ends{network.v6, 40000, carrier.carrier == Carrier::kHttp ? std::uint16_t{80} : std::uint16_t{443}};
  const auto frames = OnTheWire(packets, ends, network, random);
  std::vector<std::vector<Frame>> between;
  if (disguise.second_flow) {
    const TcpShape plain;
    TcpPlayer player(plain, random);
    player.Play(Talk({}, kNeutral), {});
    NetworkShape shape;
    shape.v6 = network.v6;
    between = OnTheWire(player.packets, {network.v6, 40001, 443}, shape, random);
  }
  out.frames = Merge(frames, between, random);
  if (!out.readable && refused) {
    for (Frame& f : out.frames) f.may_drop = true;
  }
  return out;
}

}  // namespace weir::disguise
