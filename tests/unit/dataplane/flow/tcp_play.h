#pragma once
#include <array>
#include <string>
#include <string_view>

#include "dataplane/flow/tcp_connection.h"

namespace weir::test {

inline constexpr auto kC = Direction::kToServer;
inline constexpr auto kS = Direction::kToClient;
inline constexpr std::uint32_t kIsnC = 0xfffffff0;  // wraps within the first bytes
inline constexpr std::uint32_t kIsnS = 5000;

// Plays a connection by stream offsets and keeps what was let through.
class Play {
 public:
  explicit Play(TcpLimits limits = {}) : tcp(limits) {}

  TcpVerdict Syn(std::uint32_t isn = kIsnC, std::string_view data = {}) {
    return Offer(kC, {.seq = isn, .flags = kTcpSyn, .wscale = 7, .data = AsBytes(data)});
  }
  TcpVerdict SynAck(std::uint32_t isn_client = kIsnC) {
    return Offer(kS, {.seq = kIsnS, .ack = isn_client + 1, .window = 65535, .flags = kTcpSyn | kTcpAck, .wscale = 7});
  }
  TcpVerdict Data(std::int64_t offset, std::string_view data, std::uint8_t flags = kTcpAck) {
    return Offer(kC, {.seq = kIsnC + 1 + static_cast<std::uint32_t>(offset),
                      .ack = kIsnS + 1,
                      .window = 500,
                      .flags = flags,
                      .data = AsBytes(data)});
  }
  TcpVerdict Ack(std::uint32_t offset) {
    return Offer(kS, {.seq = kIsnS + 1, .ack = kIsnC + 1 + offset, .window = 500, .flags = kTcpAck});
  }
  void Handshake() {
    Syn();
    SynAck();
    Data(0, "");
  }
  TcpVerdict Offer(Direction direction, const TcpSegment& segment) {
    const TcpVerdict verdict = tcp.OnSegment(direction, segment, Timestamp{});
    for (const Direction d : {kC, kS}) {
      const Bytes fresh = tcp.Readable(d);
      read[Index(d)].append(AsText(fresh));
      tcp.Consume(d, fresh.size());
    }
    return verdict;
  }

  TcpConnection tcp;
  std::array<std::string, 2> read;
};

}  // namespace weir::test
