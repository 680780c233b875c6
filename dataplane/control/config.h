#pragma once
#include <string>
#include <vector>

#include "dataplane/control/run_settings.h"
#include "dataplane/core/result.h"
#include "dataplane/pipeline/settings.h"

namespace weir {

// weir.yaml: what the engine is told, and what of it leaves in which way.
struct Config {
  EngineSettings engine;
  RunSettings run;
  std::string policy_file;  // where no -p names one; empty: the one that ships
  bool eve_enabled = true;
  std::uint32_t eve_ring_kib = 4096;
};

// Reads weir.yaml: nested maps whose joined keys stand in one table (docs/weir.yaml.md).
// Every defect comes back, one a line, as FILE:LINE:COLUMN: what.
[[nodiscard]] tl::expected<Config, std::vector<std::string>> LoadConfig(const std::string& file,
                                                                        const std::string& text);

// --set KEY=VALUE; the error names the key.
[[nodiscard]] Result<void> ApplySetting(Config& config, const std::string& assignment);

// A key as docs/weir.yaml.md lists it.
struct KeyText {
  std::string name;
  std::string values;  // "1..65535", "true, false"
  std::string value;   // the default
};
[[nodiscard]] std::vector<KeyText> DescribeKeys();

}  // namespace weir
