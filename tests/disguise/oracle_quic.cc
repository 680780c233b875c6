// The client's Initials, opened with the product's key schedule, which the RFCs' own vectors check.
#include <map>
#include <set>

#include "classifiers/metadata/quic_keys.h"
#include "tests/disguise/oracle.h"

namespace weir::disguise {
namespace {

// Reads along a packet; sets `bad` once it runs out.
struct Cursor {
  Bytes data;
  std::size_t at = 0;
  bool bad = false;

  std::size_t Take(std::size_t n) {
    if (bad || n > data.size() - at) {
      bad = true;
      return at;
    }
    at += n;
    return at - n;
  }
  std::uint64_t Varint() {
    const std::size_t first = Take(1);
    if (bad) return 0;
    const std::size_t size = std::size_t{1} << (LoadU8(&data[first]) >> 6);
    Take(size - 1);
    if (bad) return 0;
    std::uint64_t value = LoadU8(&data[first]) & 0x3fu;
    for (std::size_t i = 1; i < size; ++i) value = value << 8 | LoadU8(&data[first + i]);
    return value;
  }
};

struct Initial {
  std::uint32_t version;
  Octets dcid;
  Octets packet;
  std::size_t number_at;
};

void FindInitials(Bytes datagram, std::vector<Initial>& out) {
  while (datagram.size() > 6 && (LoadU8(datagram.data()) & 0x80) != 0) {
    const std::uint32_t version = LoadBe32(&datagram[1]);
    const QuicVersion* known = FindQuicVersion(version);
    if (known == nullptr) return;
    Cursor c{datagram, 5};
    const std::size_t dcid_size = LoadU8(&datagram[c.Take(1)]);
    const std::size_t dcid = c.Take(dcid_size);
    const std::size_t scid_at = c.Take(1);
    if (c.bad) return;
    c.Take(LoadU8(&datagram[scid_at]));
    const bool initial = (LoadU8(datagram.data()) >> 4 & 3) == (known->v2_types ? 1 : 0);
    if (initial) c.Take(c.Varint());
    const std::uint64_t length = c.Varint();
    const std::size_t number_at = c.Take(length);
    if (c.bad) return;
    if (initial) {
      const Bytes id = datagram.subspan(dcid, dcid_size);
      const Bytes packet = datagram.first(c.at);
      out.push_back({version, {id.begin(), id.end()}, {packet.begin(), packet.end()}, number_at});
    }
    datagram = datagram.subspan(c.at);
  }
}

void CryptoPieces(Bytes frames, std::vector<Piece>& out) {
  Cursor c{frames};
  while (!c.bad && c.at < frames.size()) {
    const std::uint64_t kind = c.Varint();
    if (kind <= 1) continue;
    if (kind != 6) return;
    const std::uint64_t offset = c.Varint();
    const std::uint64_t length = c.Varint();
    const std::size_t at = c.Take(length);
    if (c.bad) return;
    const Bytes part = frames.subspan(at, length);
    out.push_back({static_cast<std::int64_t>(offset), {part.begin(), part.end()}});
  }
}

}  // namespace

std::vector<Octets> QuicHandshakes(const std::vector<Octets>& datagrams) {
  std::vector<Initial> initials;
  for (const Octets& datagram : datagrams) {
    if (datagram.size() >= 1200) FindInitials(datagram, initials);  // RFC 9000 s14.1
  }
  std::set<std::pair<std::uint32_t, Octets>> first_flights;
  for (const Initial& p : initials) first_flights.emplace(p.version, p.dcid);
  std::vector<Octets> out;
  for (const auto& [version, dcid] : first_flights) {
    const QuicInitialKeys keys = ClientInitialKeys(*FindQuicVersion(version), dcid);
    std::vector<Piece> pieces;
    for (const Initial& p : initials) {
      if (p.version != version) continue;
      Octets plain(p.packet.size());
      std::uint64_t number = 0;
      CryptoPieces(OpenInitial(keys, p.packet, p.number_at, plain, number), pieces);
    }
    bool differ = false;
    for (std::size_t policy = 0; policy < kPolicies && (policy == 0 || differ); ++policy) {
      out.push_back(Assemble(pieces, policy, differ));
    }
  }
  return out;
}

}  // namespace weir::disguise
