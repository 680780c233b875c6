// WeChat's mmtls, and QQ's OICQ.
//
// Source
//   mmtls  github.com/citizenlab/wechat-security-report docs/mmtls-network-format.md: records as TLS's, with
//          types 15 (alert), 16 (handshake), 17 (data), 19 (handshake with early data) and version f1 03 or
//          f1 04; a handshake record begins with a message's length (4) and, from a client, 01 03 f1 or 01 04 f1.
//   OICQ   nDPI oicq.c and Wireshark packet-oicq.c: 02, version, command, sequence, QQ number, ..., 03; an
//          answer repeats command, sequence and number.
// Verified: oicq (29 flows, client side only). No flow of the corpus opens with mmtls: that detector is tested against
// bytes built from the description only; 01 04 f1 is an assumption by analogy.
#include "classifiers/payload/detectors.h"

namespace weir::payload {
namespace {

constexpr std::size_t kRecordHeader = 5;

bool IsRecord(Bytes bytes) noexcept {
  if (bytes.size() < kRecordHeader) return false;
  const unsigned type = LoadU8(bytes.data());
  const std::uint16_t version = LoadBe16(&bytes[1]);
  const bool typed = type == 0x15 || type == 0x16 || type == 0x17 || type == 0x19;
  return typed && (version == 0xf103 || version == 0xf104) && LoadBe16(&bytes[3]) != 0;
}

// The head is nothing but records, as far as it goes.
bool IsRecords(Bytes bytes) noexcept {
  if (!IsRecord(bytes)) return false;
  while (bytes.size() >= kRecordHeader) {
    if (!IsRecord(bytes)) return false;
    const std::size_t length = kRecordHeader + LoadBe16(&bytes[3]);
    if (length >= bytes.size()) return true;
    bytes = bytes.subspan(length);
  }
  return true;
}

bool IsHello(Bytes head) noexcept {
  if (head.size() < 12) return false;
  const unsigned type = LoadU8(head.data());
  const std::uint32_t length = LoadBe32(&head[5]);
  const unsigned version = LoadU8(&head[10]);
  return (type == 0x16 || type == 0x19) && length > 3 && length <= LoadBe16(&head[3]) && LoadU8(&head[9]) == 1 &&
         (version == 3 || version == 4) && LoadU8(&head[11]) == 0xf1;
}

}  // namespace

PayloadFind WeChatStream(const FlowView&, const std::array<Bytes, 2>& heads) noexcept {
  const Bytes client = heads[Index(Direction::kToServer)];
  const Bytes server = heads[Index(Direction::kToClient)];
  if (IsRecords(client) && IsHello(client)) return {"WeChat", Confidence::kCertain, "mmtls client hello"};
  if (IsRecords(client) && IsRecords(server)) return {"WeChat", Confidence::kCertain, "mmtls records both ways"};
  if (IsRecords(client)) return {"WeChat", Confidence::kProbable, "mmtls records"};
  return {};
}

PayloadFind Oicq(const FlowView& view, Bytes d, PayloadMemory& memory) noexcept {
  constexpr std::size_t kHeader = 11;
  if (d.size() < kHeader + 1 || d.front() != std::byte{2} || d.back() != std::byte{3}) return {};
  const std::uint16_t command = LoadBe16(&d[3]);
  const bool known = (command >= 1 && command <= 0xb5) || command == 0x3f7;
  const std::uint32_t number = LoadBe32(&d[7]);
  if (!known || number < 10000) return {};  // the lowest that was ever given out
  const std::uint64_t exchange = LoadBe64(&d[3]);
  const bool repeated = memory.oicq_exchange == exchange && memory.oicq_direction != view.direction;
  memory.oicq_exchange = exchange;
  memory.oicq_direction = view.direction;
  if (repeated) return {"QQ", Confidence::kCertain, "OICQ command answered"};
  const bool port = OnPort(view, 8000) || OnPort(view, 4000);
  return port ? PayloadFind{"QQ", Confidence::kProbable, "OICQ command"} : PayloadFind{};
}

}  // namespace weir::payload
