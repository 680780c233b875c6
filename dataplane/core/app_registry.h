#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dataplane/core/classification.h"
#include "dataplane/core/result.h"

namespace weir {

// The applications that rules, tables and nDPI may name. Filled at control time
// by one thread, read-only afterwards and then safe from any thread. Ids are
// dense and start at 1; 0 is "unknown" with an empty name.
class AppRegistry {
 public:
  AppRegistry();

  // Adds an app or returns the one of that name. Names are ASCII CamelCase and
  // case-sensitive. Fails if the app is known with another category.
  Result<AppId> Add(std::string_view name, Category category);

  [[nodiscard]] AppId Find(std::string_view name) const noexcept;  // AppId{0}: no such app
  [[nodiscard]] std::string_view NameOf(AppId app) const noexcept;
  [[nodiscard]] Category CategoryOf(AppId app) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return apps_.size(); }

 private:
  struct App {
    std::string name;
    Category category;
  };
  std::vector<App> apps_;
  std::unordered_map<std::string, AppId> by_name_;
};

// "messaging" -> kMessaging; kNone for a word that is no category.
[[nodiscard]] Category CategoryFromName(std::string_view name) noexcept;
[[nodiscard]] Confidence ConfidenceFromName(std::string_view name) noexcept;

}  // namespace weir
