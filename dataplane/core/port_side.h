#pragma once
#include <cstdint>

namespace weir {

// Which end of its pair a port is.
enum class PortSide : std::uint8_t { kUnknown, kInside, kOutside };
constexpr PortSide Opposite(PortSide side) noexcept {
  return side == PortSide::kInside ? PortSide::kOutside : side == PortSide::kOutside ? PortSide::kInside : side;
}

}  // namespace weir
