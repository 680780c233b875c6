#include "classifiers/metadata/dtls_reader.h"

#include <algorithm>
#include <functional>

#include "classifiers/metadata/client_hello.h"
#include "classifiers/metadata/fingerprint.h"

namespace weir {
namespace {

constexpr std::size_t kRecordHeader = 13;
constexpr std::size_t kFragmentHeader = 12;
constexpr std::uint8_t kHandshake = 22;
constexpr std::uint8_t kClientHello = 1;
constexpr std::uint8_t kServerHello = 2;

bool IsRecord(Bytes bytes) noexcept {
  return bytes.size() >= kRecordHeader && LoadU8(bytes.data()) >= 20 && LoadU8(bytes.data()) <= 26 &&
         LoadU8(&bytes[1]) == 0xfe && LoadU8(&bytes[2]) >= 0xfc;
}

}  // namespace

bool DtlsReader::LooksLike(Bytes datagram) noexcept {
  while (IsRecord(datagram)) {
    if (LoadBe16(&datagram[3]) == 0) return true;
    // What cannot be opened is discarded, and the next record read (RFC 6347 s4.1.2.7).
    const std::size_t record = kRecordHeader + LoadBe16(&datagram[11]);
    datagram = datagram.subspan(std::min(record, datagram.size()));
  }
  return false;
}

void DtlsReader::OnDatagram(Direction direction, Bytes datagram, Metadata& out, Inspection& result) {
  result.proto = AppProto::kDtls;
  while (IsRecord(datagram)) {
    const std::size_t length = LoadBe16(&datagram[11]);
    const bool sealed = LoadBe16(&datagram[3]) != 0;
    const Bytes content = datagram.subspan(kRecordHeader).first(std::min(length, datagram.size() - kRecordHeader));
    answered_ = answered_ || sealed;
    if (!sealed && LoadU8(datagram.data()) == kHandshake) OnFragments(direction, content, out, result);
    datagram = datagram.subspan(kRecordHeader + content.size());
  }
  const bool over = answered_ && open_.empty() && next_tx_ > 0;
  result.state = over ? ReaderState::kNoMoreNames : ReaderState::kNameMayCome;
}

void DtlsReader::OnFragments(Direction direction, Bytes fragments, Metadata& out, Inspection& result) {
  while (fragments.size() >= kFragmentHeader) {
    ByteReader reader(fragments);
    const std::uint8_t type = reader.U8();
    const std::size_t length = reader.U24();
    const std::uint16_t number = reader.U16();
    const std::size_t offset = reader.U24();
    const Bytes part = reader.Take(reader.U24());
    if (!reader.ok() || offset + part.size() > length) return;
    fragments = reader.rest();
    if (type == kClientHello) OnHelloPart(direction, number, length, offset, part, out, result);
    if (type != kServerHello || offset != 0) continue;
    const ServerHello hello = ParseServerHello(part);
    answered_ = answered_ || !hello.retry;
  }
}

void DtlsReader::OnHelloPart(Direction direction, std::uint16_t number, std::size_t length, std::size_t offset,
                             Bytes part, Metadata& out, Inspection& result) {
  hello_bytes_ += part.size();
  if (hello_bytes_ > limits_->handshake_bytes || length > limits_->handshake_bytes) {
    result.events |= Bit(ReaderEvent::kTlsHandshakeBudget);
    return;
  }
  if (part.size() == length) return ReadHello(part, out, result);
  auto message = std::find_if(open_.begin(), open_.end(), [&](const Message& m) {
    return m.direction == direction && m.number == number && m.bytes.size() == length;
  });
  if (message == open_.end()) {
    if (memory_bytes() + length > limits_->handshake_bytes || open_.size() >= kMaxOpen) {
      result.events |= Bit(ReaderEvent::kTlsHandshakeBudget);
      return;
    }
    open_.push_back({direction, number, std::vector<std::byte>(length), std::vector<bool>(length), length});
    message = open_.end() - 1;
  }
  for (std::size_t i = 0; i < part.size(); ++i) {
    const std::size_t at = offset + i;
    if (message->have[at]) {
      if (message->bytes[at] != part[i]) result.events |= Bit(ReaderEvent::kHelloConflict);
      continue;
    }
    message->have[at] = true;
    message->bytes[at] = part[i];
    --message->missing;
  }
  if (message->missing > 0) return;
  const std::vector<std::byte> whole = std::move(message->bytes);
  open_.erase(message);
  ReadHello(whole, out, result);
}

void DtlsReader::ReadHello(Bytes body, Metadata& out, Inspection& result) {
  const std::size_t hash = std::hash<std::string_view>{}(AsText(body)) | 1;
  if (hash == last_hello_) return;
  last_hello_ = hash;
  const TxId tx = next_tx_++;
  result.events |= AddClientHello(ParseClientHello(body, HelloForm::kDtls), BufferId::kTlsSni, tx, out);
  if (limits_->fingerprints) AddClientFingerprints(body, HelloTransport::kDtls, tx, limits_->fingerprints_later, out);
  answered_ = false;
  result.tx = tx;
  result.tx_complete = true;
}

std::size_t DtlsReader::memory_bytes() const noexcept {
  std::size_t sum = open_.capacity() * sizeof(Message);
  for (const Message& message : open_) sum += message.bytes.capacity() + message.have.capacity() / 8;
  return sum;
}

}  // namespace weir
