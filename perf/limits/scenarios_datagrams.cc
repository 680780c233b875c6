// Datagrams that cost work: keys, frames, messages.
#include "dataplane/core/packet_view.h"
#include "perf/limits/scenarios.h"

namespace weir::perf {
namespace {

constexpr Direction kUp = Direction::kToServer;

void Append(FrameBytes& to, const FrameBytes& more) { to.insert(to.end(), more.begin(), more.end()); }

void QuicGarbageEach(Lab& lab, const Scenario& s, std::uint32_t units) {
  for (std::uint32_t i = 0; i < units; ++i) lab.Udp(PathOf(i, s.ipv6, 443), kUp, QuicGarbage(i * 7919ull, 1200));
}
// As many Initials as fit into a datagram, each with an id of its own.
void QuicCoalesced(Lab& lab, const Scenario& s, std::uint32_t units) {
  for (std::uint32_t i = 0; i < units; ++i) {
    FrameBytes datagram;
    for (std::uint32_t k = 0; datagram.size() + 39 <= 1400; ++k) Append(datagram, QuicGarbage(i * 64ull + k, 39));
    lab.Udp(PathOf(i, s.ipv6, 443), kUp, datagram);
  }
}
FrameBytes Crypto(std::uint32_t offset, std::byte value) {
  FrameBytes frame(7);
  frame[0] = std::byte{6};
  StoreBe32(&frame[1], 0x80000000u | offset);
  frame[5] = std::byte{1};
  frame[6] = value;
  return frame;
}
// Valid Initials on one tuple, each with keys of its own; eight of them are followed.
void QuicManyIds(Lab& lab, const Scenario& s, std::uint32_t units) {
  for (std::uint32_t i = 0; i < units; ++i)
    lab.Udp(PathOf(i / 100, s.ipv6, 443), kUp, QuicInitial(i * 7919ull, Crypto(5, std::byte{1})));
}
// CRYPTO frames of one byte, every other byte, as many as fit; a new tuple each.
void QuicByteFrames(Lab& lab, const Scenario& s, std::uint32_t units) {
  FrameBytes frames;
  for (std::uint32_t at = 1; frames.size() + 7 <= 1150; at += 2) Append(frames, Crypto(at * 37 % 4096, std::byte{1}));
  for (std::uint32_t i = 0; i < units; ++i) lab.Udp(PathOf(i, s.ipv6, 443), kUp, QuicInitial(i * 7919ull, frames));
}
// The same on one connection, other bytes each time.
void QuicByteFramesOne(Lab& lab, const Scenario& s, std::uint32_t units) {
  for (std::uint32_t i = 0; i < units; ++i) {
    FrameBytes frames;
    for (std::uint32_t k = 0; k < 164; ++k) Append(frames, Crypto((i % 500 * 164 + k) * 2 + 1, std::byte{1}));
    lab.Udp(PathOf(i / 500, s.ipv6, 443), kUp, QuicInitial(i / 500, frames));
  }
}
// One byte at the far end of what a handshake may be.
void QuicFar(Lab& lab, const Scenario& s, std::uint32_t units) {
  for (std::uint32_t i = 0; i < units; ++i)
    lab.Udp(PathOf(i, s.ipv6, 443), kUp, QuicInitial(i * 7919ull, Crypto(190'000, std::byte{1})));
}

FrameBytes DnsQuery(std::uint32_t n) {
  FrameBytes out(12);
  StoreBe16(&out[0], static_cast<std::uint16_t>(n));
  out[2] = std::byte{1};
  StoreBe16(&out[4], 1);
  const std::string label = "q" + std::to_string(n);
  for (const std::string& part : {label, std::string("storm"), std::string("example")}) {
    out.push_back(static_cast<std::byte>(part.size()));
    for (const char c : part) out.push_back(static_cast<std::byte>(c));
  }
  for (const int byte : {0, 0, 1, 0, 1}) out.push_back(static_cast<std::byte>(byte));
  return out;
}
void DnsNew(Lab& lab, const Scenario& s, std::uint32_t units) {
  for (std::uint32_t i = 0; i < units; ++i) lab.Udp(PathOf(i, s.ipv6, 53), kUp, DnsQuery(i));
}
void DnsOne(Lab& lab, const Scenario& s, std::uint32_t units) {
  for (std::uint32_t i = 0; i < units; ++i) lab.Udp(PathOf(1, s.ipv6, 53), kUp, DnsQuery(i));
}

constexpr Scenario kDatagrams[] = {
    {"quic-garbage", "Initials that do not authenticate, new tuples", 200'000, 2000, 1, false, false, false, 1000,
     QuicGarbageEach},
    {"quic-coalesced", "35 such Initials in a datagram, new tuples", 20'000, 200, 1, false, false, false, 1000,
     QuicCoalesced},
    {"quic-many-ids", "100 connection ids on each tuple", 100'000, 1000, 1, false, false, false, 1000, QuicManyIds},
    {"quic-byte-frames", "164 CRYPTO frames of a byte, new tuples", 50'000, 500, 1, false, false, false, 1000,
     QuicByteFrames},
    {"quic-byte-frames-one", "the same, 500 datagrams a connection", 50'000, 500, 1, false, false, false, 1000,
     QuicByteFramesOne},
    {"quic-far", "a byte at offset 190000, new tuples", 10'000, 200, 1, false, false, false, 1000, QuicFar},
    {"dns-storm", "questions, a new tuple each", 500'000, 4000, 1, false, false, false, 1000, DnsNew},
    {"dns-storm-one", "questions on one tuple", 500'000, 4000, 1, false, false, false, 1000, DnsOne},
};

}  // namespace

std::span<const Scenario> Datagrams() noexcept { return kDatagrams; }

}  // namespace weir::perf
