// Input: head (bit 0 over TCP, bit 1 from the server), split, then one message.
// Claims: the question of a message that any server would take (one question of plain
// labels, nothing behind it) is found, over UDP and, however split, over TCP; reading in
// pieces says the same as at once.
#include "tests/fuzz/support/readings.h"

namespace weir::fuzz {
namespace {

// The name of a query with opcode 0, one question of class IN and nothing else; empty for
// anything else. Header bits that servers do not look at do not matter (RFC 1035 s4.1.1).
std::string Question(Bytes message) {
  if (message.size() < 12 || LoadBe16(&message[4]) != 1) return {};
  if (LoadBe16(&message[6]) != 0 || LoadBe16(&message[8]) != 0 || LoadBe16(&message[10]) != 0) return {};
  if ((LoadU8(&message[2]) & 0xf8) != 0) return {};
  std::string name;
  std::size_t at = 12;
  while (at < message.size() && LoadU8(&message[at]) != 0) {
    const std::size_t length = LoadU8(&message[at]);
    if (length > 63 || at + 1 + length > message.size()) return {};
    if (!name.empty()) name += '.';
    name += AsText(message.subspan(at + 1, length));
    at += 1 + length;
  }
  if (at + 5 != message.size() || name.size() > 253) return {};
  return LoadBe16(&message[at + 1]) == 0 || LoadBe16(&message[at + 3]) != 1 ? std::string{} : name;
}

Reading OverTcp(Direction direction, Bytes message, std::uint8_t split) {
  std::vector<std::byte> stream(2);
  StoreBe16(stream.data(), static_cast<std::uint16_t>(message.size()));
  stream.insert(stream.end(), message.begin(), message.end());
  Inspector readers({}, 6);
  Reading reading;
  Splitter splitter(split);
  reading.Stream(readers, direction, stream, splitter);
  return reading;
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::Input input(data, std::min<std::size_t>(size, 4096));
  const std::uint8_t head = input.U8();
  const std::uint8_t split = input.U8();
  const Direction direction = (head & 2) != 0 ? Direction::kToClient : Direction::kToServer;
  const Bytes message = input.Rest();
  fuzz::Reading reading;
  if ((head & 1) != 0) {
    reading = fuzz::OverTcp(direction, message, 0);
    fuzz::Require(reading.Same(fuzz::OverTcp(direction, message, split)), "a split changes nothing");
  } else {
    Inspector readers({}, 17);
    reading.Datagram(readers, direction, message);
  }
  const std::string name = fuzz::Question(message);
  if (!name.empty() && direction == Direction::kToServer)
    fuzz::Require(fuzz::Has(reading.metadata, BufferId::kDnsQuery, name), "the question is found");
  return 0;
}
