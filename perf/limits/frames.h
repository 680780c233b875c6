#pragma once
#include <cstdint>
#include <vector>

#include "dataplane/core/bytes.h"
#include "dataplane/core/flow_key.h"

namespace weir::perf {

using FrameBytes = std::vector<std::byte>;

// The two ends of a flow: number `n` of those that an attacker opens. Different n,
// different client address; never an address of perf/support/traffic.h.
struct Path {
  bool ipv6 = false;
  IpAddress client;
  IpAddress server;
  std::uint16_t client_port = 0;
  std::uint16_t server_port = 0;
};
[[nodiscard]] Path PathOf(std::uint32_t n, bool ipv6, std::uint16_t server_port);

struct Tcp {
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint8_t flags = 0x10;
};

// Ethernet frames with right lengths and checksums, written over `out`.
void WriteTcp(FrameBytes& out, const Path& path, Direction direction, const Tcp& tcp, Bytes payload);
void WriteUdp(FrameBytes& out, const Path& path, Direction direction, Bytes payload);
// A piece of a UDP datagram that is whole nowhere: `payload` stands at `offset`.
void WriteFragment(FrameBytes& out, const Path& path, std::uint32_t id, std::uint16_t offset, bool more, Bytes payload);

// The first `size` bytes of a ClientHello of `message` bytes, in records of `record`
// bytes, whose extensions go on and on.
[[nodiscard]] FrameBytes LongHello(std::size_t size, std::uint32_t message, std::size_t record);

// A QUIC v1 Initial of the client with packet number 0, sealed (RFC 9001 s5), filled up to
// 1200 bytes with PADDING. `dcid`: its connection id.
[[nodiscard]] FrameBytes QuicInitial(std::uint64_t dcid, Bytes frames);
// One that looks like an Initial of `size` bytes, 39 at least, and does not authenticate.
[[nodiscard]] FrameBytes QuicGarbage(std::uint64_t dcid, std::size_t size);

}  // namespace weir::perf
