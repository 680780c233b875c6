#pragma once
#include <array>
#include <cstdint>
#include <vector>

namespace weir::perf {

// What both sides of each flow have sent and what of it came out at the other side (RFC 9293 s3.4), so that data goes
// on as it does between two stacks: what arrived is acknowledged. Nothing is sent twice, since a frame has its stamp in
// what would be the same data: what a device lost is acknowledged with what comes after it.
class Sequences {
 public:
  struct Numbers {
    std::uint32_t sequence, acknowledged;
  };

  explicit Sequences(std::uint32_t flows) : sides_(flows) {}
  // `next`: each side's next number, by direction (0: to servers).
  void Start(std::uint32_t flow, std::array<std::uint32_t, 2> next) noexcept {
    for (std::size_t to = 0; to < 2; ++to) sides_[flow][to] = {next[to], next[to]};
  }

  // Of a segment that goes out now.
  [[nodiscard]] Numbers Next(std::uint32_t flow, std::size_t to, std::uint32_t payload) noexcept {
    const Numbers numbers{sides_[flow][to].sent, sides_[flow][1 - to].arrived};
    sides_[flow][to].sent += payload;
    return numbers;
  }
  // A segment of that direction came out.
  void Arrived(std::uint32_t flow, std::size_t to, std::uint32_t sequence, std::uint32_t payload) noexcept {
    if (flow >= sides_.size()) return;
    Side& side = sides_[flow][to];
    if (static_cast<std::int32_t>(sequence + payload - side.arrived) > 0) side.arrived = sequence + payload;
  }

 private:
  struct Side {
    std::uint32_t sent = 0, arrived = 0;
  };
  std::vector<std::array<Side, 2>> sides_;
};

}  // namespace weir::perf
