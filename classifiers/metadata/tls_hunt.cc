#include "classifiers/metadata/tls_hunt.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::uint64_t kNothingYet = ~std::uint64_t{0};
constexpr unsigned kSmallestHello = 42;  // ClientHello without extensions, RFC 5246 s7.4.1.2

unsigned Octet(std::uint64_t window, int at) noexcept { return static_cast<unsigned>(window >> (8 * (5 - at))) & 0xff; }
unsigned Length(std::uint64_t window) noexcept { return Octet(window, 3) << 8 | Octet(window, 4); }

// Are the last six bytes the start of a record that a server takes first? An
// alert or ChangeCipherSpec may go before (GnuTLS), an empty record too (OpenSSL).
bool BeginsTls(std::uint64_t window) noexcept {
  const unsigned length = Length(window);
  if (Octet(window, 1) != 3) {  // Go goes by the message alone
    return Octet(window, 0) == 22 && Octet(window, 1) < 0x10 && length > 0 && length <= 18432 && Octet(window, 5) == 1;
  }
  switch (Octet(window, 0)) {
    case 20:
      return length == 1 && Octet(window, 5) == 1;
    case 21:
      return length == 2 && (Octet(window, 5) == 1 || Octet(window, 5) == 2);
    case 22:
      return length == 0 || (length <= 18432 && Octet(window, 5) == 1);
    default:
      return false;
  }
}

bool IsServerHello(std::uint64_t window) noexcept {
  return Octet(window, 0) == 22 && Octet(window, 1) == 3 && Length(window) > 0 && Octet(window, 5) == 2;
}

Bytes LastSix(std::uint64_t window, std::array<std::byte, 6>& room) noexcept {
  for (int i = 0; i < 6; ++i) room[static_cast<std::size_t>(i)] = static_cast<std::byte>(Octet(window, i));
  return room;
}

}  // namespace

// No new place where one that is followed already begins a message; nor where it
// goes on with one, unless what stands there could be a whole hello.
bool TlsHunt::IsNew(std::uint64_t window) const noexcept {
  const bool large = Octet(window, 0) == 22 && Length(window) >= kSmallestHello;
  const std::uint64_t back = Length(window) == 0 ? 1 : 6;  // an empty one is over: the sixth byte begins another
  return std::none_of(readings_.begin(), readings_.end(), [&](const TlsReader& reading) {
    return reading.RecordBegan(Direction::kToServer, back) && (!large || reading.BetweenMessages(Direction::kToServer));
  });
}

void TlsHunt::Feed(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  if (bytes.empty()) return;
  bool all_over = !readings_.empty();
  for (TlsReader& reading : readings_) {
    Inspection part;
    reading.OnStream(direction, bytes, out, part);
    // Of a false start a bad record tells nothing.
    result.events |= static_cast<std::uint16_t>(part.events & ~Bit(ReaderEvent::kTlsBadRecord));
    result.tx_complete = result.tx_complete || (part.tx_complete && reading.has_hello());
    all_over = all_over && part.state == ReaderState::kNoMoreNames;
  }
  over_ = over_ || (server_answers_ && all_over);
}

void TlsHunt::OnClient(Bytes bytes, bool may_begin, Metadata& out, Inspection& result) {
  std::uint64_t& window = window_[Index(Direction::kToServer)];
  if (server_answers_ || !may_begin) {
    window = kNothingYet;
    return Feed(Direction::kToServer, bytes, out, result);
  }
  std::size_t fed = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    window = window << 8 | LoadU8(&bytes[i]);
    if (!BeginsTls(window)) continue;
    Feed(Direction::kToServer, bytes.subspan(fed, i + 1 - fed), out, result);
    fed = i + 1;
    if (!IsNew(window)) continue;
    if (readings_.size() >= kMaxReadings) {
      result.events |= Bit(ReaderEvent::kSwitchBudget);
      continue;
    }
    std::array<std::byte, 6> start;
    readings_.emplace_back(*limits_);
    Inspection ignored;
    readings_.back().OnStream(Direction::kToServer, LastSix(window, start), out, ignored);
  }
  Feed(Direction::kToServer, bytes.subspan(fed), out, result);
}

void TlsHunt::OnServer(Bytes bytes, Metadata& out, Inspection& result) {
  std::uint64_t& window = window_[Index(Direction::kToClient)];
  std::size_t fed = 0;
  for (; fed < bytes.size() && !server_answers_ && !readings_.empty(); ++fed) {
    window = window << 8 | LoadU8(&bytes[fed]);
    if (!IsServerHello(window)) continue;
    server_answers_ = true;
    if (!found()) result.events |= Bit(ReaderEvent::kSwitchBudget);
    std::array<std::byte, 6> start;
    Feed(Direction::kToClient, LastSix(window, start), out, result);
  }
  if (server_answers_) Feed(Direction::kToClient, bytes.subspan(fed), out, result);
}

bool TlsHunt::found() const noexcept {
  return std::any_of(readings_.begin(), readings_.end(), [](const TlsReader& r) { return r.has_hello(); });
}

bool TlsHunt::waits() const noexcept {
  return std::any_of(readings_.begin(), readings_.end(),
                     [](const TlsReader& r) { return !r.has_hello() && r.mid_message(); });
}

std::size_t TlsHunt::memory_bytes() const noexcept {
  std::size_t sum = readings_.capacity() * sizeof(TlsReader);
  for (const TlsReader& reading : readings_) sum += reading.memory_bytes();
  return sum;
}

}  // namespace weir
