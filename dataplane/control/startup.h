#pragma once
#include <memory>
#include <string>
#include <vector>

#include "dataplane/control/config.h"
#include "dataplane/pipeline/generation.h"

namespace weir {

// What `replay`, `run` and `check` are told of configuration, policy and rules.
struct StartupOptions {
  std::string config;                   // empty: the defaults
  std::string policy;                   // empty: the one that ships; "none": pass everything
  std::vector<std::string> add_rules;   // -s: files and folders beside those that ship
  std::vector<std::string> only_rules;  // -S: instead of those that ship
  std::vector<std::string> settings;    // --set
};

struct Startup {
  Config config;
  std::shared_ptr<const Generation> generation;
};

// Loads everything or tells every defect, one a line, as FILE:LINE:COLUMN: what;
// nothing is started. Control time.
[[nodiscard]] tl::expected<Startup, std::vector<std::string>> LoadStartup(const StartupOptions& options);

// The folder of the data that ships: in a checkout, or /usr/share/weir. Empty: neither is there.
[[nodiscard]] std::string ShippedData();

}  // namespace weir
