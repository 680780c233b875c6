#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataplane/core/app_registry.h"
#include "dataplane/core/result.h"
#include "signatures/match/rule_set.h"
#include "signatures/rule/diagnostic.h"

namespace weir {

struct CompileInput {
  std::string file;  // for messages
  std::string text;
};

// All rules of all inputs, or every defect found (sorted by file and line).
// Same sid twice: the higher rev wins; equal rev is a defect. Apps that
// `metadata: weir_app` names are looked up in `apps` (unknown: a defect).
// Control time: slow, allocates, throws nothing.
[[nodiscard]] tl::expected<std::unique_ptr<RuleSet>, std::vector<Diagnostic>> CompileRules(
    std::span<const CompileInput> inputs, const AppRegistry& apps);

}  // namespace weir
