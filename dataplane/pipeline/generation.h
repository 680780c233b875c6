#pragma once
#include <cstdint>
#include <memory>

#include "classifiers/fusion.h"
#include "dataplane/core/app_registry.h"
#include "signatures/match/rule_set.h"
#include "signatures/policy/policy.h"

namespace weir {

// Everything that decides, published as one: workers hold a pointer to the
// current one and never see a mixture. Immutable once published.
struct Generation {
  std::uint32_t number = 1;
  std::shared_ptr<const AppRegistry> apps;
  std::shared_ptr<const RuleSet> rules;
  std::shared_ptr<const Policy> policy;
  std::shared_ptr<const Knowledge> knowledge;  // names, addresses, nDPI protocol map
};

}  // namespace weir
