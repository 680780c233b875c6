#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "perf/wire/memif.h"
#include "perf/wire/talks.h"
#include "perf/wire/ticks.h"

namespace weir::perf {

struct ConnectionTrial {
  double rate = 0;            // begun a second; 0: as many as `at_once` lets
  double seconds = 0;         // how long they begin
  std::uint32_t at_once = 0;  // under way; at most half the slots of a ring
};

struct ConnectionResult {
  std::uint64_t offered = 0;    // begun + refused
  std::uint64_t refused = 0;    // were due while `at_once` were under way
  std::uint64_t completed = 0;  // all frames came out, each at its turn
  std::uint64_t damaged = 0;    // frames of another length than any that is under way
  std::uint64_t late = 0;       // frames of connections that were given up
  std::uint64_t slips = 0;      // times that the generator was kept from running and did not catch up
  double seconds = 0;           // until no more began
  double busy = 0;              // until the last one that completed
  double began = 0, ended = 0;  // wall clock
  Histogram latency;            // ticks from SYN to the last ACK
};

// Connections from SYN to the last ACK. Each frame goes out when the one that it answers came out at the other side, so
// that the device sees them in a real order however long it takes; what is lost is not sent again, and so is its
// connection.
class Connections {
 public:
  // Numbers of flows from `first` on. Links with room() for two frames of kSlot a slot of their rings.
  Connections(std::array<MemifLink*, 2> links, const Talks& talks, std::uint32_t first, double ticks_per_second);
  static constexpr std::size_t kSlot = 1536;  // bytes of room a frame

  [[nodiscard]] ConnectionResult Run(const ConnectionTrial& trial);
  [[nodiscard]] std::uint32_t next() const noexcept { return next_; }  // number of the next connection

 private:
  struct State {
    std::uint32_t number = 0;
    std::uint16_t sent = 0, came = 0;  // frames; both 0: nobody's
    std::uint64_t began = 0;
  };
  static constexpr std::uint32_t kStates = 1u << 16;

  void Begin(std::uint64_t now) noexcept;
  void Speak(State& state) noexcept;
  void Flush() noexcept;
  // Whether anything came.
  bool Receive(std::size_t side, std::uint64_t now, ConnectionResult& result) noexcept;
  void End(State& state) noexcept;
  void Expire(std::uint64_t now, double patience) noexcept;
  [[nodiscard]] const std::vector<Pattern>& TalkOf(std::uint32_t number) const noexcept;

  std::array<MemifLink*, 2> links_;
  std::array<std::uint16_t, 2> heads_{};  // of the rings to the device, with what is not told yet
  const Talks& talks_;
  std::vector<State> states_;
  double ticks_per_second_;
  std::uint32_t next_, oldest_;
  std::uint32_t under_way_ = 0;
};

}  // namespace weir::perf
