#pragma once
#include <string>
#include <vector>

#include "dataplane/core/result.h"

namespace weir {

// "1,4-6" -> {1, 4, 5, 6}; kInvalidArgument otherwise. Empty text: no CPU.
[[nodiscard]] Result<std::vector<int>> ParseCpuList(const std::string& text);

}  // namespace weir
