#pragma once
#include <yaml-cpp/yaml.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// One file's YAML, read strictly: what is not expected is a defect at its line
// and column, and all defects are collected. Control time.
class YamlText {
 public:
  // Parses; a syntax error is the first defect and root() is then null.
  YamlText(std::string file, const std::string& text);

  [[nodiscard]] const YAML::Node& root() const { return root_; }
  [[nodiscard]] const std::vector<std::string>& defects() const { return defects_; }

  // FILE:LINE:COLUMN: what
  void Defect(const YAML::Node& at, const std::string& what);

  // Calls `use` with each key's value of a map; keys that are not in `known`, and
  // keys that stand twice, are defects. False (and a defect) if it is no map.
  bool Map(const YAML::Node& node, const std::vector<std::string>& known,
           const std::function<void(const std::string& key, const YAML::Node& value)>& use);
  // The text of a scalar, or of each scalar in a list; a defect otherwise.
  std::string Scalar(const YAML::Node& node);
  std::vector<std::pair<std::string, YAML::Node>> List(const YAML::Node& node);
  // A number in [least, most], else a defect and `least`.
  std::uint64_t Number(const YAML::Node& node, std::uint64_t least, std::uint64_t most);
  bool Bool(const YAML::Node& node);

 private:
  std::string file_;
  YAML::Node root_;
  std::vector<std::string> defects_;
};

}  // namespace weir
