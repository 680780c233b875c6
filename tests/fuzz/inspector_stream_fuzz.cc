// Input: split, then runs: head (bit 0 direction), 2 bytes of length, that many bytes.
// Claims: the readers find the same names, and tell alike whether a budget kept them from
// reading all, whether each run comes whole or in pieces of any size; memory stays bounded.
#include "tests/fuzz/support/readings.h"

namespace weir::fuzz {
namespace {

struct Run {
  Direction direction;
  Bytes bytes;
};

Reading Read(const std::vector<Run>& runs, std::uint8_t split) {
  const ReaderLimits limits;
  Inspector readers(limits, 6);
  Reading reading;
  Splitter splitter(split);
  for (const Run& run : runs) reading.Stream(readers, run.direction, run.bytes, splitter);
  const std::size_t most = std::size_t{4} * (limits.handshake_bytes + limits.http_head_bytes) + 300'000;
  Require(readers.memory_bytes() <= most, "memory is bounded");
  return reading;
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::Input input(data, std::min<std::size_t>(size, 16000));
  const std::uint8_t split = input.U8();
  std::vector<fuzz::Run> runs;
  while (!input.empty()) {
    const auto direction = static_cast<Direction>(input.U8() & 1);
    runs.push_back({direction, input.Take(input.U16() % 4096)});
  }
  fuzz::Require(fuzz::Read(runs, 0).SameNames(fuzz::Read(runs, split)), "a split changes nothing");
  return 0;
}
