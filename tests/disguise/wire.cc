#include "tests/disguise/wire.h"

#include <algorithm>

namespace weir::disguise {
namespace {

using test::Be16;
using test::Hex;
using test::operator+;

std::uint32_t Sum(const Octets& data, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < data.size(); i += 2) {
    sum +=
        static_cast<std::uint32_t>(data[i]) << 8 | (i + 1 < data.size() ? static_cast<std::uint32_t>(data[i + 1]) : 0u);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return sum;
}

Octets Part(const Octets& all, std::size_t from, std::size_t to) {
  return {all.begin() + static_cast<std::ptrdiff_t>(from),
          all.begin() + static_cast<std::ptrdiff_t>(std::min(to, all.size()))};
}

std::uint16_t Low(std::size_t value) { return static_cast<std::uint16_t>(value); }

struct Addresses {
  Octets src, dst;
};

Addresses AddressesOf(bool to_server, bool v6) {
  Octets client = v6 ? Hex("20010db8000000000000000000000001") : Hex("0a000001");
  Octets server = v6 ? Hex("20010db8ffff00000000000000000009") : Hex("c0000209");
  return to_server ? Addresses{client, server} : Addresses{server, client};
}

Octets Transport(const Packet& p, const Ends& ends, const Addresses& at) {
  const std::uint16_t sport = p.to_server ? ends.client_port : ends.server_port;
  const std::uint16_t dport = p.to_server ? ends.server_port : ends.client_port;
  Octets out;
  if (p.udp) {
    out = Be16({sport, dport, Low(8 + p.data.size()), 0}) + p.data;
  } else {
    Octets options = p.options;
    while (options.size() % 4 != 0) options.push_back(std::byte{1});
    const std::size_t words = (20 + options.size()) / 4;
    out = Be16({sport, dport, Low(p.seq >> 16), Low(p.seq), Low(p.ack >> 16), Low(p.ack),
                Low(words << 12 | std::size_t{p.reserved} << 9 | p.flags), p.window, 0, p.urgent}) +
          options + p.data;
  }
  const Octets pseudo = at.src + at.dst + Be16({Low(out.size()), Low(p.udp ? 17 : 6)});
  auto sum = static_cast<std::uint16_t>(~Sum(out, Sum(pseudo)));
  if (p.udp && sum == 0) sum = 0xffff;
  if (p.bad_sum) sum = static_cast<std::uint16_t>(sum ^ 0x5555);
  StoreBe16(out.data() + (p.udp ? 6 : 16), sum);
  return out;
}

Octets Ipv4(std::uint8_t proto, const Octets& payload, const Addresses& at, std::uint16_t id, std::uint16_t fragment,
            std::uint8_t ttl, const Octets& options) {
  const std::size_t head_size = 20 + options.size();
  Octets head = Be16({Low((0x40 | head_size / 4) << 8), Low(head_size + payload.size()), id, fragment,
                      Low(std::size_t{ttl} << 8 | proto), 0}) +
                at.src + at.dst + options;
  StoreBe16(head.data() + 10, static_cast<std::uint16_t>(~Sum(head)));
  return head + payload;
}

Octets Ipv6(std::uint8_t next, const Octets& payload, const Addresses& at, std::uint8_t ttl) {
  return Be16({0x6000, 0, Low(payload.size()), Low(std::size_t{next} << 8 | ttl)}) + at.src + at.dst + payload;
}

// IP packets without link layer.
struct IpPacket {
  Octets bytes;
  bool may_drop = false;
};

class Fragmenter {
 public:
  Fragmenter(const Packet& packet, const NetworkShape& shape, const Addresses& at, std::uint16_t id)
      : packet_(packet), shape_(shape), at_(at), id_(id), proto_(packet.udp ? 17 : 6) {}

  Octets Whole(const Octets& payload) const {
    if (!shape_.v6) return Ipv4(proto_, payload, at_, id_, 0, packet_.ttl, V4Options());
    const Octets atomic = Octets{std::byte{proto_}} + Hex("00 0000") + Be16({0x7700, id_});
    return shape_.atomic ? V6(44, atomic + payload) : V6(proto_, payload);
  }
  Octets Piece(const Octets& payload, std::size_t from, std::size_t to, bool more, std::uint8_t proto,
               const Addresses& at) const {
    const Octets part = Part(payload, from, to);
    if (!shape_.v6) {
      return Ipv4(proto, part, at, id_, Low((more ? 0x2000u : 0u) | from / 8), packet_.ttl,
                  from == 0 ? V4Options() : Octets{});
    }
    const Octets header = Octets{std::byte{proto}} + Hex("00") + Be16({Low(from | (more ? 1u : 0u)), 0x7700, id_});
    Fragmenter other(packet_, shape_, at, id_);
    return other.V6(44, header + part);
  }
  std::vector<IpPacket> Split(const Octets& payload, Random& random) const {
    std::vector<IpPacket> out;
    const std::size_t size = shape_.fragment;
    const bool conflict = shape_.decoy == FragmentDecoy::kConflict;
    const bool poisoned = conflict || shape_.decoy == FragmentDecoy::kOverlapEqual || IsRefused(shape_, packet_.udp);
    for (std::size_t from = 0; from < payload.size(); from += size) {
      const std::size_t reach = shape_.decoy == FragmentDecoy::kOverlapEqual ? from + size + 8 : from + size;
      const std::size_t to = std::min(reach, payload.size());
      out.push_back({Piece(payload, from, to, to < payload.size(), proto_, at_), packet_.may_drop || poisoned});
    }
    Arrange(out, shape_.fragments, random);
    const std::size_t at = Below(random, out.size());
    const auto here = out.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t second = std::min(size, (payload.size() - 1) / size * size);
    Octets wrong = payload;
    for (std::byte& b : wrong) b ^= std::byte{1};
    const bool more = second + size < payload.size();
    Addresses elsewhere = at_;
    elsewhere.dst.back() = std::byte{77};
    // Now and then: a source has a budget of datagrams that never end.
    const bool rare = shape_.decoy == FragmentDecoy::kOtherProtocol || shape_.decoy == FragmentDecoy::kOtherAddress;
    if (rare && !Chance(random, 20)) return out;
    switch (shape_.decoy) {
      case FragmentDecoy::kDuplicate:
        // Behind the last missing piece it would open a datagram that never ends.
        if (at + 1 < out.size()) out.insert(here + 1, {out[at].bytes, true});
        break;
      case FragmentDecoy::kOtherProtocol:
        out.insert(here, {Piece(wrong, second, second + size, more, 99, at_), true});
        break;
      case FragmentDecoy::kOtherAddress:
        out.insert(here, {Piece(wrong, second, second + size, more, proto_, elsewhere), true});
        break;
      case FragmentDecoy::kConflict:
        // Not the last piece: it would complete the datagram before the truth comes.
        if (more) {
          out.insert(out.begin(), {Piece(wrong, second, second + size, true, proto_, at_), true});
        } else {
          out.insert(out.begin(), {Piece(wrong, 0, size, true, proto_, at_), true});
        }
        break;
      default:
        break;
    }
    return out;
  }

 private:
  Octets V4Options() const { return shape_.options ? Hex("94040000 01010100") : Octets{}; }  // router alert, NOPs
  Octets V6(std::uint8_t next, const Octets& payload) const {
    if (!shape_.options) return Ipv6(next, payload, at_, packet_.ttl);
    // Hop-by-hop, then destination options, padded with PadN.
    const Octets chain = Hex("3c 00 01 04 00000000") + Octets{std::byte{next}} + Hex("00 01 04 00000000");
    return Ipv6(0, chain + payload, at_, packet_.ttl);
  }

  const Packet& packet_;
  const NetworkShape& shape_;
  Addresses at_;
  std::uint16_t id_;
  std::uint8_t proto_;
};

Octets Link(std::uint16_t type, const Octets& payload, unsigned vlans) {
  Octets head = Hex("02 00 00 00 00 02 02 00 00 00 00 01");
  constexpr std::uint16_t kTags[3][3] = {{0x8100, 0, 0}, {0x88a8, 0x8100, 0}, {0x88a8, 0x9100, 0x8100}};
  for (unsigned i = 0; i < vlans; ++i) head = head + Be16({kTags[vlans - 1][i], Low(100 + i)});
  return head + Be16({type}) + payload;
}

Octets Wrap(const Octets& inner, const NetworkShape& shape, bool to_server) {
  const std::uint16_t type = shape.v6 ? 0x86dd : 0x0800;
  Addresses outer = AddressesOf(to_server, false);
  outer.src[1] = outer.dst[1] = std::byte{50};
  switch (shape.tunnel) {
    case Tunnel::kGre:
      return Link(0x0800, Ipv4(47, Be16({0, type}) + inner, outer, 9, 0, 64, {}), shape.vlans);
    case Tunnel::kIpInIp:
      return Link(0x0800, Ipv4(shape.v6 ? 41 : 4, inner, outer, 9, 0, 64, {}), shape.vlans);
    case Tunnel::kVxlan: {
      const Octets inside = Hex("08000000 00002a00") + Link(type, inner, 0);
      return Link(0x0800, Ipv4(17, Be16({50000, 4789, Low(8 + inside.size()), 0}) + inside, outer, 9, 0, 64, {}),
                  shape.vlans);
    }
    case Tunnel::kNone:
      break;
  }
  return Link(type, inner, shape.vlans) + Octets(shape.padding, std::byte{0x2e});
}

}  // namespace

bool IsRefused(const NetworkShape& shape, bool udp) {
  return shape.fragment != 0 && !udp && shape.fragment < 20;  // RFC 1858: inside of the TCP header
}

std::vector<Frame> ToFrames(const Packet& packet, const Ends& ends, const NetworkShape& shape, std::uint16_t id,
                            Random& random) {
  const Addresses at = AddressesOf(packet.to_server, shape.v6);
  const Octets payload = Transport(packet, ends, at);
  const Fragmenter fragmenter(packet, shape, at, id);
  std::vector<IpPacket> packets;
  // Packets without data go whole, as they do.
  if (shape.fragment != 0 && payload.size() > shape.fragment && !packet.data.empty()) {
    packets = fragmenter.Split(payload, random);
  } else {
    packets.push_back({fragmenter.Whole(payload), packet.may_drop});
  }
  std::vector<Frame> out;
  for (const IpPacket& p : packets)
    out.push_back({Wrap(p.bytes, shape, packet.to_server), p.may_drop, packet.may_change});
  return out;
}

}  // namespace weir::disguise
