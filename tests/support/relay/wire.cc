#include "tests/support/relay/wire.h"

#include <algorithm>
#include <utility>

namespace weir::test {
namespace {

constexpr std::size_t kEthernetHeader = 14;

}  // namespace

Wire::Wire(const Impairments& impairments, std::uint64_t seed) : impairments_(impairments), random_(seed) {}

// Drawn by hand: the distributions of <random> differ between libraries.
bool Wire::Happens(double share) { return static_cast<double>(random_() >> 11) * 0x1.0p-53 < share; }

std::int64_t Wire::Hold() {
  const auto range = static_cast<std::uint64_t>(impairments_.hold_max_ns - impairments_.hold_min_ns + 1);
  const bool hold = Happens(impairments_.hold);
  const auto time = impairments_.hold_min_ns + static_cast<std::int64_t>(random_() % range);
  return hold ? time : 0;
}

void Wire::Queue(std::vector<std::byte> frame, std::int64_t now_ns, std::int64_t hold_ns) {
  counters_.held += hold_ns > 0 ? 1 : 0;
  queue_.push({now_ns + impairments_.delay_ns + hold_ns, counters_.frames, std::move(frame)});
}

void Wire::Take(std::span<const std::byte> frame, std::int64_t now_ns) {
  // A fixed number of draws a frame: the fate of one does not shift the fates of those behind it.
  const bool lose = Happens(impairments_.lose);
  const bool duplicate = Happens(impairments_.duplicate);
  const bool corrupt = Happens(impairments_.corrupt);
  const std::uint64_t where = random_();
  const auto what = static_cast<std::byte>(1 + random_() % 255);
  const std::int64_t hold = Hold();
  const std::int64_t hold_duplicate = Hold();
  ++counters_.frames;
  if (lose) {
    ++counters_.lost;
    return;
  }
  std::vector<std::byte> bytes(frame.begin(), frame.end());
  if (duplicate) {
    ++counters_.duplicated;
    Queue(bytes, now_ns, hold_duplicate);
  }
  if (corrupt && bytes.size() > kEthernetHeader) {
    ++counters_.corrupted;
    bytes[kEthernetHeader + where % (bytes.size() - kEthernetHeader)] ^= what;
  }
  Queue(std::move(bytes), now_ns, hold);
}

std::optional<std::int64_t> Wire::due_ns() const {
  if (queue_.empty()) return std::nullopt;
  return queue_.top().due_ns;
}

std::optional<std::vector<std::byte>> Wire::Next(std::int64_t now_ns) {
  if (queue_.empty() || queue_.top().due_ns > now_ns) return std::nullopt;
  Waiting next = queue_.top();
  queue_.pop();
  ++counters_.sent;
  if (next.number < sent_number_) ++counters_.reordered;
  sent_number_ = std::max(sent_number_, next.number);
  return std::move(next.frame);
}

}  // namespace weir::test
