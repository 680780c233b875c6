#pragma once
#include <string>
#include <vector>

#include "signatures/rule/diagnostic.h"
#include "signatures/rule/rule.h"

namespace weir {

struct ParsedRules {
  std::vector<Rule> rules;
  std::vector<Diagnostic> defects;  // a rule with a defect is not among `rules`
};

// Reads Suricata rule text: one rule a line, lines joined by a trailing backslash,
// comments by #. Every rule is read, so that all defects are told at once.
// Control time; hostile input: linear, no recursion, no exception.
[[nodiscard]] ParsedRules ParseRules(const std::string& file, const std::string& text);

}  // namespace weir
