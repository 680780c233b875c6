#include "classifiers/metadata/tls_reader.h"

#include <algorithm>

#include "classifiers/metadata/certificate.h"
#include "classifiers/metadata/client_hello.h"
#include "classifiers/metadata/fingerprint.h"

namespace weir {
namespace {

constexpr std::uint8_t kChangeCipherSpec = 20;
constexpr std::uint8_t kHandshake = 22;
constexpr std::uint8_t kApplicationData = 23;
constexpr std::uint8_t kHeartbeat = 24;
constexpr std::uint8_t kMessageClientHello = 1;
constexpr std::uint8_t kMessageServerHello = 2;
constexpr std::uint8_t kMessageCertificate = 11;
constexpr std::uint8_t kMessageServerHelloDone = 14;
constexpr std::uint16_t kTls13 = 0x0304;
constexpr unsigned kMajors = 0x10;  // what Go's crypto/tls takes until a version is agreed on

std::uint32_t LoadBe24(const std::byte* p) noexcept { return std::uint32_t{LoadU8(p)} << 16 | LoadBe16(p + 1); }

// A hello's record whose major version is none: RFC 8446 s5.1 has it ignored. To tell it from
// other protocols more of it is asked for.
int ProbeOddVersion(Bytes start) noexcept {
  if (LoadU8(start.data()) != kHandshake || LoadU8(&start[1]) >= kMajors) return 0;
  if (start.size() < 6) return -1;
  const unsigned length = LoadBe16(&start[3]);
  if (length == 0 || length > 18432 || LoadU8(&start[5]) != kMessageClientHello) return 0;
  const std::size_t version = length >= 6 ? 9 : 5 + length;  // the message's, or the next record's type
  if (start.size() <= version) return -1;
  return LoadU8(&start[version]) == (length >= 6 ? 3 : kHandshake) ? 1 : 0;
}

}  // namespace

int TlsReader::Probe(Bytes start) noexcept {
  if (start.empty()) return -1;
  const std::uint8_t type = LoadU8(start.data());
  if ((type & 0x80) != 0) {
    // An SSL 2.0 hello (RFC 5246 appendix E.2): length, type 1, version 3.x.
    if (start.size() < 4) return start.size() > 2 && LoadU8(&start[2]) != 1 ? 0 : -1;
    return LoadU8(&start[2]) == 1 && LoadU8(&start[3]) == 3 ? 1 : 0;
  }
  if (type < kChangeCipherSpec || type > kHeartbeat) return 0;
  if (start.size() < 2) return -1;
  if (LoadU8(&start[1]) != 3) return ProbeOddVersion(start);
  if (start.size() < 3) return -1;
  return 1;  // the minor version is not looked at by servers
}

void TlsReader::OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  Half& half = halves_[Index(direction)];
  result.proto = AppProto::kTls;
  while (!bytes.empty() && !half.dead && !done_) {
    if (half.seen == 0 && (LoadU8(bytes.data()) & 0x80) != 0) {
      half.dead = true;  // an SSL 2.0 hello has no room for a name
      break;
    }
    if (half.record_left == 0 && half.header_size == 0) half.record_at = half.seen;
    if (half.record_left == 0) {
      const std::size_t n = std::min(bytes.size(), half.header.size() - half.header_size);
      std::copy_n(bytes.begin(), n, half.header.begin() + half.header_size);
      half.header_size = static_cast<std::uint8_t>(half.header_size + n);
      half.seen += n;
      bytes = bytes.subspan(n);
      if (half.header_size == half.header.size()) OnHeader(direction, half, result);
      continue;
    }
    const std::size_t n = std::min<std::size_t>(bytes.size(), half.record_left);
    if (half.type == kHandshake) OnHandshake(direction, half, bytes.first(n), out, result);
    half.record_left -= static_cast<std::uint32_t>(n);
    half.seen += n;
    bytes = bytes.subspan(n);
  }
  const bool nothing_left = done_ || (halves_[0].dead && (halves_[1].dead || halves_[1].seen == 0));
  result.state = nothing_left ? ReaderState::kNoMoreNames : ReaderState::kNameMayCome;
  if (nothing_left) Finish(result);
}

void TlsReader::OnHeader(Direction direction, Half& half, Inspection& result) {
  half.header_size = 0;
  half.record_opens_message = half.message.empty();
  half.type = LoadU8(half.header.data());
  half.record_left = LoadBe16(&half.header[3]);
  const bool record = half.type >= kChangeCipherSpec && half.type <= kHeartbeat && LoadU8(&half.header[1]) < kMajors;
  if (!record) {
    result.events |= Bit(ReaderEvent::kTlsBadRecord);
    half.dead = true;
    return;
  }
  const bool client = direction == Direction::kToServer;
  // What follows a ChangeCipherSpec of TLS 1.2 is sealed; before a ServerHello it
  // is the one that TLS 1.3 sends for show (RFC 8446 appendix D.4).
  if (half.type == kChangeCipherSpec && server_hello_) {
    half.dead = true;
    done_ = done_ || !client;
  }
  if (half.type != kApplicationData) return;
  // Sealed from here on. Early data may still be followed by a second hello.
  if (!client || (client_hello_ && !early_data_)) half.dead = true;
  if (!client && client_hello_) done_ = true;
}

void TlsReader::OnHandshake(Direction direction, Half& half, Bytes bytes, Metadata& out, Inspection& result) {
  while (!bytes.empty() && !done_) {
    // A message that stands here whole is read where it stands.
    const std::size_t whole = half.message.empty() && bytes.size() >= 4 ? LoadBe24(&bytes[1]) + std::size_t{4} : 0;
    if (whole > 0 && whole <= bytes.size() && handshake_bytes_ + whole - 4 <= limits_->handshake_bytes) {
      handshake_bytes_ += static_cast<std::uint32_t>(whole - 4);
      OnMessage(direction, LoadU8(bytes.data()), bytes.subspan(4, whole - 4), out, result);
      bytes = bytes.subspan(whole);
      continue;
    }
    if (half.message.size() < 4) {
      half.message.reserve(bytes.size());
      const std::size_t n = std::min(bytes.size(), 4 - half.message.size());
      half.message.insert(half.message.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
      bytes = bytes.subspan(n);
      if (half.message.size() < 4) return;
    }
    const std::size_t length = LoadBe24(&half.message[1]);
    const std::size_t n = std::min(bytes.size(), 4 + length - half.message.size());
    handshake_bytes_ += static_cast<std::uint32_t>(n);
    if (handshake_bytes_ > limits_->handshake_bytes) {
      result.events |= Bit(ReaderEvent::kTlsHandshakeBudget);
      half.dead = true;
      half.message = {};
      return;
    }
    half.message.insert(half.message.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
    bytes = bytes.subspan(n);
    if (half.message.size() < 4 + length) return;
    OnMessage(direction, LoadU8(half.message.data()), Bytes(half.message).subspan(4), out, result);
    half.message.clear();
  }
}

void TlsReader::OnMessage(Direction direction, std::uint8_t type, Bytes body, Metadata& out, Inspection& result) {
  if (type == kMessageClientHello) {
    const ClientHello hello = ParseClientHello(body);
    result.events |= AddClientHello(hello, BufferId::kTlsSni, 0, out);
    if (limits_->fingerprints) AddClientFingerprints(body, HelloTransport::kTcp, 0, limits_->fingerprints_later, out);
    client_hello_ = true;
    early_data_ = hello.early_data;
    return;
  }
  if (type == kMessageServerHello) {
    const ServerHello hello = ParseServerHello(body);
    if (hello.retry) return;
    server_hello_ = true;
    out.Add(BufferId::kTlsVersion, direction, 0, TlsVersionName(hello.version));
    if (!hello.alpn.empty()) out.Add(BufferId::kTlsAlpn, direction, 0, hello.alpn);
    if (limits_->fingerprints) AddServerFingerprint(body, 0, out);
    done_ = hello.version == kTls13 || (hello.version & 0xff00) == 0x7f00;
    return;
  }
  if (type == kMessageCertificate && direction == Direction::kToClient) AddCertificate(body, 0, out);
  // After its certificate a server has nothing left that names it.
  if (direction == Direction::kToClient && (type == kMessageCertificate || type == kMessageServerHelloDone))
    done_ = true;
}

void TlsReader::Finish(Inspection& result) {
  done_ = true;
  result.tx_complete = !told_;
  told_ = true;
  for (Half& half : halves_) half.message = {};
}

std::size_t TlsReader::memory_bytes() const noexcept {
  return halves_[0].message.capacity() + halves_[1].message.capacity();
}

}  // namespace weir
