#include "classifiers/metadata/dns_stream.h"

#include "classifiers/metadata/dns_reader.h"

namespace weir {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kProbeBytes = 64;  // most questions are smaller

}  // namespace

int DnsStream::Probe(Direction direction, Bytes start) {
  if (start.size() < 2) return -1;
  const std::size_t length = LoadBe16(start.data());
  if (length < kHeader) return 0;
  if (start.size() < 2 + length) return start.size() < kProbeBytes ? -1 : 0;
  Metadata scratch;
  return ReadDnsMessage(start.subspan(2, length), direction, 0, scratch) ? 1 : 0;
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

}  // namespace weir
