#pragma once
#include <optional>
#include <string>

#include "dataplane/core/flow_key.h"

namespace weir {

// An address range, "10.4.0.0/16" or "2001:db8::/32"; a bare address is itself.
struct Prefix {
  IpAddress address;
  std::uint8_t length = 0;
  std::uint8_t ip_version = 4;

  static std::optional<Prefix> Parse(const std::string& text);
  [[nodiscard]] bool Contains(const IpAddress& a, std::uint8_t version) const noexcept;
};

}  // namespace weir
