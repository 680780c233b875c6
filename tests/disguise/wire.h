#pragma once
#include <algorithm>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "tests/support/packet_builder.h"

namespace weir::disguise {

using test::Octets;

// One TCP segment or UDP datagram before it is put on the wire.
struct Packet {
  bool to_server = true;
  bool udp = false;
  std::uint32_t seq = 0, ack = 0;
  std::uint8_t flags = 0x10;
  std::uint8_t reserved = 0;  // the three bits beside the flags (RFC 9293 s3.1)
  std::uint16_t window = 65535, urgent = 0;
  Octets options;
  Octets data;
  std::uint8_t ttl = 64;
  bool bad_sum = false;
  bool may_drop = false;    // not by policy, but no host needs it, or weir may refuse it for a counted reason
  bool may_change = false;  // weir may clear URG
};

// Who talks: ports tell flows apart.
struct Ends {
  bool v6 = false;
  std::uint16_t client_port = 40000, server_port = 443;
};

struct Frame {
  Octets bytes;
  bool may_drop = false;
  bool may_change = false;
};

enum class Order : std::uint8_t { kForward, kReverse, kShuffled, kFirstLast, kNeighbours };

enum class Tunnel : std::uint8_t { kNone, kGre, kVxlan, kIpInIp };
enum class FragmentDecoy : std::uint8_t { kNone, kDuplicate, kOtherProtocol, kOtherAddress, kOverlapEqual, kConflict };

// How packets become frames.
struct NetworkShape {
  bool v6 = false;
  std::size_t fragment = 0;  // bytes of payload, a multiple of 8; 0: whole
  Order fragments = Order::kForward;
  FragmentDecoy decoy = FragmentDecoy::kNone;
  bool same_id = false;     // v4: each datagram has the same identification
  bool options = false;     // v4 options, v6 extension headers
  bool atomic = false;      // v6: a fragment header on whole packets (RFC 6946)
  std::size_t padding = 0;  // bytes behind the IP length
  unsigned vlans = 0;       // 0..3 tags
  Tunnel tunnel = Tunnel::kNone;
};

using Random = std::mt19937;
[[nodiscard]] inline std::size_t Below(Random& random, std::size_t n) { return random() % n; }
[[nodiscard]] inline bool Chance(Random& random, unsigned percent) { return random() % 100 < percent; }

template <class T>
void Arrange(std::vector<T>& items, Order order, Random& random) {
  if (items.size() < 2) return;
  if (order == Order::kReverse) std::reverse(items.begin(), items.end());
  if (order == Order::kFirstLast) std::rotate(items.begin(), items.begin() + 1, items.end());
  if (order == Order::kShuffled) {
    for (std::size_t i = items.size() - 1; i > 0; --i) std::swap(items[i], items[Below(random, i + 1)]);
  }
  if (order == Order::kNeighbours) {
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) std::swap(items[i], items[i + 1]);
  }
}

// The frames of one packet; `id` is its IP identification.
[[nodiscard]] std::vector<Frame> ToFrames(const Packet& packet, const Ends& ends, const NetworkShape& shape,
                                          std::uint16_t id, Random& random);

// Would weir drop all of a TCP or UDP packet that is fragmented so, whoever sent it?
[[nodiscard]] bool IsRefused(const NetworkShape& shape, bool udp);

}  // namespace weir::disguise
