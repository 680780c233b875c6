// Input: datagrams: head (bit 0 direction), 2 bytes of length, that many bytes.
// Claims: reading twice says the same; a reader's names come from what was sent (each is no
// longer than the datagram of its call); memory stays bounded.
#include "tests/fuzz/support/readings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::Input input(data, std::min<std::size_t>(size, 16000));
  Inspector one({}, 17);
  Inspector two({}, 17);
  fuzz::Reading first;
  fuzz::Reading second;
  while (!input.empty()) {
    const auto direction = static_cast<Direction>(input.U8() & 1);
    const Bytes payload = input.Take(input.U16() % 4096);
    const std::size_t before = first.metadata.size();
    first.Datagram(one, direction, payload);
    second.Datagram(two, direction, payload);
    for (std::size_t i = before; i < first.metadata.size(); ++i) {
      const BufferId id = first.metadata.field(i).id;
      if (id == BufferId::kDnsQuery || id == BufferId::kDnsRrname || id == BufferId::kStunSoftware)
        fuzz::Require(first.metadata.value(first.metadata.field(i)).size() <= 8 * payload.size() + 64,
                      "not much longer than the input, as A-labels are");
    }
  }
  fuzz::Require(first.Same(second), "reading twice says the same");
  fuzz::Require(one.memory_bytes() <= 1u << 20, "memory is bounded");
  return 0;
}
