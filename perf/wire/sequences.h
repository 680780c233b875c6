#pragma once
#include <array>
#include <cstdint>
#include <vector>

namespace weir::perf {

// What both sides of each flow have sent and what of it came out at the other side (RFC 9293 s3.4), so that data goes
// on as it does between two stacks: what arrived is acknowledged, and where so many frames in turn stay out, their
// sender goes back to what was acknowledged last.
class Sequences {
 public:
  static constexpr std::uint32_t kUnacknowledged = 8;
  struct Numbers {
    std::uint32_t sequence, acknowledged;
  };

  explicit Sequences(std::uint32_t flows) : sides_(flows) {}
  // `next`: each side's next number, by direction (0: to servers).
  void Start(std::uint32_t flow, std::array<std::uint32_t, 2> next) noexcept {
    for (std::size_t to = 0; to < 2; ++to) sides_[flow][to] = {next[to], next[to]};
  }

  // Of an acknowledgement without data, nothing being under way.
  [[nodiscard]] Numbers Settled(std::uint32_t flow, std::size_t to) const noexcept {
    return {sides_[flow][to].arrived, sides_[flow][1 - to].arrived};
  }
  // Of a segment that goes out now.
  [[nodiscard]] Numbers Next(std::uint32_t flow, std::size_t to, std::uint32_t payload) noexcept {
    Side& side = sides_[flow][to];
    if (++side.unacknowledged > kUnacknowledged) side.sent = side.arrived, side.unacknowledged = 1;
    const Numbers numbers{side.sent, sides_[flow][1 - to].arrived};
    side.sent += payload;
    return numbers;
  }
  // A segment of that direction came out.
  void Arrived(std::uint32_t flow, std::size_t to, std::uint32_t sequence, std::uint32_t payload) noexcept {
    if (flow >= sides_.size()) return;
    Side& side = sides_[flow][to];
    const bool in_turn = static_cast<std::int32_t>(sequence - side.arrived) <= 0;
    if (in_turn && static_cast<std::int32_t>(sequence + payload - side.arrived) > 0) {
      side.arrived = sequence + payload;
      side.unacknowledged = 0;
    }
  }
  // Nothing is under way: all go on from what arrived.
  void Settle() noexcept {
    for (auto& flow : sides_)
      for (Side& side : flow) side.sent = side.arrived, side.unacknowledged = 0;
  }

 private:
  struct Side {
    std::uint32_t sent = 0, arrived = 0, unacknowledged = 0;
  };
  std::vector<std::array<Side, 2>> sides_;
};

}  // namespace weir::perf
