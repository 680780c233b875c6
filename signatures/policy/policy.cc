#include "signatures/policy/policy.h"

#include <algorithm>

#include "signatures/policy/policy_impl.h"

namespace weir {
namespace {

bool Matches(const PolicyRuleSpec& rule, const Classification& what, const FlowView& flow) noexcept {
  const bool about_apps = rule.categories.any() || !rule.apps.empty();
  const auto has = [&](const std::vector<AppId>& apps) {
    return std::find(apps.begin(), apps.end(), what.app) != apps.end();
  };
  if (about_apps) {
    if (!what.known() || what.confidence < rule.min_confidence) return false;
    if (!rule.categories.test(static_cast<std::size_t>(what.category)) && !has(rule.apps)) return false;
  }
  if (has(rule.except_apps)) return false;
  if (rule.has_from && !rule.from.Contains(flow.client, flow.ip_version, flow.vlan)) return false;
  return !rule.has_to || rule.to.Contains(flow.server, flow.ip_version, flow.vlan);
}

}  // namespace

Policy::Policy(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Policy::~Policy() = default;

std::unique_ptr<const Policy> Policy::PassAll() {
  return std::make_unique<const Policy>(std::make_unique<const Impl>());
}

Verdict Policy::Judge(const Classification& what, const FlowView& flow) const noexcept {
  Verdict verdict;
  for (std::size_t i = 0; i < impl_->rules.size(); ++i) {
    const PolicyRuleSpec& rule = impl_->rules[i];
    if (!Matches(rule, what, flow)) continue;
    verdict.action = rule.action;
    verdict.mirror = rule.mirror;
    verdict.rule = static_cast<PolicyRule>(i);
    verdict.would = flow.now < rule.effective && Stops(rule.action);
    return verdict;
  }
  verdict.action = impl_->default_action;
  verdict.mirror = impl_->default_mirror;
  verdict.rule = PolicyRule::kDefault;
  return verdict;
}

Verdict Policy::JudgeUnknown(const FlowView& flow) const noexcept {
  Verdict verdict = Judge({}, flow);
  const bool said = verdict.rule != PolicyRule::kDefault || Stops(verdict.action);
  if (said || impl_->pending.then == Action::kPass) return verdict;
  verdict.action = impl_->pending.then;
  verdict.rule = PolicyRule::kPending;
  return verdict;
}

Timestamp Policy::NextEdge(Timestamp now) const noexcept {
  Timestamp next{INT64_MAX};
  for (const PolicyRuleSpec& rule : impl_->rules) {
    if (rule.effective > now) next = std::min(next, rule.effective);
  }
  return next;
}

const PendingPolicy& Policy::pending() const noexcept { return impl_->pending; }

std::string_view Policy::RuleName(PolicyRule rule) const noexcept {
  if (rule == PolicyRule::kDefault) return "default";
  if (rule == PolicyRule::kPending) return "pending";
  const auto index = static_cast<std::size_t>(rule);
  return index < impl_->rules.size() ? std::string_view(impl_->rules[index].name) : std::string_view{};
}

}  // namespace weir
