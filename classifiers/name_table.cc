#include "classifiers/name_table.h"

#include <algorithm>

#include "classifiers/metadata/names.h"

namespace weir {
namespace {

// The hash of a name goes over it from its end, so that each suffix has its own on the way.
constexpr std::uint64_t kHashBegin = 0xcbf29ce484222325u;
constexpr std::uint64_t Hashed(std::uint64_t hash, char before) noexcept {
  return (hash ^ static_cast<unsigned char>(before)) * 0x9e3779b97f4a7c15u;
}
std::uint64_t HashOf(std::string_view name) noexcept {
  std::uint64_t hash = kHashBegin;
  for (std::size_t at = name.size(); at > 0; --at) hash = Hashed(hash, name[at - 1]);
  return hash;
}
constexpr std::uint32_t TagOf(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> 32); }
// A multiplication carries upwards only: what is above tells more.
constexpr std::size_t HomeOf(std::uint64_t hash) noexcept { return hash >> 24; }

bool LabelMatches(std::string_view pattern, std::string_view label) noexcept {
  while (!pattern.empty()) {
    if (pattern.front() == '*') {
      for (std::size_t taken = 0; taken <= label.size(); ++taken) {
        if (LabelMatches(pattern.substr(1), label.substr(taken))) return true;
      }
      return false;
    }
    if (label.empty()) return false;
    if (pattern.front() == '#') {
      std::size_t digits = 0;
      while (digits < label.size() && label[digits] >= '0' && label[digits] <= '9') ++digits;
      return digits > 0 && LabelMatches(pattern.substr(1), label.substr(digits));
    }
    if (pattern.front() != label.front()) return false;
    pattern.remove_prefix(1);
    label.remove_prefix(1);
  }
  return label.empty();
}

const FactEntry* MatchLabel(const std::vector<FactEntry>& patterns, std::string_view label) noexcept {
  for (const FactEntry& entry : patterns) {
    if (LabelMatches(std::string_view(entry.pattern).substr(0, entry.pattern.find('.')), label)) return &entry;
  }
  return nullptr;
}

}  // namespace

void NameTable::Insert(std::uint64_t hash, std::uint32_t node) noexcept {
  std::size_t at = HomeOf(hash) & (slots_.size() - 1);
  while (slots_[at].node != 0) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = {TagOf(hash), node};
}

const NameTable::Node* NameTable::FindNode(std::string_view name, std::uint64_t hash) const noexcept {
  for (std::size_t at = HomeOf(hash) & (slots_.size() - 1); slots_[at].node != 0; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].tag == TagOf(hash) && nodes_[slots_[at].node - 1].name == name) return &nodes_[slots_[at].node - 1];
  }
  return nullptr;
}

NameTable::Node& NameTable::MakeNode(std::string_view name) {
  const std::uint64_t hash = HashOf(name);
  if (const Node* found = FindNode(name, hash)) return const_cast<Node&>(*found);
  if (const std::size_t dot = name.find('.'); dot != std::string_view::npos) (void)MakeNode(name.substr(dot + 1));
  nodes_.push_back({std::string(name), {}, {}, {}});
  if (2 * nodes_.size() > slots_.size()) {
    slots_.assign(2 * slots_.size(), {});
    for (std::uint32_t i = 0; i + 1 < nodes_.size(); ++i) Insert(HashOf(nodes_[i].name), i + 1);
  }
  Insert(hash, static_cast<std::uint32_t>(nodes_.size()));
  return nodes_.back();
}

bool NameTable::Add(const FactEntry& entry) {
  const bool suffix = entry.pattern.front() == '.';
  const std::string name = NormaliseHost(suffix ? entry.pattern.substr(1) : entry.pattern);
  if (name.find_first_of("*#") == std::string::npos) {
    Node& node = MakeNode(name);
    std::optional<FactEntry>& place = suffix ? node.below : node.exact;
    if (place) return false;
    place = entry;
    return true;
  }
  const std::size_t dot = name.find('.');
  if (suffix || dot == std::string::npos || name.find_first_of("*#", dot) != std::string::npos) return false;
  std::vector<FactEntry>& same = MakeNode(name.substr(dot + 1)).patterns;
  const auto twice = [&](const FactEntry& other) { return other.pattern == entry.pattern; };
  if (std::any_of(same.begin(), same.end(), twice)) return false;
  same.push_back(entry);
  return true;
}

void NameTable::Raise(const AppRegistry& apps) {
  const auto raise = [&](std::string_view name, FactEntry& entry) {
    for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
      const std::string_view rest = name.substr(dot + 1);
      const Node* node = FindNode(rest, HashOf(rest));
      if (node == nullptr || !node->below || apps.CategoryOf(node->below->app) != apps.CategoryOf(entry.app)) continue;
      entry.confidence = std::max(entry.confidence, node->below->confidence);
    }
  };
  for (Node& node : nodes_) {
    if (node.exact) raise(node.name, *node.exact);
    if (node.below) raise(node.name, *node.below);
    for (FactEntry& entry : node.patterns) raise(entry.pattern, entry);
  }
}

const FactEntry* NameTable::Find(std::string_view name) const noexcept {
  if (name.empty()) return nullptr;
  const FactEntry* suffix = nullptr;   // the longest so far
  const FactEntry* pattern = nullptr;  // that the first label meets
  const std::size_t first_label = name.find('.');
  std::uint64_t hash = kHashBegin;
  for (std::size_t at = name.size();; hash = Hashed(hash, name[--at])) {
    while (at > 0 && name[at - 1] != '.') hash = Hashed(hash, name[--at]);
    const Node* node = FindNode(name.substr(at), hash);
    if (node == nullptr) break;
    if (at == 0 && node->exact) return &*node->exact;
    if (node->below) suffix = &*node->below;
    if (at == 0) break;
    if (at == first_label + 1) pattern = MatchLabel(node->patterns, name.substr(0, first_label));
  }
  return pattern != nullptr ? pattern : suffix;
}

}  // namespace weir
