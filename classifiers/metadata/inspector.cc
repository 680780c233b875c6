#include "classifiers/metadata/inspector.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "classifiers/metadata/dns_reader.h"
#include "classifiers/metadata/dns_stream.h"
#include "classifiers/metadata/dtls_reader.h"
#include "classifiers/metadata/framed_reader.h"
#include "classifiers/metadata/http_reader.h"
#include "classifiers/metadata/names.h"
#include "classifiers/metadata/quic_reader.h"
#include "classifiers/metadata/socks_reader.h"
#include "classifiers/metadata/stun_reader.h"
#include "classifiers/metadata/text_reader.h"
#include "classifiers/metadata/tls_hunt.h"
#include "classifiers/metadata/tls_reader.h"

namespace weir {
namespace {

constexpr std::size_t kProbeBytes = 4096;  // of a direction, until somebody knows the protocol
constexpr std::uint32_t kProbeDatagrams = 8;
constexpr std::uint32_t kMediaDatagrams = 64;
constexpr std::uint32_t kMaxStun = 8;  // whose fields are kept

// What a stream may speak. Each reader R has
//   int R::Probe([Direction,] Bytes start)   -1 not enough, 0 no, > 0 yes
//   R(const ReaderLimits&[, int])            the second is what Probe said
//   OnStream, memory_bytes                   as TlsReader
//   tunnels, consumed                        where it leads into another protocol, as HttpReader
//   kGreets                                  where the server may speak first
//   kYields                                  where no reader above may still be the one
template <class... R>
struct Readers {
  using Any = std::variant<std::monostate, R...>;
  struct Row {
    int (*probe)(Direction direction, Bytes start);
    void (*begin)(Any& reader, const ReaderLimits& limits, int fit);
    bool greets;
    bool yields;
  };
  template <class Reader>
  static int Probe(Direction direction, Bytes start) {
    if constexpr (requires { Reader::Probe(direction, start); }) {
      return Reader::Probe(direction, start);
    } else {
      return Reader::Probe(start);
    }
  }
  template <class Reader>
  static void Begin(Any& reader, const ReaderLimits& limits, int fit) {
    if constexpr (std::is_constructible_v<Reader, const ReaderLimits&, int>) {
      reader.template emplace<Reader>(limits, fit);
    } else {
      reader.template emplace<Reader>(limits);
    }
  }
  template <class Reader>
  static constexpr bool Greets() {
    if constexpr (requires { Reader::kGreets; }) return Reader::kGreets;
    return false;
  }
  template <class Reader>
  static constexpr bool Yields() {
    if constexpr (requires { Reader::kYields; }) return Reader::kYields;
    return false;
  }
  static constexpr std::array kRows = {Row{Probe<R>, Begin<R>, Greets<R>(), Yields<R>()}...};
};

using StreamReaders = Readers<ProxyReader,   //
                              SocksReader,   //
                              FramedReader,  //
                              TlsReader,     //
                              HttpReader,    //
                              DnsStream,     // its first bytes may be any: DnsAside
                              TextReader>;

bool IsSocksDatagram(Bytes datagram) noexcept {
  return datagram.size() > 10 && LoadBe16(datagram.data()) == 0 && LoadU8(&datagram[2]) == 0;
}

// What a SOCKS5 proxy is asked to relay (RFC 1928 s7), without its header; empty for another.
Bytes InsideSocks(Bytes datagram) noexcept {
  if (!IsSocksDatagram(datagram)) return {};
  const unsigned type = LoadU8(&datagram[3]);
  const std::size_t address = type == 1 ? 4 : type == 4 ? 16 : type == 3 ? std::size_t{1} + LoadU8(&datagram[4]) : 0;
  const std::size_t header = 4 + address + 2;
  return address == 0 || datagram.size() <= header ? Bytes{} : datagram.subspan(header);
}

// The name of the host that it is for, if it has one: then the proxy asks for it.
std::string_view SocksHost(Bytes datagram) noexcept {
  if (InsideSocks(datagram).empty() || LoadU8(&datagram[3]) != 3) return {};
  const std::string_view name = AsText(datagram.subspan(5, LoadU8(&datagram[4])));
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
  return printable ? name : std::string_view{};
}

}  // namespace

struct Inspector::State {
  ReaderLimits limits;
  std::uint8_t ip_proto = 0;
  AppProto proto = AppProto::kUnknown;
  ReaderState last = ReaderState::kProbing;
  // Streams
  std::array<std::vector<std::byte>, 2> start;  // of a stream, until the server's first words are known
  std::array<bool, 2> refused{};                // by every reader
  bool settled = false;                         // the protocol: the server does not contradict it
  StreamReaders::Any reader;
  std::optional<DnsAside> dns_aside;
  std::unique_ptr<Inspector> inside;  // of a tunnel
  std::unique_ptr<TlsHunt> hunt;      // where no reader knows the protocol: it may switch to TLS all the same
  // Datagrams
  std::optional<QuicReader> quic;
  std::optional<DtlsReader> dtls;
  std::uint32_t silent = 0;
  std::uint32_t stun = 0;
  TxId dns_tx = 0;

  void Probe(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  bool Contradicts(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  void Hunt(Bytes client, Metadata& out, Inspection& result);
  void Begin(const StreamReaders::Row& row, int fit, Metadata& out, Inspection& result);
  void Feed(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  void FeedInside(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  bool ReadDatagram(Direction direction, Bytes payload, Metadata& out, Inspection& result);
};

Inspector::Inspector(const ReaderLimits& limits, std::uint8_t ip_proto) : state_(std::make_unique<State>()) {
  state_->limits = limits;
  state_->ip_proto = ip_proto;
}
Inspector::~Inspector() = default;
Inspector::Inspector(Inspector&&) noexcept = default;
Inspector& Inspector::operator=(Inspector&&) noexcept = default;

Inspection Inspector::OnStream(Direction direction, Bytes in_order, Metadata& out) {
  State& s = *state_;
  Inspection result;
  result.proto = s.proto;
  result.state = s.last;
  if (s.reader.index() != 0) {
    if (s.settled || !s.Contradicts(direction, in_order, out, result)) s.Feed(direction, in_order, out, result);
  } else if (s.last == ReaderState::kProbing) {
    s.Probe(direction, in_order, out, result);
  } else if (s.hunt && direction == Direction::kToServer) {
    s.Hunt(in_order, out, result);
  }
  // No last word before the server's first, also where the client said all in one piece.
  const bool open = result.state == ReaderState::kProbing || result.state == ReaderState::kNameMayCome;
  if (s.reader.index() != 0 && !s.settled && !open) result.state = ReaderState::kProbing;
  s.proto = result.proto;
  s.last = result.state;
  result.mid_message = mid_message();
  return result;
}

// A client may say what it likes before a server that speaks first has spoken; so
// its bytes alone rule nothing out while they fit into kProbeBytes.
void Inspector::State::Probe(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  std::vector<std::byte>& head = start[Index(direction)];
  const bool full = head.size() + bytes.size() > kProbeBytes;
  head.insert(head.end(), bytes.begin(), bytes.end());
  bool perhaps = false;
  for (const StreamReaders::Row& row : StreamReaders::kRows) {
    const int fit = row.probe(direction, head);
    const bool waits = fit < 0 || (fit > 0 && row.yields && perhaps);
    perhaps = perhaps || waits;
    if (fit <= 0 || waits) continue;
    settled = settled || direction == Direction::kToClient;
    return Begin(row, fit, out, result);
  }
  refused[Index(direction)] = !perhaps && !head.empty();
  if (!full && !(refused[0] && refused[1])) return;
  hunt = std::make_unique<TlsHunt>(limits);
  Hunt(start[Index(Direction::kToServer)], out, result);
  start = {};
}

// AMQP, VNC, NBD and others that we do not read go on to TLS too. A likeness by chance stops
// nothing: only a whole hello counts, and while one is open the flow stays undecided. What the
// server says may look like an answer by chance: it ends nothing.
void Inspector::State::Hunt(Bytes client, Metadata& out, Inspection& result) {
  Inspection found;
  hunt->OnClient(client, true, out, found);
  result.tx_complete = found.tx_complete;
  result.state = hunt->waits() ? ReaderState::kNameMayCome : ReaderState::kUnknown;
}

// What a client says first may be made to look like anything; a server that greets
// (SMTP, MySQL ...) and answers "500" to it goes on all the same. So its greeting
// is believed above the client's bytes, and they are read again.
bool Inspector::State::Contradicts(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  std::vector<std::byte>& head = start[Index(direction)];
  const Bytes probed = bytes.first(std::min(bytes.size(), kProbeBytes - std::min(head.size(), kProbeBytes)));
  bool perhaps = probed.size() == bytes.size();
  const bool first = head.empty();
  const auto keep = [&] { head.insert(head.end(), probed.begin(), probed.end()); };
  if (!first) keep();
  const Bytes seen = first ? probed : Bytes(head);
  if (!probed.empty() && direction == Direction::kToClient) {
    const bool more = std::exchange(perhaps, false);
    for (std::size_t i = 0; i < StreamReaders::kRows.size(); ++i) {
      const StreamReaders::Row& row = StreamReaders::kRows[i];
      const int fit = row.greets ? row.probe(direction, seen) : 0;
      perhaps = perhaps || (fit < 0 && more);
      if (fit <= 0 || reader.index() == i + 1) continue;
      settled = true;
      if (first) keep();
      Begin(row, fit, out, result);
      const Inspection begun = result;
      if (!more) Feed(direction, bytes.subspan(probed.size()), out, result);
      result.events |= begun.events;
      result.tx_complete = result.tx_complete || begun.tx_complete;
      return true;
    }
  }
  settled = !perhaps;
  if (settled) {
    start = {};
  } else if (first) {
    keep();
  }
  return false;
}

void Inspector::State::Begin(const StreamReaders::Row& row, int fit, Metadata& out, Inspection& result) {
  row.begin(reader, limits, fit);
  dns_aside.reset();
  const std::vector<std::byte>& client = start[Index(Direction::kToServer)];
  settled = settled || refused[Index(Direction::kToClient)] || client.size() > kProbeBytes;
  const bool is_dns = std::holds_alternative<DnsStream>(reader);
  if (!is_dns && !client.empty() && DnsStream::Probe(Direction::kToServer, client) != 0) dns_aside.emplace();
  std::array<std::vector<std::byte>, 2> waited = std::exchange(start, {});
  for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
    if (waited[Index(d)].empty()) continue;
    const Inspection before = result;
    Feed(d, waited[Index(d)], out, result);
    result.events |= before.events;
    result.tx_complete = result.tx_complete || before.tx_complete;
  }
  if (!settled) start = std::move(waited);
}

void Inspector::State::Feed(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  result = {};
  std::size_t consumed = bytes.size();
  bool tunnels = false;
  std::array<std::string, 2> held;  // bytes of earlier calls that turned out to be the tunnel's
  std::visit(
      [&](auto& r) {
        using Reader = std::decay_t<decltype(r)>;
        if constexpr (!std::is_same_v<Reader, std::monostate>) r.OnStream(direction, bytes, out, result);
        if constexpr (requires { r.tunnels(); }) {
          tunnels = r.tunnels();
          consumed = r.consumed();
        }
        if constexpr (requires { r.TakeHeld(direction); }) {
          tunnels = tunnels && result.state == ReaderState::kNameMayCome;
          for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
            if (tunnels) held[Index(d)] = r.TakeHeld(d);
          }
        }
      },
      reader);
  if (dns_aside) {
    dns_aside->OnStream(direction, bytes, out, result);
    if (dns_aside->refuted()) dns_aside.reset();
    if (dns_aside && result.state == ReaderState::kNoMoreNames) result.state = ReaderState::kNameMayCome;
  }
  if (!tunnels) return;
  settled = true;
  start = {};
  for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
    if (!held[Index(d)].empty()) FeedInside(d, AsBytes(held[Index(d)]), out, result);
  }
  FeedInside(direction, bytes.subspan(consumed), out, result);
}

void Inspector::State::FeedInside(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  result.state = ReaderState::kNameMayCome;
  if (!inside && limits.tunnels == 0) {
    result.state = ReaderState::kUnknown;
    if (!bytes.empty()) result.events |= Bit(ReaderEvent::kNestingBudget);
    return;
  }
  if (!inside) {
    ReaderLimits inner = limits;
    --inner.tunnels;
    inside = std::make_unique<Inspector>(inner, ip_proto);
  }
  if (bytes.empty()) {
    if (inside->state_->proto != AppProto::kUnknown) result.proto = inside->state_->proto;
    if (inside->state_->last != ReaderState::kProbing) result.state = inside->state_->last;
    return;
  }
  const Inspection outer = result;
  result = inside->OnStream(direction, bytes, out);
  result.events |= outer.events;
  if (result.proto == AppProto::kUnknown) result.proto = outer.proto;
  if (outer.tx_complete && !result.tx_complete) {
    result.tx_complete = true;
    result.tx = outer.tx;
  }
}

Inspection Inspector::OnDatagram(Direction direction, Bytes payload, Metadata& out) {
  State& s = *state_;
  Inspection result;
  result.proto = s.proto;
  result.state = s.last;
  if (payload.empty()) return result;
  if (const std::string_view host = SocksHost(payload); direction == Direction::kToServer && !host.empty())
    out.Add(BufferId::kSocksHost, direction, 0, NormaliseHost(host));
  const Bytes relayed = InsideSocks(payload);
  const bool read = (!relayed.empty() && s.ReadDatagram(direction, relayed, out, result)) ||
                    s.ReadDatagram(direction, payload, out, result);
  // Nothing is ever settled by datagrams that say nothing: whoever asks again is read.
  if (!read) {
    ++s.silent;
    const bool nobody = s.proto == AppProto::kUnknown || s.proto == AppProto::kStun;
    if (nobody) result.state = s.silent >= kProbeDatagrams ? ReaderState::kUnknown : ReaderState::kProbing;
    // Media that runs where one side's handshake is not to be seen; a hello in pieces is waited for.
    if (s.proto == AppProto::kDtls && s.silent >= kMediaDatagrams && !s.dtls->waits())
      result.state = ReaderState::kNoMoreNames;
  }
  s.proto = result.proto;
  s.last = result.state;
  result.mid_message = mid_message();
  return result;
}

// By each datagram's own bytes (as RFC 9443 tells them apart), whatever came before.
bool Inspector::State::ReadDatagram(Direction direction, Bytes payload, Metadata& out, Inspection& result) {
  const bool dns = ReadDnsMessage(payload, direction, dns_tx, out);
  if (dns) {
    result.proto = AppProto::kDns;
    result.tx = dns_tx++;
    result.tx_complete = true;
    result.state = ReaderState::kNameMayCome;
  }
  // A large DNS answer may look like a QUIC version that nobody knows.
  if (QuicReader::LooksLike(payload) && (!dns || FindQuicVersion(LoadBe32(&payload[1])) != nullptr)) {
    if (!quic) quic.emplace(limits);
    quic->OnDatagram(direction, payload, out, result);
    return true;
  }
  if (dns) return true;
  if (DtlsReader::LooksLike(payload)) {
    if (!dtls) dtls.emplace(limits);
    dtls->OnDatagram(direction, payload, out, result);
    return true;
  }
  Metadata scratch;
  if (!ReadStunMessage(payload, direction, 0, stun < kMaxStun ? out : scratch)) {
    if (!quic || !QuicReader::IsPacket(payload)) return false;
    quic->OnDatagram(direction, payload, out, result);
    return true;
  }
  ++stun;
  if (proto != AppProto::kUnknown && proto != AppProto::kStun) return true;
  result.proto = AppProto::kStun;
  result.state = ++silent >= kProbeDatagrams ? ReaderState::kUnknown : ReaderState::kProbing;
  return true;
}

bool LooksLikeAName(Bytes datagram) noexcept {
  const unsigned first = LoadU8(datagram.data());
  if (first >= 0x80 && QuicReader::LooksLike(datagram)) return true;
  if (first - 20u <= 6 && DtlsReader::LooksLike(datagram)) return true;
  // A DNS question (RFC 1035 s4.1.1): no response, 1 to 8 questions.
  const std::uint32_t head = LoadBe32(&datagram[2]);
  if ((head & 0x8000ff00) == 0 && (head >> 27) <= 5 && (head & 0xff) - 1 < 8) return true;
  if (!IsSocksDatagram(datagram)) return false;
  const Bytes relayed = InsideSocks(datagram);
  return !SocksHost(datagram).empty() || (!IsSocksDatagram(relayed) && MayNameSomething(relayed));
}

bool Inspector::mid_message() const noexcept {
  const State& s = *state_;
  if (s.inside) return s.inside->mid_message();
  const bool waits = s.last == ReaderState::kProbing || s.last == ReaderState::kNameMayCome;
  if (!waits) return false;
  // What no reader takes for its own yet, but one still may.
  const std::size_t client = Index(Direction::kToServer);
  const bool refused = s.refused[client] || s.refused[Index(Direction::kToClient)];
  if (s.reader.index() == 0 && !s.start[client].empty() && !refused) return true;
  if ((s.quic && s.quic->mid_message()) || (s.dtls && s.dtls->waits())) return true;
  return std::visit(
      [](const auto& r) {
        if constexpr (requires { r.mid_message(); }) return r.mid_message();
        return false;
      },
      s.reader);
}

std::size_t Inspector::memory_bytes() const noexcept {
  const State& s = *state_;
  std::size_t sum = sizeof(State) + s.start[0].capacity() + s.start[1].capacity();
  std::visit(
      [&](const auto& r) {
        if constexpr (requires { r.memory_bytes(); }) sum += r.memory_bytes();
      },
      s.reader);
  if (s.quic) sum += s.quic->memory_bytes();
  if (s.dtls) sum += s.dtls->memory_bytes();
  if (s.hunt) sum += sizeof(TlsHunt) + s.hunt->memory_bytes();
  if (s.dns_aside) sum += s.dns_aside->memory_bytes();
  return s.inside ? sum + s.inside->memory_bytes() : sum;
}

}  // namespace weir
