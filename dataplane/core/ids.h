#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace weir {

// An integer that cannot be mixed up with another one. `Tag` is any distinct
// type; `Rep` is its width on the wire and in tables.
template <class Tag, class Rep>
class StrongId {
 public:
  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  friend constexpr auto operator<=>(StrongId, StrongId) = default;

 private:
  Rep value_{};
};

using PortId = StrongId<struct PortIdTag, std::uint16_t>;    // DPDK ethdev port
using QueueId = StrongId<struct QueueIdTag, std::uint16_t>;  // RX/TX queue of one port
using RuleId = StrongId<struct RuleIdTag, std::uint32_t>;    // Suricata `sid`
using AppId = StrongId<struct AppIdTag, std::uint16_t>;      // index in AppRegistry; 0: unknown
using WorkerId = StrongId<struct WorkerIdTag, std::uint16_t>;

}  // namespace weir

template <class Tag, class Rep>
struct std::hash<weir::StrongId<Tag, Rep>> {
  std::size_t operator()(weir::StrongId<Tag, Rep> id) const { return std::hash<Rep>{}(id.value()); }
};
