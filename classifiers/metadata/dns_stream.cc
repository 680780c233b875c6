#include "classifiers/metadata/dns_stream.h"

#include <algorithm>
#include <utility>

#include "classifiers/metadata/dns_reader.h"

namespace weir {
namespace {

constexpr std::size_t kHeader = 12;
// The header and eight questions of the longest names: by then it is known whether it is DNS.
constexpr std::size_t kMostQuestions = kHeader + 8 * (255 + 4);

}  // namespace

// The question section is what tells DNS from others, and need not come in one piece.
int DnsStream::Probe(Direction direction, Bytes start) {
  if (start.size() < 2) return -1;
  const std::size_t length = LoadBe16(start.data());
  if (length < kHeader) return 0;
  const Bytes message = start.subspan(2, std::min(length, start.size() - 2));
  if (!MayBeDnsHeader(message)) return 0;
  const std::size_t wanted = HasOddDnsFlags(message) ? length : std::min(length, kMostQuestions);
  Metadata scratch;
  const bool enough = !HasOddDnsFlags(message) || message.size() == length;
  if (enough && ReadDnsMessage(message, direction, 0, scratch)) return 1;
  return message.size() < wanted ? -1 : 0;
}

void DnsStream::OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  result.proto = AppProto::kDns;
  std::vector<std::byte>& held = held_[Index(direction)];
  held.insert(held.end(), bytes.begin(), bytes.end());
  std::size_t at = 0;
  while (held.size() - at >= 2) {
    const std::size_t length = LoadBe16(&held[at]);
    if (held.size() - at < 2 + length) break;
    if (ReadDnsMessage(Bytes(held).subspan(at + 2, length), direction, tx_, out)) {
      result.tx = tx_++;
      result.tx_complete = true;
    } else {
      result.events |= Bit(ReaderEvent::kDnsMalformed);
    }
    at += 2 + length;
  }
  held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(at));
  result.state = ReaderState::kNameMayCome;
}

void DnsAside::OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  if (refuted_ || (!reader_ && direction == Direction::kToClient)) return;
  if (!reader_) {
    start_.insert(start_.end(), bytes.begin(), bytes.end());
    const int fit = DnsStream::Probe(direction, start_);
    refuted_ = fit == 0;
    if (fit <= 0) return;
    reader_.emplace(ReaderLimits{});
  }
  const std::vector<std::byte> waited = std::exchange(start_, {});
  Inspection found;
  reader_->OnStream(direction, waited.empty() ? bytes : Bytes(waited), out, found);
  refuted_ = (found.events & Bit(ReaderEvent::kDnsMalformed)) != 0;
  if (!found.tx_complete || result.tx_complete) return;
  result.tx_complete = true;
  result.tx = found.tx;
}

}  // namespace weir
