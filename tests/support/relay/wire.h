#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <queue>
#include <random>
#include <span>
#include <vector>

namespace weir::test {

// What a bad link does to the frames of one direction. Each share is a
// probability in [0, 1] and independent of the others.
struct Impairments {
  double lose = 0;
  double duplicate = 0;
  double corrupt = 0;  // one byte behind the Ethernet header gets another value; of a duplicated frame, in one copy
  double hold = 0;     // kept back for a random time, so that later frames overtake it
  std::int64_t delay_ns = 0;             // of every frame
  std::int64_t hold_min_ns = 1'000'000;  // on top of delay_ns, evenly distributed
  std::int64_t hold_max_ns = 10'000'000;
};

// frames = lost + sent - duplicated + waiting.
struct WireCounters {
  std::uint64_t frames = 0;
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t held = 0;
  std::uint64_t reordered = 0;  // sent after a frame that came later
  std::uint64_t sent = 0;
};

// One direction of a bad link, without sockets: frames go in as they come and
// come out when they are due. What happens to the n-th frame that goes in
// depends on the seed and n only. Time is any clock's nanoseconds that does not
// run backwards. Stands in for netem (amendment 19). One thread.
class Wire {
 public:
  Wire(const Impairments& impairments, std::uint64_t seed);

  void Take(std::span<const std::byte> frame, std::int64_t now_ns);
  // When the next frame is due; nothing waits: nullopt.
  [[nodiscard]] std::optional<std::int64_t> due_ns() const;
  // The next frame that is due by now; none: nullopt.
  std::optional<std::vector<std::byte>> Next(std::int64_t now_ns);

  [[nodiscard]] const WireCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] std::size_t waiting() const noexcept { return queue_.size(); }

 private:
  struct Waiting {
    std::int64_t due_ns;
    std::uint64_t number;  // in the order of arrival
    std::vector<std::byte> frame;
    bool operator<(const Waiting& o) const noexcept {  // the queue's top is its greatest
      return due_ns != o.due_ns ? due_ns > o.due_ns : number > o.number;
    }
  };
  bool Happens(double share);
  std::int64_t Hold();
  void Queue(std::vector<std::byte> frame, std::int64_t now_ns, std::int64_t hold_ns);

  Impairments impairments_;
  std::mt19937_64 random_;
  std::priority_queue<Waiting> queue_;
  std::uint64_t sent_number_ = 0;  // the latest arrival that was sent
  WireCounters counters_;
};

}  // namespace weir::test
