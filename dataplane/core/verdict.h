#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace weir {

// What happens to a flow's frames. kPending: still undecided, `pending` of the
// policy says what passes meanwhile.
enum class Action : std::uint8_t { kPending, kPass, kDrop, kReject };
inline constexpr std::array<std::string_view, 4> kActionNames = {"pending", "pass", "drop", "reject"};
constexpr std::string_view Name(Action a) noexcept { return kActionNames[static_cast<std::size_t>(a)]; }
constexpr bool Stops(Action a) noexcept { return a == Action::kDrop || a == Action::kReject; }

// Index of a policy rule in its file's order; the last values are not rules: what
// `pending` does with the unknown, `default`, and no word of the policy at all (a
// signature's own action, an exception policy).
enum class PolicyRule : std::uint16_t { kPending = 0xfffd, kDefault = 0xfffe, kNone = 0xffff };

struct Verdict {
  Action action = Action::kPending;
  bool would = false;  // monitor mode or before the effective date: `would-drop`, and the flow passes
  bool mirror = false;
  PolicyRule rule = PolicyRule::kNone;  // which policy rule caused it
  std::uint32_t exemption = 0;          // 0: none

  // What is done to the frames, `would` taken into account.
  [[nodiscard]] Action effective() const noexcept { return would ? Action::kPass : action; }
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

}  // namespace weir
