#pragma once
#include <array>
#include <string_view>

#include "dataplane/telemetry/events.h"

namespace weir {

// The flow's Community ID, version 1, seed 0 (github.com/corelight/community-id-spec):
// "1:" and the base64 of a SHA-1 over the ordered tuple; the same for both directions
// and in every tool that follows the specification. Control time: costs a SHA-1.
class CommunityId {
 public:
  explicit CommunityId(const EventHead& head) noexcept;
  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 30> text_{};  // "1:" + 28
};

}  // namespace weir
