// Connections that make the worker hold or reassemble much.
#include <algorithm>
#include <array>
#include <random>
#include <string>

#include "dataplane/core/packet_view.h"
#include "perf/limits/scenarios.h"

namespace weir::perf {
namespace {

constexpr Direction kUp = Direction::kToServer;
constexpr std::uint8_t kData = kTcpAck | kTcpPsh;
constexpr std::uint32_t kFirst = 1001;  // the client's sequence number after its SYN

// `units` flows hold `stream` each, brought in turns: all their first segments, then all second.
void InTurns(Lab& lab, const Scenario& s, std::uint32_t units, const FrameBytes& stream, std::size_t segment,
             std::uint16_t port) {
  for (std::uint32_t i = 0; i < units; ++i) lab.Handshake(PathOf(i, s.ipv6, port));
  for (std::size_t at = 0; at < stream.size(); at += segment) {
    const Bytes part = Bytes(stream).subspan(at, std::min(segment, stream.size() - at));
    for (std::uint32_t i = 0; i < units; ++i)
      lab.Tcp(PathOf(i, s.ipv6, port), kUp, {kFirst + static_cast<std::uint32_t>(at), 5001, kData}, part);
  }
}

void Slowloris(Lab& lab, const Scenario& s, std::uint32_t units) {
  std::string head = "GET / HTTP/1.1\r\n";
  while (head.size() < 6 * 24) head += "X-a" + std::to_string(head.size()) + ": b\r\n";
  const Bytes bytes = AsBytes(head);
  InTurns(lab, s, units, {bytes.begin(), bytes.end()}, 24, 80);
}
void HalfHello(Lab& lab, const Scenario& s, std::uint32_t units) {
  InTurns(lab, s, units, LongHello(16'000, 20'000, 16'384), 1400, 443);
}

// Four pieces of 700 bytes, each with a hole before it.
void OutOfOrder(Lab& lab, const Scenario& s, std::uint32_t units) {
  const FrameBytes piece(700, std::byte{0x33});
  for (std::uint32_t i = 0; i < units; ++i) lab.Handshake(PathOf(i, s.ipv6, 443));
  for (std::uint32_t k = 0; k < 4; ++k) {
    for (std::uint32_t i = 0; i < units; ++i)
      lab.Tcp(PathOf(i, s.ipv6, 443), kUp, {kFirst + 100 + k * 1400, 5001, kData}, piece);
  }
}
// Single bytes with holes between them: as many pieces as are held, and then more.
void OutOfOrderBytes(Lab& lab, const Scenario& s, std::uint32_t units) {
  const FrameBytes piece(1, std::byte{0x33});
  for (std::uint32_t i = 0; i < units; ++i) lab.Handshake(PathOf(i, s.ipv6, 443));
  for (std::uint32_t k = 0; k < s.packets_each; ++k) {
    for (std::uint32_t i = 0; i < units; ++i)
      lab.Tcp(PathOf(i, s.ipv6, 443), kUp, {kFirst + 1 + k * 2, 5001, kData}, piece);
  }
}

// A hello of 1 MB, a byte a segment. Its receiver acknowledges every 64th.
void ByteByByte(Lab& lab, const Scenario& s, std::uint32_t units) {
  const FrameBytes stream = LongHello(units, 1'000'000, 16'384);
  const Path path = PathOf(1, s.ipv6, 443);
  lab.Handshake(path);
  for (std::uint32_t at = 0; at < stream.size(); ++at) {
    lab.Tcp(path, kUp, {kFirst + at, 5001, kData}, Bytes(stream).subspan(at, 1));
    if (at % 64 == 63) lab.Tcp(path, Direction::kToClient, {5001, kFirst + at + 1, kTcpAck});
  }
}
// The same backwards from byte 4000 on, again and again: nothing is in order until the last.
void ByteByByteBackwards(Lab& lab, const Scenario& s, std::uint32_t units) {
  constexpr std::uint32_t kSpan = 4000;
  const FrameBytes stream = LongHello(kSpan, 1'000'000, 16'384);
  for (std::uint32_t flow = 0; flow < units; ++flow) {
    const Path path = PathOf(flow, s.ipv6, 443);
    lab.Handshake(path);
    for (std::uint32_t at = kSpan; at-- > 0;)
      lab.Tcp(path, kUp, {kFirst + at, 5001, kData}, Bytes(stream).subspan(at, 1));
  }
}
// A hello of 64 KiB in records of one byte, in full segments.
void ByteRecords(Lab& lab, const Scenario& s, std::uint32_t units) {
  const FrameBytes stream = LongHello(6 * 65'000, 65'536, 1);
  for (std::uint32_t flow = 0; flow < units; ++flow) {
    const Path path = PathOf(flow, s.ipv6, 443);
    lab.Handshake(path);
    for (std::uint32_t at = 0; at < stream.size(); at += 1400) {
      const Bytes part = Bytes(stream).subspan(at, std::min<std::size_t>(1400, stream.size() - at));
      lab.Tcp(path, kUp, {kFirst + at, 5001, kData}, part);
      if (at / 1400 % 4 == 3) lab.Tcp(path, Direction::kToClient, {5001, kFirst + at + 1400, kTcpAck});
    }
  }
}

// Sixteen connections hold 200 KiB each behind a hole, in pieces of `piece` bytes with
// holes if `sparse`; then ranges of it are sent again.
void Resend(Lab& lab, const Scenario& s, std::uint32_t units, std::uint32_t piece, bool sparse) {
  constexpr std::uint32_t kFlows = 16;
  constexpr std::uint32_t kHeld = 200 * 1024;
  const FrameBytes stream(kHeld + 2048, std::byte{0x44});
  const auto send = [&](std::uint32_t flow, std::uint32_t at, std::uint32_t size) {
    lab.Tcp(PathOf(flow, s.ipv6, 443), kUp, {kFirst + 10 + at, 5001, kData}, Bytes(stream).first(size));
  };
  for (std::uint32_t flow = 0; flow < kFlows; ++flow) {
    lab.Handshake(PathOf(flow, s.ipv6, 443));
    const std::uint32_t step = sparse ? 2 * piece : piece;
    for (std::uint32_t at = kHeld / step * step; at > 0; at -= step) send(flow, at, piece);
  }
  std::mt19937 random(3);
  for (std::uint32_t i = 0; i < units; ++i) {
    const auto at = static_cast<std::uint32_t>(random() % (kHeld - 2 * 1400));
    const std::uint32_t place = sparse ? at / (2 * piece) * (2 * piece) + 2 * piece : at;
    send(i % kFlows, place, sparse ? piece : 1400);
  }
}
void ResendPieces(Lab& lab, const Scenario& s, std::uint32_t units) { Resend(lab, s, units, 1400, false); }
void ResendSparse(Lab& lab, const Scenario& s, std::uint32_t units) { Resend(lab, s, units, 30, true); }

constexpr Scenario kStreams[] = {
    {"slowloris", "HTTP heads in pieces of 24 bytes, never whole", 100'000, 500, 10, false, false, false, 1000,
     Slowloris},
    {"half-hello", "16 kB of a 20 kB hello held by each flow", 100'000, 300, 16, false, false, false, 1000, HalfHello},
    {"out-of-order", "four pieces of 700 bytes held by each flow", 100'000, 500, 8, false, false, false, 1000,
     OutOfOrder},
    {"out-of-order/v6", "four pieces of 700 bytes held by each flow", 100'000, 500, 8, true, false, false, 1000,
     OutOfOrder},
    {"out-of-order-bytes", "4500 single bytes with holes, each flow", 500, 2, 4500, false, false, false, 1000,
     OutOfOrderBytes},
    {"byte-segments", "a 1 MB hello in segments of one byte", 1'000'000, 8000, 1, false, false, false, 1000,
     ByteByByte},
    {"byte-segments-back", "4000 bytes of it backwards, each flow", 250, 2, 4000, false, false, false, 1000,
     ByteByByteBackwards},
    {"byte-records", "a 64 KiB hello in records of one byte", 1000, 10, 352, false, false, false, 1000, ByteRecords},
    {"resend", "1400 bytes of 200 KiB held, again", 500'000, 4000, 1, false, false, false, 1000, ResendPieces},
    {"resend-sparse", "30 bytes of 3400 pieces held, again", 500'000, 60'000, 1, false, false, false, 1000,
     ResendSparse},
};

}  // namespace

std::span<const Scenario> Streams() noexcept { return kStreams; }

}  // namespace weir::perf
