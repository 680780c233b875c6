#include "classifiers/metadata/inspector.h"

#include <algorithm>
#include <array>
#include <optional>

#include "classifiers/metadata/dns_reader.h"
#include "classifiers/metadata/http_reader.h"
#include "classifiers/metadata/quic_reader.h"
#include "classifiers/metadata/stun_reader.h"
#include "classifiers/metadata/tls_reader.h"

namespace weir {
namespace {

constexpr std::size_t kProbeBytes = 64;  // a direction; what no reader claimed by then, none will
constexpr std::uint32_t kProbeDatagrams = 8;
constexpr std::size_t kMaxDnsStream = 65537;

}  // namespace

struct Inspector::State {
  ReaderLimits limits;
  std::uint8_t ip_proto = 0;
  AppProto proto = AppProto::kUnknown;
  ReaderState last = ReaderState::kProbing;
  std::array<std::vector<std::byte>, 2> start;  // of a stream that is not recognised yet; DNS: a cut message
  std::array<bool, 2> refused{};
  std::optional<TlsReader> tls;
  std::optional<HttpReader> http;
  std::optional<QuicReader> quic;
  std::unique_ptr<Inspector> inside;  // of an HTTP tunnel
  std::uint32_t datagrams = 0;
  TxId dns_tx = 0;

  void Probe(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  void Begin(AppProto found, Metadata& out, Inspection& result);
  void Feed(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  void FeedHttp(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  void FeedDns(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
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
  if (s.proto != AppProto::kUnknown) {
    s.Feed(direction, in_order, out, result);
  } else if (s.last == ReaderState::kProbing) {
    s.Probe(direction, in_order, out, result);
    if (result.proto == AppProto::kUnknown && result.state != ReaderState::kUnknown) result.proto = s.proto;
  }
  s.last = result.state;
  return result;
}

void Inspector::State::Probe(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  std::vector<std::byte>& head = start[Index(direction)];
  head.insert(head.end(), bytes.begin(), bytes.end());
  const int is_tls = TlsReader::Probe(head);
  const int is_http = HttpReader::Probe(head);
  Metadata scratch;
  const bool is_dns = head.size() > 14 && LoadBe16(head.data()) + std::size_t{2} <= head.size() &&
                      ReadDnsMessage(Bytes(head).subspan(2, LoadBe16(head.data())), direction, 0, scratch);
  if (is_dns) return Begin(AppProto::kDns, out, result);
  if (is_tls == 1) return Begin(AppProto::kTls, out, result);
  if (is_http == 1) return Begin(AppProto::kHttp, out, result);
  // A DNS message over TCP begins with its length: wait for it while it may be one.
  const bool may_be_dns = head.size() < 2 || (LoadBe16(head.data()) >= 12 && head.size() < kProbeBytes);
  refused[Index(direction)] = is_tls == 0 && is_http == 0 && (!may_be_dns || head.size() >= kProbeBytes);
  const bool client_refused = refused[Index(Direction::kToServer)];
  if (client_refused || head.size() >= kProbeBytes * 4) {
    result.state = ReaderState::kUnknown;
    start = {};
  }
}

void Inspector::State::Begin(AppProto found, Metadata& out, Inspection& result) {
  proto = found;
  if (found == AppProto::kTls) tls.emplace(limits);
  if (found == AppProto::kHttp) http.emplace(limits);
  const std::array<std::vector<std::byte>, 2> waited = std::move(start);
  start = {};
  for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
    if (!waited[Index(d)].empty()) Feed(d, waited[Index(d)], out, result);
  }
}

void Inspector::State::Feed(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  switch (proto) {
    case AppProto::kTls:
      return tls->OnStream(direction, bytes, out, result);
    case AppProto::kHttp:
      return FeedHttp(direction, bytes, out, result);
    case AppProto::kDns:
      return FeedDns(direction, bytes, out, result);
    default:
      return;
  }
}

void Inspector::State::FeedHttp(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  http->OnStream(direction, bytes, out, result);
  if (!http->tunnels() || result.state != ReaderState::kNameMayCome) return;
  if (!inside) {
    if (limits.tunnels == 0) {
      result.events |= Bit(ReaderEvent::kHttpHeadBudget);
      result.state = ReaderState::kNoMoreNames;
      return;
    }
    ReaderLimits inner = limits;
    --inner.tunnels;
    inside = std::make_unique<Inspector>(inner, ip_proto);
  }
  const auto feed = [&](Direction d, Bytes part) {
    if (part.empty()) return;
    const Inspection outer = result;
    result = inside->OnStream(d, part, out);
    result.events |= outer.events;
    if (result.proto == AppProto::kUnknown) result.proto = outer.proto;
    if (outer.tx_complete && !result.tx_complete) {
      result.tx_complete = true;
      result.tx = outer.tx;
    }
  };
  for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
    feed(d, AsBytes(std::string_view(http->TakeHeld(d))));
  }
  feed(direction, bytes.subspan(http->consumed()));
}

void Inspector::State::FeedDns(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  std::vector<std::byte>& held = start[Index(direction)];
  held.insert(held.end(), bytes.begin(), bytes.end());
  std::size_t at = 0;
  while (held.size() - at >= 2) {
    const std::size_t length = LoadBe16(&held[at]);
    if (held.size() - at < 2 + length) break;
    if (ReadDnsMessage(Bytes(held).subspan(at + 2, length), direction, dns_tx, out)) {
      result.tx = dns_tx++;
      result.tx_complete = true;
    } else {
      result.events |= Bit(ReaderEvent::kDnsMalformed);
    }
    at += 2 + length;
  }
  held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(at));
  result.state = held.size() > kMaxDnsStream ? ReaderState::kUnknown : ReaderState::kNameMayCome;
}

Inspection Inspector::OnDatagram(Direction direction, Bytes payload, Metadata& out) {
  State& s = *state_;
  Inspection result;
  result.proto = s.proto;
  result.state = s.last;
  if (payload.empty()) return result;
  if (s.quic || QuicReader::LooksLike(payload)) {
    if (!s.quic) s.quic.emplace(s.limits);
    s.quic->OnDatagram(direction, payload, out, result);
  } else if (ReadDnsMessage(payload, direction, s.dns_tx, out)) {
    result.proto = AppProto::kDns;
    result.tx = s.dns_tx++;
    result.tx_complete = true;
    result.state = ReaderState::kNameMayCome;
  } else if (ReadStunMessage(payload, direction, 0, out)) {
    result.proto = AppProto::kStun;
  }
  const bool silent = result.proto == AppProto::kUnknown || result.proto == AppProto::kStun;
  if (silent) result.state = ++s.datagrams >= kProbeDatagrams ? ReaderState::kUnknown : ReaderState::kProbing;
  s.proto = result.proto;
  s.last = result.state;
  return result;
}

std::size_t Inspector::memory_bytes() const noexcept {
  const State& s = *state_;
  std::size_t sum = sizeof(State) + s.start[0].capacity() + s.start[1].capacity();
  if (s.tls) sum += s.tls->memory_bytes();
  if (s.http) sum += s.http->memory_bytes();
  if (s.quic) sum += s.quic->memory_bytes();
  return s.inside ? sum + s.inside->memory_bytes() : sum;
}

}  // namespace weir
