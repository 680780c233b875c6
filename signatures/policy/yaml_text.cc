#include "signatures/policy/yaml_text.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace weir {
namespace {

constexpr std::size_t kMostWords = 500;  // bytes of one defect

// Names and values are quoted as the file has them, which may be anything: bytes that would
// break the line or command a terminal become \xNN.
std::string OneLine(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string line;
  for (const char c : text.substr(0, kMostWords)) {
    const auto code = static_cast<unsigned char>(c);
    if (code >= 0x20 && code != 0x7f) {
      line += c;
      continue;
    }
    line += {'\\', 'x', kDigits[code >> 4], kDigits[code & 15]};
  }
  return text.size() > kMostWords ? line + "..." : line;
}

}  // namespace

YamlText::YamlText(std::string file, const std::string& text) : file_(std::move(file)) {
  try {
    root_ = YAML::Load(text);
  } catch (const YAML::Exception& error) {
    defects_.push_back(file_ + ":" + std::to_string(error.mark.line + 1) + ":" + std::to_string(error.mark.column + 1) +
                       ": " + OneLine(error.msg));
  }
}

void YamlText::Defect(const YAML::Node& at, const std::string& what) {
  const YAML::Mark mark = at.Mark();
  defects_.push_back(file_ + ":" + std::to_string(std::max(mark.line, 0) + 1) + ":" +
                     std::to_string(std::max(mark.column, 0) + 1) + ": " + OneLine(what));
}

bool YamlText::Map(const YAML::Node& node, const std::vector<std::string>& known,
                   const std::function<void(const std::string&, const YAML::Node&)>& use) {
  if (!node.IsMap()) {
    Defect(node, "this must be a map of keys and values");
    return false;
  }
  std::set<std::string> seen;
  for (const auto& pair : node) {
    const std::string key = pair.first.IsScalar() ? pair.first.Scalar() : "";
    if (!seen.insert(key).second) {
      Defect(pair.first, "'" + key + "' stands twice");
    } else if (!known.empty() && std::find(known.begin(), known.end(), key) == known.end()) {
      std::string names;
      for (const std::string& name : known) names += (names.empty() ? "" : ", ") + name;
      Defect(pair.first, "unknown key '" + key + "' (known here: " + names + ")");
    } else {
      use(key, pair.second);
    }
  }
  return true;
}

std::string YamlText::Scalar(const YAML::Node& node) {
  if (node.IsScalar()) return node.Scalar();
  Defect(node, "this must be a single value");
  return {};
}

std::vector<std::pair<std::string, YAML::Node>> YamlText::List(const YAML::Node& node) {
  std::vector<std::pair<std::string, YAML::Node>> items;
  if (node.IsScalar()) {
    items.emplace_back(node.Scalar(), node);
  } else if (node.IsSequence()) {
    for (const YAML::Node& item : node) items.emplace_back(Scalar(item), item);
  } else {
    Defect(node, "this must be a value or a list of values");
  }
  return items;
}

std::uint64_t YamlText::Number(const YAML::Node& node, std::uint64_t least, std::uint64_t most) {
  const std::string text = Scalar(node);
  if (!node.IsScalar()) return least;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size() && value >= least && value <= most) return value;
  Defect(node, "'" + text + "' is no number in " + std::to_string(least) + ".." + std::to_string(most));
  return least;
}

bool YamlText::Bool(const YAML::Node& node) {
  const std::string text = Scalar(node);
  if (node.IsScalar() && text != "true" && text != "false") Defect(node, "'" + text + "' is neither true nor false");
  return text == "true";
}

}  // namespace weir
