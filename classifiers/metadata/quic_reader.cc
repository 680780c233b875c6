#include "classifiers/metadata/quic_reader.h"

#include <algorithm>
#include <string>

#include "classifiers/metadata/client_hello.h"
#include "classifiers/metadata/fingerprint.h"

namespace weir {
namespace {

constexpr std::size_t kMaxAttempts = 8;
constexpr std::size_t kMaxGaps = 4096;         // in one flight
constexpr std::uint64_t kMaxHole = 16 * 1024;  // bytes ahead of what is whole
constexpr std::size_t kMaxId = 20;             // RFC 9000 s17.2

// Most of a client's first datagram is padding (RFC 9000 s14.1).
std::size_t ZerosAhead(Bytes bytes) noexcept {
  std::size_t n = 0;
  while (n + 8 <= bytes.size() && LoadBe64(&bytes[n]) == 0) n += 8;
  while (n < bytes.size() && bytes[n] == std::byte{0}) ++n;
  return n;
}

// RFC 9000 s16.
std::uint64_t ReadVarint(ByteReader& reader) noexcept {
  const std::uint8_t first = reader.U8();
  std::uint64_t value = first & 0x3f;
  for (int more = (1 << (first >> 6)) - 1; more > 0; --more) value = value << 8 | reader.U8();
  return value;
}

std::string VersionText(std::uint32_t version) {
  if (version == 1) return "1";
  if (version == 0x6b3343cf || version == 0x709a50c4 || version == 0xff020000) return "2";
  if ((version & 0xffffff00) == 0xff000000) return "draft-" + std::to_string(version & 0xff);
  return std::to_string(version);
}

// Skips an ACK frame (RFC 9000 s19.3).
void SkipAck(ByteReader& reader, bool ecn) noexcept {
  (void)ReadVarint(reader);
  (void)ReadVarint(reader);
  std::uint64_t ranges = ReadVarint(reader);
  (void)ReadVarint(reader);
  for (; ranges > 0 && reader.ok(); --ranges) {
    (void)ReadVarint(reader);
    (void)ReadVarint(reader);
  }
  for (int i = 0; ecn && i < 3; ++i) (void)ReadVarint(reader);
}

}  // namespace

bool QuicReader::LooksLike(Bytes datagram) noexcept {
  if (datagram.size() < 7 || (LoadU8(datagram.data()) & 0xc0) != 0xc0) return false;
  const std::size_t dcid = LoadU8(&datagram[5]);
  if (dcid > kMaxId || datagram.size() <= 6 + dcid || LoadU8(&datagram[6 + dcid]) > kMaxId) return false;
  const std::uint32_t version = LoadBe32(&datagram[1]);
  return version == 1 || (datagram.size() >= 1200 && version != 0) || FindQuicVersion(version) != nullptr;
}

void QuicReader::OnDatagram(Direction direction, Bytes datagram, Metadata& out, Inspection& result) {
  result.proto = AppProto::kQuic;
  Bytes left = datagram;
  while (left.size() > 7 && (LoadU8(left.data()) & 0x80) != 0) {
    ByteReader reader(left);
    const std::uint8_t first = reader.U8();
    const std::uint32_t number = reader.U32();
    const Bytes dcid = reader.Take(reader.U8());
    reader.Skip(reader.U8());
    const QuicVersion* version = FindQuicVersion(number);
    if (version == nullptr) {
      if (number != 0) result.events |= Bit(ReaderEvent::kQuicUnknownVersion);
      break;
    }
    const int type = (first >> 4) & 3;
    const bool initial = type == (version->v2_types ? 1 : 0);
    const bool retry = type == (version->v2_types ? 0 : 3);
    if (retry) break;
    if (initial) reader.Skip(ReadVarint(reader));
    const std::uint64_t length = ReadVarint(reader);
    if (!reader.ok() || length > reader.remaining()) break;
    const std::size_t end = reader.offset() + static_cast<std::size_t>(length);
    // Who opened the flow is heard whatever came from the other side before.
    if (initial && (direction == client_ || direction == Direction::kToServer || attempts_.empty()))
      OnInitial(*version, direction, dcid, left.first(end), reader.offset(), out, result);
    if (!initial && direction != client_) {
      server_secured_ = true;
      if (mid_message()) result.events |= Bit(ReaderEvent::kSwitchBudget);
    }
    left = left.subspan(end);
  }
  if (direction != client_ && !left.empty() && (LoadU8(left.data()) & 0xc0) == 0x40) server_secured_ = true;
  const bool all_read = std::all_of(attempts_.begin(), attempts_.end(), [](const Attempt& a) { return a.read > 0; });
  result.state = server_secured_ && all_read ? ReaderState::kNoMoreNames : ReaderState::kNameMayCome;
}

// `result` is that of one datagram.
bool QuicReader::MayOpen(Inspection& result) const noexcept {
  if (result.opens++ < limits_->opens) return true;
  result.events |= Bit(ReaderEvent::kWorkBudget);
  return false;
}

void QuicReader::OnInitial(const QuicVersion& version, Direction direction, Bytes dcid, Bytes packet,
                           std::size_t number_at, Metadata& out, Inspection& result) {
  std::vector<std::byte> plain(packet.size());
  // The keys stay those of the first flight when the client takes up the server's id.
  for (Attempt& attempt : attempts_) {
    const QuicInitialKeys& keys = attempt.KeysOf(version);
    // Of the packets that we saw the server may have lost the one with the largest number.
    for (const std::uint64_t expected : {attempt.next_number, std::uint64_t{0}}) {
      std::uint64_t number = expected;
      if (!MayOpen(result)) return;
      if (const auto frames = OpenInitial(keys, packet, number_at, plain, number); !frames.empty()) {
        attempt.next_number = std::max(attempt.next_number, number + 1);
        return OnFrames(attempt, frames, out, result);
      }
      if (attempt.next_number < 128) break;
    }
  }
  if (!MayOpen(result)) return;
  const QuicInitialKeys keys = ClientInitialKeys(version, dcid);
  std::uint64_t number = 0;
  const auto frames = OpenInitial(keys, packet, number_at, plain, number);
  if (frames.empty()) {
    if (direction != client_) return;
    result.events |= Bit(forgot_ ? ReaderEvent::kTlsHandshakeBudget : ReaderEvent::kQuicDecryptFailed);
    return;
  }
  if (attempts_.size() >= kMaxAttempts && !MakeRoom()) {
    result.events |= Bit(ReaderEvent::kTlsHandshakeBudget);
    return;
  }
  if (attempts_.empty()) client_ = direction;
  attempts_.push_back({.version = &version, .keys = keys, .id = {dcid.begin(), dcid.end()}, .next_number = number + 1});
  OnFrames(attempts_.back(), frames, out, result);
}

const QuicInitialKeys& QuicReader::Attempt::KeysOf(const QuicVersion& of) {
  if (version == &of) return keys;
  if (later != &of) later_keys = ClientInitialKeys(of, id);
  later = &of;
  return later_keys;
}

// A socket may serve one connection after the other to the same server.
bool QuicReader::MakeRoom() {
  const auto oldest = std::find_if(attempts_.begin(), attempts_.end(), [](const Attempt& a) { return a.whole(); });
  if (oldest == attempts_.end()) return false;
  held_ -= oldest->bytes.size();
  attempts_.erase(oldest);
  forgot_ = true;
  return true;
}

void QuicReader::OnFrames(Attempt& attempt, Bytes frames, Metadata& out, Inspection& result) {
  ByteReader reader(frames);
  while (!reader.empty() && reader.ok()) {
    const std::uint64_t type = ReadVarint(reader);
    if (type == 0) reader.Skip(ZerosAhead(frames.last(reader.remaining())));  // PADDING
    if (type <= 1) continue;                                                  // and PING
    if (type == 2 || type == 3) {
      SkipAck(reader, type == 3);
    } else if (type == 6) {
      const std::uint64_t offset = ReadVarint(reader);
      const Bytes data = reader.Take(static_cast<std::size_t>(ReadVarint(reader)));
      if (reader.ok()) OnCrypto(attempt, offset, data, result);
    } else {
      break;  // CONNECTION_CLOSE, or nothing that an Initial may carry (RFC 9000 s12.4)
    }
  }
  ReadHello(attempt, out, result);
}

// First wins; a byte that differs from the one taken makes the flight hostile.
void QuicReader::OnCrypto(Attempt& attempt, std::uint64_t offset, Bytes data, Inspection& result) {
  const std::uint64_t end = offset + data.size();
  if (data.empty()) return;
  const std::uint64_t more = end > attempt.bytes.size() ? end - attempt.bytes.size() : 0;
  // No client leaves a hole that large; the room before a byte is not its price.
  const std::uint64_t contiguous =
      attempt.have.empty() || attempt.have.begin()->first != 0 ? 0 : attempt.have.begin()->second;
  if (offset > contiguous + kMaxHole || held_ + more > limits_->handshake_bytes || attempt.have.size() > kMaxGaps) {
    result.events |= Bit(ReaderEvent::kTlsHandshakeBudget);
    return;
  }
  held_ += more;
  attempt.bytes.resize(attempt.bytes.size() + more);
  std::uint64_t at = offset;
  auto next = attempt.have.upper_bound(offset);
  if (next != attempt.have.begin() && std::prev(next)->second >= offset) --next;
  std::uint64_t from = offset;
  std::uint64_t to = end;
  while (at < end || (next != attempt.have.end() && next->first <= end)) {
    const std::uint64_t gap_end = next == attempt.have.end() ? end : std::min(end, std::max(at, next->first));
    std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(at - offset), gap_end - at,
                attempt.bytes.begin() + static_cast<std::ptrdiff_t>(at));
    if (next == attempt.have.end() || next->first > end) break;
    const std::uint64_t lo = std::max(offset, next->first);
    const std::uint64_t hi = std::min(end, next->second);
    if (lo < hi && !std::equal(data.begin() + static_cast<std::ptrdiff_t>(lo - offset),
                               data.begin() + static_cast<std::ptrdiff_t>(hi - offset),
                               attempt.bytes.begin() + static_cast<std::ptrdiff_t>(lo))) {
      result.events |= Bit(ReaderEvent::kHelloConflict);
    }
    from = std::min(from, next->first);
    to = std::max(to, next->second);
    at = std::max(gap_end, std::min(end, next->second));
    next = attempt.have.erase(next);
  }
  attempt.have[from] = to;
}

// Each ClientHello of the flight: after a HelloRetryRequest there is a second.
void QuicReader::ReadHello(Attempt& attempt, Metadata& out, Inspection& result) {
  if (attempt.have.empty() || attempt.have.begin()->first != 0) return;
  const Bytes stream = Bytes(attempt.bytes).first(attempt.have.begin()->second);
  while (stream.size() >= attempt.read + 4) {
    const Bytes message = stream.subspan(attempt.read);
    const std::size_t length = LoadBe32(message.data()) & 0xffffff;
    if (message.size() < 4 + length) return;
    attempt.read += 4 + length;
    if (LoadU8(message.data()) != 1) continue;
    const TxId tx = next_tx_++;
    out.Add(BufferId::kQuicVersion, Direction::kToServer, tx, VersionText(attempt.version->number));
    const Bytes body = message.subspan(4, length);
    result.events |= AddClientHello(ParseClientHello(body), BufferId::kQuicSni, tx, out);
    if (limits_->fingerprints) AddClientFingerprints(body, HelloTransport::kQuic, tx, limits_->fingerprints_later, out);
    result.tx_complete = true;
    result.tx = tx;
  }
}

std::vector<std::byte> QuicReader::NegotiateVersion(Bytes datagram) {
  ByteReader reader(datagram);
  const std::uint8_t first = reader.U8();
  const std::uint32_t number = reader.U32();
  const Bytes dcid = reader.Take(reader.U8());
  const Bytes scid = reader.Take(reader.U8());
  if (!reader.ok() || (first & 0x80) == 0 || number == 0 || dcid.size() > 20 || scid.size() > 20) return {};
  std::vector<std::byte> out;
  const auto put = [&out](std::uint32_t value, int bytes) {
    while (bytes-- > 0) out.push_back(static_cast<std::byte>(value >> (8 * bytes)));
  };
  put(0xc0, 1);
  put(0, 4);
  put(static_cast<std::uint32_t>(scid.size()), 1);
  out.insert(out.end(), scid.begin(), scid.end());
  put(static_cast<std::uint32_t>(dcid.size()), 1);
  out.insert(out.end(), dcid.begin(), dcid.end());
  put(1, 4);
  put(0x6b3343cf, 4);
  return out;
}

bool QuicReader::mid_message() const noexcept {
  return std::any_of(attempts_.begin(), attempts_.end(),
                     [](const Attempt& a) { return !a.have.empty() && a.read == 0; });
}

std::size_t QuicReader::memory_bytes() const noexcept {
  std::size_t sum = attempts_.capacity() * sizeof(Attempt);
  for (const Attempt& attempt : attempts_) sum += attempt.bytes.capacity() + attempt.have.size() * 64;
  return sum;
}

}  // namespace weir
