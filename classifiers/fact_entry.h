#pragma once
#include <string>

#include "dataplane/core/classification.h"

namespace weir {

// One row that labels: what it names and the row's own text.
struct FactEntry {
  AppId app{};
  Confidence confidence = Confidence::kNone;
  std::string pattern;
};

}  // namespace weir
