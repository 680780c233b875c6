#include "dataplane/core/app_registry.h"

#include <algorithm>

namespace weir {

AppRegistry::AppRegistry() : apps_{{"", Category::kNone}} {}

Result<AppId> AppRegistry::Add(std::string_view name, Category category) {
  if (name.empty() || category == Category::kNone) {
    return Fail(Errc::kInvalidArgument, "an app needs a name and a category, got '" + std::string(name) + "'");
  }
  if (const AppId known = Find(name); known != AppId{}) {
    if (CategoryOf(known) == category) return known;
    return Fail(Errc::kInvalidArgument, "app '" + std::string(name) + "' is " + std::string(Name(CategoryOf(known))) +
                                            " elsewhere, " + std::string(Name(category)) + " here");
  }
  if (apps_.size() > 0xffff) return Fail(Errc::kExhausted, "more than 65535 apps");
  const AppId id{static_cast<std::uint16_t>(apps_.size())};
  apps_.push_back({std::string(name), category});
  by_name_.emplace(name, id);
  return id;
}

AppId AppRegistry::Find(std::string_view name) const noexcept {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? AppId{} : found->second;
}

std::string_view AppRegistry::NameOf(AppId app) const noexcept {
  return app.value() < apps_.size() ? std::string_view{apps_[app.value()].name} : std::string_view{};
}

Category AppRegistry::CategoryOf(AppId app) const noexcept {
  return app.value() < apps_.size() ? apps_[app.value()].category : Category::kNone;
}

namespace {
template <class Enum, class Names>
Enum FromName(const Names& names, std::string_view name) noexcept {
  const auto found = std::find(names.begin() + 1, names.end(), name);
  return static_cast<Enum>(found == names.end() ? 0 : found - names.begin());
}
}  // namespace

Category CategoryFromName(std::string_view name) noexcept { return FromName<Category>(kCategoryNames, name); }
Confidence ConfidenceFromName(std::string_view name) noexcept { return FromName<Confidence>(kConfidenceNames, name); }

}  // namespace weir
