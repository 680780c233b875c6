#include "classifiers/metadata/stun_reader.h"

namespace weir {

bool ReadStunMessage(Bytes message, Direction direction, TxId tx, Metadata& out) {
  constexpr std::uint32_t kMagicCookie = 0x2112a442;
  constexpr std::uint16_t kRealm = 0x0014;
  constexpr std::uint16_t kSoftware = 0x8022;
  if (message.size() < 20 || LoadBe32(&message[4]) != kMagicCookie || (LoadU8(message.data()) & 0xc0) != 0)
    return false;
  if (LoadBe16(&message[2]) != message.size() - 20 || message.size() % 4 != 0) return false;
  ByteReader reader(message.subspan(20));
  while (reader.remaining() >= 4) {
    const std::uint16_t type = reader.U16();
    const std::size_t length = reader.U16();
    const Bytes value = reader.Take(length);
    if (!reader.ok()) break;
    reader.Skip((4 - length % 4) % 4);
    if (type == kSoftware) out.Add(BufferId::kStunSoftware, direction, tx, AsText(value));
    if (type == kRealm) out.Add(BufferId::kStunRealm, direction, tx, AsText(value));
  }
  return true;
}

}  // namespace weir
