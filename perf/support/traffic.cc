#include "perf/support/traffic.h"

#include <cstring>

#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir::perf {
namespace {

using test::Octets;
using test::operator+;

constexpr std::uint8_t kFin = 0x01, kSyn = 0x02, kRst = 0x04, kAck = 0x10, kPushAck = 0x18;
constexpr std::size_t kEthernet = 14;

// Both sides' sequence numbers, so that a connection is one that a stack would accept.
class Conversation {
 public:
  explicit Conversation(bool ipv6) : ipv6_(ipv6) {}

  Conversation& Say(bool to_server, std::uint8_t flags, const Octets& payload = {}) {
    std::uint32_t& mine = next_[to_server ? 0 : 1];
    const std::uint32_t theirs = next_[to_server ? 1 : 0];
    test::TcpHeader header;
    header.sport = to_server ? 40000 : 443;
    header.dport = to_server ? 443 : 40000;
    header.seq = mine;
    header.ack = (flags & kAck) != 0 ? theirs : 0;
    header.flags = flags;
    const std::string_view client = ipv6_ ? test::kClient6 : "10.0.0.0";
    const std::string_view server = ipv6_ ? test::kServer6 : test::kServer;
    const std::string_view src = to_server ? client : server;
    const std::string_view dst = to_server ? server : client;
    const Octets segment = test::Tcp(header, payload, src, dst);
    const Octets frame = ipv6_ ? test::Ethernet(0x86dd, test::Ipv6(6, segment, src, dst))
                               : test::Ethernet(0x0800, test::Ipv4(6, segment, src, dst));
    mine += static_cast<std::uint32_t>(payload.size()) + ((flags & (kSyn | kFin)) != 0 ? 1 : 0);
    frames_.push_back({frame, to_server, ipv6_, false, 0});
    return *this;
  }
  [[nodiscard]] std::vector<Pattern> Take() { return std::move(frames_); }

 private:
  bool ipv6_;
  std::array<std::uint32_t, 2> next_ = {1000, 5000};
  std::vector<Pattern> frames_;
};

Octets Hello(std::string_view server_name) {
  const Octets fixed = test::ServerName(server_name) + test::Alpn("http/1.1");
  const std::size_t without = test::ClientHelloMessage(fixed).size();
  return test::Records(test::ClientHelloMessage(fixed + test::Extension(21, Octets(512 - without - 4))));  // padding
}

Octets ServerFlight() {
  const Octets hello = test::ServerHelloMessage(Octets(32, std::byte{9}), test::Extension(43, test::Hex("0304")));
  return test::Records(hello) + test::Hex("140303000101") + test::Records(Octets(2400, std::byte{0x5c}), 2400, 23);
}

// Sets one 16-bit word and mends the checksum at `sum` (RFC 1624, equation 3).
void SetWord(std::byte* at, std::uint16_t value, std::byte* sum) noexcept {
  std::uint32_t total = static_cast<std::uint16_t>(~LoadBe16(sum));
  total += static_cast<std::uint16_t>(~LoadBe16(at));
  total += value;
  total = (total & 0xffff) + (total >> 16);
  total = (total & 0xffff) + (total >> 16);
  StoreBe16(at, value);
  StoreBe16(sum, static_cast<std::uint16_t>(~total));
}

}  // namespace

std::vector<Pattern> TlsConnection(bool ipv6, std::string_view server_name, unsigned turns) {
  return TlsConnectionWith(ipv6, Hello(server_name), turns);
}

std::vector<Pattern> TlsUnanswered(bool ipv6, const Octets& hello) {
  std::vector<Pattern> frames = TlsConnectionWith(ipv6, hello);
  frames.resize(4);
  frames.push_back(frames.back());
  Conversation talk(ipv6);
  talk.Say(true, kSyn).Say(true, kAck, hello).Say(true, kRst);
  frames.push_back(talk.Take().back());
  return frames;
}

Pattern Datagram(bool ipv6, bool to_server, const Octets& payload) {
  const std::string_view client = ipv6 ? test::kClient6 : "10.0.0.0";
  const std::string_view server = ipv6 ? test::kServer6 : test::kServer;
  const std::string_view src = to_server ? client : server;
  const std::string_view dst = to_server ? server : client;
  const Octets udp = test::Udp(to_server ? 40000 : 443, to_server ? 443 : 40000, payload, src, dst);
  Pattern pattern;
  pattern.bytes = ipv6 ? test::Ethernet(0x86dd, test::Ipv6(17, udp, src, dst))
                       : test::Ethernet(0x0800, test::Ipv4(17, udp, src, dst));
  pattern.to_server = to_server, pattern.ipv6 = ipv6, pattern.udp = true;
  return pattern;
}

std::vector<Pattern> TlsConnectionWith(bool ipv6, const Octets& hello, unsigned turns) {
  const Octets data = test::Records(Octets(300, std::byte{0x33}), 300, 23);
  const Octets answer = test::Records(Octets(1200, std::byte{0x44}), 1200, 23);
  return TlsConnectionOf(ipv6, {hello, ServerFlight(), test::Hex("140303000101") + data, answer, data, answer}, turns);
}

std::vector<Pattern> TlsConnectionOf(bool ipv6, const TlsTalk& talk, unsigned turns) {
  const auto half = static_cast<std::ptrdiff_t>(talk.flight.size() / 2);
  Conversation said(ipv6);
  said.Say(true, kSyn)
      .Say(false, kSyn | kAck)
      .Say(true, kAck)
      .Say(true, kPushAck, talk.hello)
      .Say(false, kAck, {talk.flight.begin(), talk.flight.begin() + half})
      .Say(false, kPushAck, {talk.flight.begin() + half, talk.flight.end()});
  for (unsigned turn = 0; turn < turns; ++turn) {
    said.Say(true, kPushAck, turn == 0 ? talk.client_first : talk.client_data)
        .Say(false, kPushAck, turn == 0 ? talk.server_first : talk.server_data);
  }
  std::vector<Pattern> frames = said.Say(true, kFin | kAck).Say(false, kFin | kAck).Say(true, kAck).Take();
  // Record and handshake header and version stand before the random: 11 bytes, and the word must be even.
  frames[3].unique_at = frames[3].bytes.size() - talk.hello.size() + 12;
  return frames;
}

std::vector<Pattern> Established(bool ipv6, std::size_t payload) {
  return Conversation(ipv6)
      .Say(true, kPushAck, Octets(payload, std::byte{0x11}))
      .Say(false, kPushAck, Octets(payload, std::byte{0x22}))
      .Take();
}

Pattern Renumbered(Pattern pattern, std::uint32_t further) {
  std::byte* tcp = pattern.bytes.data() + kEthernet + (pattern.ipv6 ? 40 : 20);
  const auto add = [&](std::byte* number) {
    const std::uint32_t value = LoadBe32(number) + further;
    SetWord(number, static_cast<std::uint16_t>(value >> 16), tcp + 16);
    SetWord(number + 2, static_cast<std::uint16_t>(value), tcp + 16);
  };
  add(tcp + 4);
  if ((LoadU8(tcp + 13) & kAck) != 0) add(tcp + 8);
  return pattern;
}

Stamper::Stamper(std::size_t buffers) : room_(buffers * kRoom) {}

void Stamper::StampInto(std::byte* frame, const Pattern& pattern, std::uint32_t flow) noexcept {
  std::memcpy(frame, pattern.bytes.data(), pattern.bytes.size());
  const std::size_t ip = kEthernet;
  const std::size_t tcp = ip + (pattern.ipv6 ? 40 : 20);
  const std::size_t source = pattern.ipv6 ? ip + 8 : ip + 12;
  const std::size_t width = pattern.ipv6 ? 16 : 4;
  std::byte* client = frame + (pattern.to_server ? source : source + width) + width - 4;
  std::byte* port = frame + tcp + (pattern.to_server ? 0 : 2);
  std::byte* tcp_sum = frame + tcp + (pattern.udp ? 6 : 16);
  // 10.0.0.0/10 and ports 1024..: 2^22 clients, each flow its own.
  const auto high = static_cast<std::uint16_t>((pattern.ipv6 ? 0u : 0x0a00u) | (flow >> 16 & 0x3f));
  const auto low = static_cast<std::uint16_t>(flow);
  if (!pattern.ipv6) {
    std::byte* ip_sum = frame + ip + 10;
    std::uint16_t before = LoadBe16(client);
    SetWord(client, high, ip_sum);
    StoreBe16(client, before);
    before = LoadBe16(client + 2);
    SetWord(client + 2, low, ip_sum);
    StoreBe16(client + 2, before);
  }
  SetWord(client, high, tcp_sum);
  SetWord(client + 2, low, tcp_sum);
  SetWord(port, static_cast<std::uint16_t>(1024 + flow % 60000), tcp_sum);
  if (pattern.unique_at != 0) {
    const std::uint64_t own = (flow + 1) * 0x9e3779b97f4a7c15u;
    for (std::size_t i = 0; i < 4; ++i)
      SetWord(frame + pattern.unique_at + 2 * i, static_cast<std::uint16_t>(own >> (16 * i)), tcp_sum);
  }
  // A datagram's sum of 0 would say that there is none (RFC 768).
  if (pattern.udp && LoadBe16(tcp_sum) == 0) StoreBe16(tcp_sum, 0xffff);
}

FrameRef Stamper::Stamp(std::size_t buffer, const Pattern& pattern, std::uint32_t flow, Timestamp now) noexcept {
  std::byte* frame = room_.data() + buffer * kRoom;
  StampInto(frame, pattern, flow);
  FrameRef ref;
  ref.data = frame;
  ref.len = static_cast<std::uint32_t>(pattern.bytes.size());
  ref.time = now;
  return ref;
}

}  // namespace weir::perf
