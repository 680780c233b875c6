#pragma once
#include <map>
#include <tuple>
#include <vector>

#include "tests/disguise/oracle.h"

namespace weir::disguise {

// A TCP segment or UDP datagram with a good checksum, as a host gets it.
struct Datagram {
  Octets src, dst;
  bool udp = false;
  Octets payload;  // from the TCP or UDP header on
  friend bool operator==(const Datagram&, const Datagram&) = default;
};

// The IP layer of a host that is `hops` away and puts fragments together by `policy`.
class IpHost {
 public:
  IpHost(std::size_t policy, std::uint8_t hops) : policy_(policy), hops_(hops) {}
  void Take(const Octets& frame) { Link(0x6558, frame); }
  std::vector<Datagram> datagrams;

 private:
  void Link(std::size_t type, const Octets& data);
  void V4(const Octets& data);
  void V6(const Octets& data);
  void Upper(const Octets& src, const Octets& dst, std::size_t proto, Octets data);
  void Fragment(const Octets& src, const Octets& dst, const Octets& data);
  void Transport(const Octets& src, const Octets& dst, std::size_t proto, Octets data);

  struct Fragments {
    std::vector<Piece> pieces;
    std::int64_t total = -1;
  };
  using Key = std::tuple<Octets, Octets, std::size_t, std::size_t>;
  bool Defragment(const Key& key, std::size_t offset, bool more, Octets& data);

  std::size_t policy_;
  std::uint8_t hops_;
  std::map<Key, Fragments> fragments_;
};

}  // namespace weir::disguise
