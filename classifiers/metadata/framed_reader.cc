#include "classifiers/metadata/framed_reader.h"

#include <algorithm>
#include <array>

namespace weir {
namespace {

constexpr std::uint64_t kMore = 0;  // the length is not told yet
constexpr std::uint64_t kNoMessage = ~std::uint64_t{0};

enum class Wish : std::uint8_t {
  kNothing,
  kTls,      // TLS follows, or more messages if the server refuses
  kTlsOnly,  // TLS follows
  kNever,    // no later message can ask
};

struct Framing {
  AppProto proto;
  int (*probe)(Direction, Bytes) noexcept;       // 1 yes, 0 no, -1 perhaps
  std::uint64_t (*length)(Bytes head) noexcept;  // of the message that begins with it
  Wish (*wish)(Bytes head) noexcept;             // head: kHead bytes of the message or all
};

// PostgreSQL: before its StartupMessage a client may ask for SSL or GSSAPI.
constexpr std::uint32_t kPgSsl = 80877103;
constexpr std::uint32_t kPgGss = 80877104;
int ProbePgsql(Direction direction, Bytes start) noexcept {
  if (direction == Direction::kToClient) return 0;
  if (start.size() < 8) return !start.empty() && LoadU8(start.data()) != 0 ? 0 : -1;
  const std::uint32_t code = LoadBe32(&start[4]);
  const std::uint32_t length = LoadBe32(start.data());
  if (length == 8) return code == kPgSsl || code == kPgGss ? 1 : 0;
  return length > 8 && length <= 10000 && code >> 16 == 3 && (code & 0xffff) <= 2 ? 1 : 0;
}
std::uint64_t LengthPgsql(Bytes head) noexcept {
  if (head.size() < 4) return kMore;
  const std::uint32_t length = LoadBe32(head.data());
  return length < 8 || length > 10000 ? kNoMessage : length;
}
Wish WishPgsql(Bytes head) noexcept {
  const std::uint32_t code = LoadBe32(&head[4]);
  return code == kPgSsl ? Wish::kTls : code == kPgGss ? Wish::kNothing : Wish::kNever;
}

// MySQL and MariaDB: the server greets; the client's first packet has number 1
// and says CLIENT_SSL, whatever else it says.
int ProbeMysql(Direction direction, Bytes start) noexcept {
  if (direction == Direction::kToServer) return 0;
  if (start.size() < 5) return -1;
  if (LoadU8(&start[2]) != 0 || LoadU8(&start[3]) != 0 || LoadU8(&start[4]) != 10) return 0;
  if (start.size() < 8) return -1;
  const auto printable = [](std::byte b) { return LoadU8(&b) >= 0x20 && LoadU8(&b) < 0x7f; };
  return std::all_of(start.begin() + 5, start.begin() + 8, printable) ? 1 : 0;
}
std::uint64_t LengthMysql(Bytes head) noexcept {
  if (head.size() < 4) return kMore;
  return 4 + (std::uint64_t{LoadU8(head.data())} | std::uint64_t{LoadU8(&head[1])} << 8 |
              std::uint64_t{LoadU8(&head[2])} << 16);
}
Wish WishMysql(Bytes head) noexcept {
  constexpr unsigned kClientSsl = 0x08;  // of the second byte of the capabilities
  return head.size() >= 6 && (LoadU8(&head[5]) & kClientSsl) != 0 ? Wish::kTlsOnly : Wish::kNever;
}

// BER: the header's length field, and where the contents begin.
struct Ber {
  std::uint64_t contents = 0;
  std::size_t header = 0;  // 0: more bytes are needed
};
Ber ReadBer(Bytes head) noexcept {
  if (head.size() < 2) return {};
  const unsigned first = LoadU8(&head[1]);
  if (first < 0x80) return {first, 2};
  const std::size_t octets = first & 0x7f;
  if (octets == 0 || octets > 8) return {kNoMessage, 2};
  if (head.size() < 2 + octets) return {};
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < octets; ++i) length = length << 8 | LoadU8(&head[2 + i]);
  return {length, 2 + octets};
}
constexpr std::uint64_t kMaxLdap = std::uint64_t{1} << 32;
int ProbeLdap(Direction direction, Bytes start) noexcept {
  if (direction == Direction::kToClient || start.empty()) return direction == Direction::kToClient ? 0 : -1;
  if (LoadU8(start.data()) != 0x30) return 0;
  const Ber outer = ReadBer(start);
  if (outer.header == 0) return -1;
  if (outer.contents < 5 || outer.contents > kMaxLdap) return 0;
  const Bytes inner = start.subspan(outer.header);
  if (inner.size() < 2) return -1;
  const std::size_t id = LoadU8(&inner[1]);
  if (LoadU8(inner.data()) != 2 || id < 1 || id > 4) return 0;  // messageID
  if (inner.size() < 3 + id) return -1;
  const unsigned operation = LoadU8(&inner[2 + id]);
  return (operation & 0xc0) == 0x40 && (operation & 0x1f) <= 25 ? 1 : 0;
}
std::uint64_t LengthLdap(Bytes head) noexcept {
  if (LoadU8(head.data()) != 0x30) return kNoMessage;
  const Ber outer = ReadBer(head);
  if (outer.header == 0) return kMore;
  return outer.contents > kMaxLdap ? kNoMessage : outer.header + outer.contents;
}
Wish WishLdap(Bytes head) noexcept {
  const std::string_view text = AsText(head);
  return text.find("1.3.6.1.4.1.1466.20037") == std::string_view::npos ? Wish::kNothing : Wish::kTls;
}

// RDP: a TPKT with an X.224 Connection Request; after it the client speaks TLS.
int ProbeRdp(Direction direction, Bytes start) noexcept {
  if (direction == Direction::kToClient) return 0;
  constexpr std::array<std::uint8_t, 2> kTpkt = {3, 0};
  for (std::size_t i = 0; i < kTpkt.size() && i < start.size(); ++i) {
    if (LoadU8(&start[i]) != kTpkt[i]) return 0;
  }
  if (start.size() < 6) return -1;
  const unsigned length = LoadBe16(&start[2]);
  return length >= 11 && length <= 1024 && (LoadU8(&start[5]) & 0xf0) == 0xe0 ? 1 : 0;
}
std::uint64_t LengthRdp(Bytes head) noexcept {
  if (LoadU8(head.data()) != 3) return kNoMessage;
  if (head.size() < 4) return kMore;
  const std::uint64_t length = LoadBe16(&head[2]);
  return length < 7 ? kNoMessage : length;
}
Wish WishRdp(Bytes head) noexcept {
  return head.size() > 5 && (LoadU8(&head[5]) & 0xf0) == 0xe0 ? Wish::kTls : Wish::kNever;
}

constexpr std::array kFramings = {
    Framing{AppProto::kPgsql, ProbePgsql, LengthPgsql, WishPgsql},
    Framing{AppProto::kMysql, ProbeMysql, LengthMysql, WishMysql},
    Framing{AppProto::kLdap, ProbeLdap, LengthLdap, WishLdap},
    Framing{AppProto::kRdp, ProbeRdp, LengthRdp, WishRdp},
};

}  // namespace

int FramedReader::Probe(Direction direction, Bytes start) noexcept {
  int index = 0;
  bool perhaps = false;
  for (const Framing& framing : kFramings) {
    ++index;
    const int fits = framing.probe(direction, start);
    if (fits > 0) return index;
    perhaps = perhaps || fits < 0;
  }
  return perhaps ? -1 : 0;
}

void FramedReader::OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  if (!spent_ && !hunt_.over()) {
    if (direction == Direction::kToServer) {
      OnClient(bytes, out, result);
    } else if (asked_) {
      hunt_.OnServer(bytes, out, result);
    }
  }
  if (!spent_ && !hunt_.found() && clear_bytes_ > limits_->text_bytes) {
    result.events |= Bit(ReaderEvent::kTextBudget);
    spent_ = true;
  }
  result.proto = hunt_.found() ? AppProto::kTls : kFramings[static_cast<std::size_t>(row_)].proto;
  const bool over = spent_ || hunt_.over() || (closed_ && !asked_);
  result.state = over ? ReaderState::kNoMoreNames : ReaderState::kNameMayCome;
}

// Once TLS was asked for, it may begin at any byte: what comes after is no message
// of the old protocol, or the server refused and messages go on.
void FramedReader::OnClient(Bytes bytes, Metadata& out, Inspection& result) {
  std::size_t told = 0;
  for (std::size_t i = 0; i < bytes.size() && !closed_;) {
    const bool asked_before = asked_;
    if (left_ > 0) {
      const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - i));
      left_ -= n;
      i += n;
      clear_bytes_ += n;
      if (asked_) hunt_.OnClient(bytes.subspan(told, i - told), true, out, result);
      told = i;
      continue;
    }
    ++clear_bytes_;
    bool never = false;
    closed_ = TakeByte(bytes[i++], never);
    if (asked_ != asked_before) told = i;
    if (!never) continue;
    if (asked_) hunt_.OnClient(bytes.subspan(told, i - told), true, out, result);
    told = i;
    spent_ = !hunt_.found();
  }
  if (asked_ && !spent_) hunt_.OnClient(bytes.subspan(told), true, out, result);
}

// Returns whether no message of the old protocol follows that could ask; `never`: nor will the client speak TLS.
bool FramedReader::TakeByte(std::byte b, bool& never) {
  const Framing& framing = kFramings[static_cast<std::size_t>(row_)];
  head_.push_back(b);
  const std::uint64_t length = framing.length(head_);
  if (length == kNoMessage) return true;
  if (length == kMore || head_.size() < std::min<std::uint64_t>(length, kHead)) return false;
  const Wish wish = framing.wish(head_);
  asked_ = asked_ || wish == Wish::kTls || wish == Wish::kTlsOnly;
  never = wish == Wish::kNever;
  left_ = length - head_.size();
  head_.clear();
  return never || wish == Wish::kTlsOnly;
}

}  // namespace weir
