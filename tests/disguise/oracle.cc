#include "tests/disguise/oracle.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>

#include "tests/disguise/oracle_network.h"

namespace weir::disguise {
namespace {

constexpr std::uint8_t kSyn = 2, kAck = 16, kUrg = 32;
using Address = std::pair<std::string, std::uint16_t>;

struct Segment {
  Address sender;
  std::uint32_t seq, ack;
  std::uint8_t flags;
  std::uint16_t window, urgent;
  unsigned scale = 0;
  std::optional<std::uint32_t> stamp;
  bool md5 = false;
  Octets data;
};

std::int64_t Ahead(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b); }

void ReadOptions(const std::byte* p, const std::byte* end, Segment& s) {
  while (p < end && *p != std::byte{0}) {
    if (*p == std::byte{1}) {
      ++p;
      continue;
    }
    const std::size_t length = p + 1 < end ? static_cast<std::size_t>(p[1]) : 0;
    if (length < 2 || p + length > end) return;
    if (*p == std::byte{19}) s.md5 = true;
    if (*p == std::byte{3} && length == 3) s.scale = static_cast<unsigned>(p[2]);
    if (*p == std::byte{8} && length == 10) s.stamp = LoadBe32(p + 2);
    p += length;
  }
}

Segment SegmentOf(const Datagram& d) {
  const std::byte* p = d.payload.data();
  Segment s{{std::string(AsText(d.src)), LoadBe16(p)},
            LoadBe32(p + 4),
            LoadBe32(p + 8),
            LoadU8(p + 13),
            LoadBe16(p + 14),
            LoadBe16(p + 18)};
  const std::size_t head = std::min<std::size_t>(std::size_t{LoadU8(p + 12)} >> 4 << 2, d.payload.size());
  if (head > 20) ReadOptions(p + 20, p + head, s);
  s.data.assign(d.payload.begin() + static_cast<std::ptrdiff_t>(head), d.payload.end());
  return s;
}

// One way to be a server: which segments of the client it takes.
struct Server {
  std::uint32_t base;
  bool syn_data, stamps, window;
  bool strict;  // no data without ACK, with a digest nobody asked for, or that acknowledges nothing sent
};

std::vector<const Segment*> Taken(const std::vector<Segment>& all, const Address& client, const Server& server) {
  std::vector<const Segment*> out;
  std::optional<std::uint32_t> newest;
  std::optional<std::uint32_t> edge;
  std::optional<std::uint32_t> sent;
  unsigned scale = 0;
  for (const Segment& s : all) {
    const bool syn = (s.flags & kSyn) != 0;
    if (s.sender != client) {
      if (syn) scale = s.scale;
      sent = s.seq;
      if ((s.flags & kAck) != 0) edge = s.ack + (std::uint32_t{s.window} << (syn ? 0 : scale));
      continue;
    }
    const bool odd = ((s.flags & kAck) == 0 && !syn) || s.md5 || (sent && std::abs(Ahead(s.ack, *sent)) > 1 << 20);
    if (server.strict && odd && !syn) continue;
    if (server.stamps && s.stamp) {
      if (newest && Ahead(*s.stamp, *newest) < 0) continue;
      newest = s.stamp;
    }
    if (server.window && edge && Ahead(s.seq, *edge) > 0 && !syn) continue;
    if (server.syn_data || !syn) out.push_back(&s);
  }
  return out;
}

class Reader {
 public:
  Reader(std::string_view name, std::vector<std::uint64_t>& hosts) : name_(name), hosts_(hosts) {}

  // `how` numbers the host's IP layer.
  void Connection(const std::vector<Segment>& all, std::uint64_t how) {
    Address client = all[0].sender;
    std::set<Address> senders;
    bool opened = false;
    for (const Segment& s : all) {
      senders.insert(s.sender);
      if (opened || (s.flags & (kSyn | kAck)) != kSyn) continue;
      client = s.sender;
      opened = true;
    }
    if (opened) return Client(all, client, how);
    for (const Address& sender : senders) Client(all, sender, how);
  }
  void Add(std::uint64_t host) { hosts_.push_back(host); }
  [[nodiscard]] bool Reads(const std::vector<std::string>& names) const {
    return std::any_of(names.begin(), names.end(), [&](const auto& found) { return IsOrIsBelow(found, name_); });
  }

 private:
  void Client(const std::vector<Segment>& all, const Address& client, std::uint64_t how) {
    std::set<std::uint32_t> bases;
    std::optional<std::uint32_t> first;
    for (const Segment& s : all) {
      if (s.sender != client) continue;
      if (!first) first = s.seq;
      if ((s.flags & kSyn) != 0) bases.insert(s.seq + 1);
    }
    if (bases.empty()) bases.insert(*first);
    for (const std::uint32_t base : bases) {
      std::map<std::vector<const Segment*>, std::vector<std::uint64_t>> known;
      for (unsigned bits = 0; bits < 16; ++bits) {
        const Server server{base, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
        auto taken = Taken(all, client, server);
        auto [at, fresh] = known.try_emplace(taken);
        if (fresh) at->second = Readings(taken, base);
        for (const std::uint64_t reading : at->second) {
          Add(how ^ (std::uint64_t{base} << 24 | bits << 8 | reading) * 0x9e3779b97f4a7c15u);
        }
      }
    }
  }

  // The numbers of the ways to settle overlaps and urgent data by which the name is read.
  std::vector<std::uint64_t> Readings(const std::vector<const Segment*>& taken, std::uint32_t base) const {
    std::vector<Piece> pieces;
    bool urgent = false;
    for (const Segment* s : taken) {
      pieces.push_back({Ahead(s->seq + ((s->flags & kSyn) != 0 ? 1 : 0), base), s->data});
      urgent = urgent || (s->flags & kUrg) != 0;
    }
    std::vector<std::uint64_t> out;
    bool differ = false;
    bool reads[3] = {};
    for (std::size_t policy = 0; policy < kPolicies; ++policy) {
      if (policy == 0 || differ) {
        const Octets stream = Assemble(pieces, policy, differ);
        for (int way = 0; way < (urgent ? 3 : 1); ++way) {
          reads[way] = Reads(NamesInStream(way == 0 ? stream : WithoutUrgent(stream, taken, base, way - 2)));
        }
        if (!urgent) reads[1] = reads[2] = reads[0];
      }
      for (std::uint64_t way = 0; way < 3; ++way) {
        if (reads[way]) out.push_back(policy * 3 + way);
      }
    }
    return out;
  }

  static Octets WithoutUrgent(const Octets& stream, const std::vector<const Segment*>& taken, std::uint32_t base,
                              int shift) {
    std::set<std::int64_t> gone;
    for (const Segment* s : taken) {
      if ((s->flags & kUrg) != 0) gone.insert(Ahead(s->seq, base) + s->urgent + shift);
    }
    Octets out;
    for (std::size_t i = 0; i < stream.size(); ++i) {
      if (!gone.contains(static_cast<std::int64_t>(i))) out.push_back(stream[i]);
    }
    return out;
  }

  std::string_view name_;
  std::vector<std::uint64_t>& hosts_;
};

void ReadHost(const std::vector<Datagram>& datagrams, std::uint64_t how, Reader& reader) {
  std::map<std::set<Address>, std::vector<Segment>> connections;
  std::map<std::pair<Address, Address>, std::vector<Octets>> udp;
  for (const Datagram& d : datagrams) {
    const Address src{std::string(AsText(d.src)), LoadBe16(d.payload.data())};
    const Address dst{std::string(AsText(d.dst)), LoadBe16(d.payload.data() + 2)};
    if (d.udp) {
      udp[{src, dst}].emplace_back(d.payload.begin() + 8, d.payload.end());
    } else {
      connections[{src, dst}].push_back(SegmentOf(d));
    }
  }
  for (const auto& [ends, segments] : connections) reader.Connection(segments, how);
  for (const auto& [ends, payloads] : udp) {
    for (const Octets& handshake : QuicHandshakes(payloads)) {
      if (reader.Reads(NamesInHandshake(handshake))) reader.Add(how);
    }
  }
}

}  // namespace

std::vector<std::uint64_t> HostsThatRead(const std::vector<Octets>& frames, std::string_view name) {
  std::vector<std::uint64_t> hosts;
  Reader reader(name, hosts);
  std::vector<std::pair<std::vector<Datagram>, std::vector<std::uint64_t>>> seen;
  for (const std::uint8_t hops : {std::uint8_t{0}, std::uint8_t{2}}) {
    for (std::size_t policy = 0; policy < kPolicies; ++policy) {
      IpHost host(policy, hops);
      for (const Octets& frame : frames) host.Take(frame);
      auto same = std::find_if(seen.begin(), seen.end(), [&](const auto& s) { return s.first == host.datagrams; });
      if (same == seen.end()) {
        std::vector<std::uint64_t> fresh;
        Reader all(name, fresh);
        ReadHost(host.datagrams, 0, all);
        seen.emplace_back(std::move(host.datagrams), std::move(fresh));
        same = std::prev(seen.end());
      }
      const std::vector<std::uint64_t>& found = same->second;
      for (const std::uint64_t reading : found)
        reader.Add(reading ^ (policy * 2 + (hops == 0 ? 0 : 1) + 1) * 0xd1342543de82ef95u);
    }
  }
  std::sort(hosts.begin(), hosts.end());
  hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
  return hosts;
}

}  // namespace weir::disguise
