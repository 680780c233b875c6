#pragma once
#include <bitset>
#include <string>
#include <vector>

#include "dataplane/core/prefix.h"
#include "signatures/policy/policy.h"

namespace weir {

// Where a flow may come from or go to: ranges, or VLANs.
struct NetworkSet {
  std::vector<Prefix> prefixes;
  std::vector<std::uint16_t> vlans;
  [[nodiscard]] bool empty() const noexcept { return prefixes.empty() && vlans.empty(); }
  [[nodiscard]] bool Contains(const IpAddress& address, std::uint8_t version, std::uint16_t vlan) const noexcept {
    for (const Prefix& prefix : prefixes) {
      if (prefix.Contains(address, version)) return true;
    }
    for (const std::uint16_t id : vlans) {
      if (id == vlan && vlan != 0) return true;
    }
    return false;
  }
};

struct PolicyRuleSpec {
  std::string name;
  std::bitset<8> categories;  // none set: any
  std::vector<AppId> apps;    // empty: any
  std::vector<AppId> except_apps;
  NetworkSet from;  // the client's; empty: any
  NetworkSet to;    // the server's
  bool has_from = false;
  bool has_to = false;
  Timestamp effective{INT64_MIN};
  Action action = Action::kPass;
  bool mirror = false;
  Confidence min_confidence = Confidence::kProbable;
};

struct Policy::Impl {
  std::vector<PolicyRuleSpec> rules;
  Action default_action = Action::kPass;
  bool default_mirror = false;
  PendingPolicy pending;
};

}  // namespace weir
