#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/app_registry.h"
#include "dataplane/core/classification.h"
#include "dataplane/core/flow_view.h"
#include "dataplane/core/result.h"
#include "dataplane/core/verdict.h"

namespace weir {

// What passes while a flow is undecided (`pending:` of policy.yaml).
struct PendingPolicy {
  std::uint32_t max_packets = 30;
  std::uint32_t max_bytes = 65536;
  Action then = Action::kPass;
};

// A loaded policy.yaml: first match wins. Immutable, for any thread.
class Policy {
 public:
  struct Impl;
  explicit Policy(std::unique_ptr<const Impl> impl);
  ~Policy();

  // Passes everything (`-p none`).
  static std::unique_ptr<const Policy> PassAll();

  // The verdict on a classification for this flow at flow.now. Never kPending.
  [[nodiscard]] Verdict Judge(const Classification& what, const FlowView& flow) const noexcept;
  // The verdict on a flow of which nothing was found out within `pending`:
  // a rule that names it by its network alone still comes first.
  [[nodiscard]] Verdict JudgeUnknown(const FlowView& flow) const noexcept;
  // The first instant after `now` at which some verdict may change (effective
  // date, calendar edge); Timestamp{INT64_MAX} if none: the next policy epoch.
  [[nodiscard]] Timestamp NextEdge(Timestamp now) const noexcept;
  [[nodiscard]] const PendingPolicy& pending() const noexcept;
  // "no-personal-messaging", "default", "pending", or "" for kNone.
  [[nodiscard]] std::string_view RuleName(PolicyRule rule) const noexcept;

 private:
  std::unique_ptr<const Impl> impl_;
};

// Reads policy.yaml text. Every defect found comes back, one a line, as
// `FILE:LINE:COLUMN: what is wrong (what would be right)`: unknown keys, apps,
// categories, networks, time zones, bad prefixes, duplicate names.
[[nodiscard]] tl::expected<std::unique_ptr<const Policy>, std::vector<std::string>> LoadPolicy(const std::string& file,
                                                                                               const std::string& text,
                                                                                               const AppRegistry& apps);

}  // namespace weir
