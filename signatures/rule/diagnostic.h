#pragma once
#include <string>

namespace weir {

// One defect in a text file, as every command prints it: `FILE:LINE:COLUMN: what`.
struct Diagnostic {
  std::string file;
  int line = 0;      // from 1
  int column = 0;    // from 1
  std::string what;  // "unknown keyword 'foo' (known keywords: docs/rules.md)"
};
[[nodiscard]] std::string Format(const Diagnostic& d);

}  // namespace weir
