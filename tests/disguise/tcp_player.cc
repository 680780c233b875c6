#include "tests/disguise/tcp_player.h"

#include <algorithm>

namespace weir::disguise {
namespace {

using test::Be16;
using test::Hex;
using test::Text;
using test::operator+;

constexpr std::uint8_t kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16, kUrg = 32;

Octets Part(const Octets& all, std::size_t from, std::size_t to) {
  to = std::min(to, all.size());
  if (from >= to) return {};
  return {all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to)};
}

Octets Be32(std::uint32_t value) {
  return Be16({static_cast<std::uint16_t>(value >> 16), static_cast<std::uint16_t>(value)});
}

}  // namespace

TcpPlayer::TcpPlayer(const TcpShape& shape, Random& random) : shape_(shape), random_(random) {
  client_ =
      shape.wrap ? 0xffffffffu - static_cast<std::uint32_t>(Below(random, 40)) : 0x20000000u + random() % 0x1000000u;
  server_ = 0x90000000u + random() % 0x1000000u;
}

Octets TcpPlayer::Options(bool syn, bool client) const {
  Octets out;
  if (syn) out = out + Hex("02 04 05b4");
  if (syn && shape_.scale) out = out + Hex("01 03 03 07");
  if (shape_.stamps) {
    out = out + Hex("01 01 08 0a") + Be32(client ? stamp_ : stamp_ + 0x7777) + Be32(client ? 0 : stamp_);
  }
  return out;
}

Packet TcpPlayer::Client(std::uint8_t flags, Octets data) const {
  Packet p;
  p.seq = client_;
  p.ack = (flags & kAck) != 0 ? server_ : 0;
  p.flags = flags;
  p.window = shape_.scale ? 512 : 65535;
  p.options = Options((flags & kSyn) != 0, true);
  p.data = std::move(data);
  return p;
}

Packet TcpPlayer::Server(std::uint8_t flags, Octets data) const {
  Packet p;
  p.to_server = false;
  p.seq = server_;
  p.ack = server_acked_;
  p.flags = flags;
  p.window = shape_.scale && (flags & kSyn) == 0 ? 512 : 65535;
  p.options = Options((flags & kSyn) != 0, false);
  p.data = std::move(data);
  return p;
}

void TcpPlayer::Emit(Packet packet) {
  if (shape_.open == Open::kOneSided && !packet.to_server) return;
  ++stamp_;
  packets.push_back(std::move(packet));
}

Octets TcpPlayer::Garbage(std::size_t n) {
  Octets out(n);
  for (std::byte& b : out) b = static_cast<std::byte>('a' + random_() % 26);
  return out;
}

void TcpPlayer::Syn(std::uint32_t isn, const Octets& data, std::uint8_t ttl) {
  Packet syn = Client(kSyn, data);
  syn.seq = isn;
  syn.ttl = ttl;
  Emit(syn);
}

// The server answers, having taken the client's bytes before `taken`.
void TcpPlayer::SynAck(std::uint32_t taken) {
  server_acked_ = taken;
  Emit(Server(kSyn | kAck));
  ++server_;
}

// client_ is the initial sequence number before, the first byte's after.
void TcpPlayer::Greet(const Octets& first, bool only) {
  greeted_ = true;
  const std::uint32_t isn = client_;
  const std::uint32_t other = isn + 0x30000000u + random_() % 0x1000u;
  const std::size_t early = std::min<std::size_t>(first.size(), 200 + Below(random_, 400));
  switch (shape_.open) {
    case Open::kMidstream:
      server_acked_ = client_;
      Emit(Client(kAck));
      return;
    case Open::kSplit:
      Syn(isn, {});
      Emit(Server(kSyn));
      ++server_;
      Emit(Client(kSyn | kAck));
      client_ = server_acked_ = isn + 1;
      Emit(Server(kAck));
      return;
    case Open::kTwoSyns:
      Syn(other, {});
      Syn(isn, {});
      break;
    case Open::kTwoSynsFirst:
      Syn(isn, {});
      Syn(other, {});
      break;
    case Open::kFastOpen:
      Syn(isn, Part(first, 0, early));
      client_ = isn + 1;
      SynAck(isn + 1 + static_cast<std::uint32_t>(early));
      Emit(Client(kAck));
      return;
    case Open::kSynDataResent:
      Syn(isn, Part(first, 0, early));
      break;
    case Open::kSynDataDecoy:
      Syn(isn, only ? Garbage(early) : Part(first, 0, early));
      readable = readable && !only;
      break;
    case Open::kEarlyData: {
      Syn(isn, {});
      client_ = isn + 1;
      Emit(Client(kPsh, Part(first, 0, early)));
      packets.back().flags |= kAck;
      break;
    }
    default:
      Syn(isn, {});
      break;
  }
  client_ = isn + 1;
  SynAck(isn + 1);
  Emit(Client(kAck));
}

// A short innocent connection on the same tuple.
void TcpPlayer::EarlierConnection(bool ends) {
  Syn(client_++, {});
  SynAck(client_);
  Emit(Client(kAck));
  const Octets request = Text("GET / HTTP/1.1\r\nHost: front.neutral.example\r\n\r\n");
  Emit(Client(kPsh | kAck, request));
  client_ += static_cast<std::uint32_t>(request.size());
  server_acked_ = client_;
  ServerSays(Text("HTTP/1.1 204 No Content\r\n\r\n"));
  if (ends) Close();
  client_ += 0x08000000u + static_cast<std::uint32_t>(Below(random_, 0x1000));
  server_ += 0x08000000u;
}

void TcpPlayer::Play(const std::vector<Message>& talk, const std::vector<Message>& neutral) {
  if (shape_.open == Open::kReuseAfterFin || shape_.open == Open::kReuseSilent) {
    EarlierConnection(shape_.open == Open::kReuseAfterFin);
  }
  Greet(talk.front().bytes, std::count_if(talk.begin(), talk.end(), [](const Message& m) { return m.to_server; }) == 1);
  for (std::size_t i = 0; i < talk.size(); ++i) {
    if (!talk[i].to_server) {
      ServerSays(talk[i].bytes);
      continue;
    }
    const bool names = i + 1 >= talk.size() || std::none_of(talk.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                                            talk.end(), [](const Message& m) { return m.to_server; });
    if (names && shape_.conflict == Conflict::kRewrite) {
      // The same numbers first carry another name.
      const std::uint32_t start = client_;
      for (std::size_t at = 0; at < neutral[i].bytes.size(); at += 1400) {
        Emit(Client(kPsh | kAck, Part(neutral[i].bytes, at, at + 1400)));
        client_ += static_cast<std::uint32_t>(packets.back().data.size());
      }
      client_ = start;
      readable = false;
    }
    Say(talk[i].bytes, names);
  }
  Close();
  if (!readable) {
    for (Packet& p : packets) p.may_drop = true;
  }
}

void TcpPlayer::Say(const Octets& bytes, bool last) {
  naming_ = last;
  if (Has(kZeroWindow) && !probed_ && last) ProbeZeroWindow(bytes);
  const std::size_t size = bytes.size() / std::max(1u, shape_.batches) + 1;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    if (at > 0) BetweenBatches();
    SayBatch(Part(bytes, at, at + size));
  }
}

void TcpPlayer::ProbeZeroWindow(const Octets& bytes) {
  probed_ = true;
  Packet closed = Server(kAck);
  closed.window = 0;
  Emit(closed);
  Emit(Client(kAck, Part(bytes, 0, 1)));
  Emit(closed);
  Emit(Server(kAck));
}

void TcpPlayer::BetweenBatches() {
  if (Has(kKeepAlive) && server_acked_ == client_) {
    Packet probe = Client(kAck, Hex("00"));
    --probe.seq;
    probe.may_drop = shape_.open == Open::kOneSided;
    Emit(probe);
    Emit(Server(kAck));
  }
  if (Has(kSynInside) && naming_) {  // elsewhere a stream could begin there
    Packet reset = Client(kRst | kAck);
    reset.ttl = 1;
    Emit(reset);
    Syn(client_ - 1, {}, 1);
    packets.back().may_drop = true;
  }
  if (Has(kSynFar)) {
    Syn(client_ + 0x40000000u, {}, 1);
    // Where no answer can ever be seen, the last SYN is believed.
    if (shape_.open == Open::kOneSided) readable = false;
  }
}

std::vector<Packet> TcpPlayer::Segments(const Octets& bytes) {
  std::vector<Packet> out;
  const std::size_t size = std::max(shape_.segment, bytes.size() / 300 + 1);
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    Packet p = Client(kAck, Part(bytes, at, at + size + shape_.overlap));
    p.seq = client_ + static_cast<std::uint32_t>(at);
    if (at + size >= bytes.size()) p.flags |= kPsh;
    if (Has(kReserved)) p.reserved = 5;
    ++stamp_;
    out.push_back(std::move(p));
  }
  return out;
}

void TcpPlayer::SayBatch(const Octets& bytes) {
  Octets sent = bytes;
  std::size_t extra = SIZE_MAX;
  if (Has(kUrgentExtra) && naming_ && bytes.size() > 20) {
    extra = Below(random_, bytes.size() - 4) + 2;
    sent.insert(sent.begin() + static_cast<std::ptrdiff_t>(extra), std::byte{'#'});
    readable = false;
  }
  std::vector<Packet> segments = Segments(sent);
  for (Packet& p : segments) {
    const auto from = static_cast<std::size_t>(p.seq - client_);
    if (extra == SIZE_MAX || extra < from || extra >= from + p.data.size()) continue;
    p.flags |= kUrg;
    p.urgent = static_cast<std::uint16_t>(extra - from + 1);
    p.may_change = true;
  }
  AddMarks(segments);
  const std::size_t count = segments.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (shape_.duplicates > 0 && Chance(random_, shape_.duplicates)) segments.push_back(segments[i]);
  }
  Arrange(segments, shape_.order, random_);
  AddConflict(segments);
  AddDecoys(segments);
  AddEndings(segments);
  for (Packet& p : segments) Emit(std::move(p));
  client_ += static_cast<std::uint32_t>(sent.size());
  // Data in the SYN may have been acknowledged further already.
  if (static_cast<std::int32_t>(client_ - server_acked_) > 0) server_acked_ = client_;
  Emit(Server(kAck));
}

void TcpPlayer::AddMarks(std::vector<Packet>& segments) {
  if (!Has(kUrgentFlag)) return;
  Packet& p = segments[Below(random_, segments.size())];
  if ((p.flags & kUrg) != 0) return;
  p.flags |= kUrg;
  p.urgent = static_cast<std::uint16_t>(1 + Below(random_, p.data.size()));
  p.may_change = true;
}

void TcpPlayer::ServerSays(const Octets& bytes) {
  if (Has(kAckAhead)) {
    Packet ahead = Client(kAck);
    ahead.ack += 40 + static_cast<std::uint32_t>(Below(random_, 400));
    ahead.ttl = 1;
    Emit(ahead);
  }
  Emit(Server(kPsh | kAck, bytes));
  server_ += static_cast<std::uint32_t>(bytes.size());
  Emit(Client(kAck));
}

void TcpPlayer::Close() {
  Emit(Client(kFin | kAck));
  ++client_;
  server_acked_ = client_;
  Emit(Server(kFin | kAck));
  ++server_;
  Emit(Client(kAck));
}

}  // namespace weir::disguise
