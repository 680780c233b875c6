// Input: version, connection id (length, bytes), then packets: head (bit 0 begins a new
// datagram, bit 1 raw bytes instead of a sealed Initial, bit 2 from the server), 2 bytes of
// length, and the frames of an Initial in the clear, which the target seals.
// Claims: a ClientHello that a server can put together of the CRYPTO frames, where no two
// frames contradict each other, gives all its names, unless a budget was told; reading twice
// says the same; memory stays bounded.
#include <map>

#include "tests/fuzz/support/quic_seal.h"
#include "tests/fuzz/support/readings.h"

namespace weir::fuzz {
namespace {

constexpr std::array<std::uint32_t, 4> kVersions = {1, 0x6b3343cf, 0xff00001d, 0xff000022};
constexpr std::uint64_t kFarthest = 1 << 16;

// What a server has of the handshake, by offset.
struct CryptoStream {
  std::map<std::uint64_t, std::byte> bytes;
  bool contradicts = false;

  static std::uint64_t Varint(Bytes& from, bool& ok) {
    const std::size_t size = from.empty() ? 0 : std::size_t{1} << (LoadU8(from.data()) >> 6);
    if (size == 0 || from.size() < size) return ok = false, 0;
    std::uint64_t value = LoadU8(from.data()) & 0x3fu;
    for (std::size_t i = 1; i < size; ++i) value = value << 8 | LoadU8(&from[i]);
    from = from.subspan(size);
    return value;
  }

  void Take(Bytes frames) {
    bool ok = true;
    while (ok && !frames.empty()) {
      const std::uint64_t type = Varint(frames, ok);
      if (type == 2 || type == 3) {
        Varint(frames, ok), Varint(frames, ok);
        const std::uint64_t ranges = Varint(frames, ok);
        for (std::uint64_t i = 0; ok && i < 1 + 2 * ranges + (type == 3 ? 3 : 0); ++i) Varint(frames, ok);
      } else if (type == 6) {
        const std::uint64_t offset = Varint(frames, ok);
        const std::uint64_t length = Varint(frames, ok);
        if (!ok || length > frames.size()) return;
        for (std::uint64_t i = 0; i < length && offset + i < kFarthest; ++i) {
          const auto [at, fresh] = bytes.emplace(offset + i, frames[i]);
          contradicts = contradicts || (!fresh && at->second != frames[i]);
        }
        frames = frames.subspan(length);
      } else if (type > 1) {
        return;
      }
    }
  }

  // The body of the hello at the start of the stream, or nothing.
  [[nodiscard]] std::vector<std::byte> Hello() const {
    std::vector<std::byte> stream;
    for (const auto& [at, byte] : bytes) {
      if (at != stream.size()) break;
      stream.push_back(byte);
    }
    if (stream.size() < 4 || stream[0] != std::byte{1}) return {};
    const std::size_t length = LoadBe32(stream.data()) & 0xffffff;
    if (stream.size() < 4 + length) return {};
    return {stream.begin() + 4, stream.begin() + 4 + static_cast<std::ptrdiff_t>(length)};
  }
};

struct Datagram {
  Direction direction = Direction::kToServer;
  std::vector<std::byte> bytes;
};

Reading Read(const std::vector<Datagram>& datagrams) {
  Reading reading;
  Inspector readers({}, 17);
  for (const Datagram& datagram : datagrams) reading.Datagram(readers, datagram.direction, datagram.bytes);
  Require(readers.memory_bytes() <= 1u << 20, "memory is bounded");
  return reading;
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::Input input(data, std::min<std::size_t>(size, 8000));
  const QuicVersion& version = *FindQuicVersion(fuzz::kVersions[input.U8() % fuzz::kVersions.size()]);
  const fuzz::Block dcid(input.Take(input.U8() % 21));
  std::vector<fuzz::Datagram> datagrams;
  fuzz::CryptoStream stream;
  bool raw = false;
  while (!input.empty()) {
    const std::uint8_t head = input.U8();
    const Bytes frames = input.Take(input.U16() % 1400);
    const Direction direction = (head & 4) != 0 ? Direction::kToClient : Direction::kToServer;
    const bool fresh = datagrams.empty() || (head & 1) != 0 || datagrams.back().direction != direction;
    if (fresh) datagrams.push_back({direction, {}});
    std::vector<std::byte>& into = datagrams.back().bytes;
    if ((head & 2) != 0) {
      into.insert(into.end(), frames.begin(), frames.end());
      raw = true;
      continue;
    }
    const auto packet = fuzz::SealInitial(version, dcid.bytes(), frames);
    into.insert(into.end(), packet.begin(), packet.end());
    if (direction == Direction::kToServer) stream.Take(frames);
  }
  const fuzz::Reading reading = fuzz::Read(datagrams);
  fuzz::Require(reading.Same(fuzz::Read(datagrams)), "reading twice says the same");
  if (raw || stream.contradicts || fuzz::BudgetTold(reading.events)) return 0;
  for (const std::string& name : fuzz::HelloNames(stream.Hello()))
    fuzz::Require(fuzz::Has(reading.metadata, BufferId::kQuicSni, name), "each name of the hello is found");
  return 0;
}
