#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "classifiers/fact_entry.h"
#include "dataplane/core/app_registry.h"

namespace weir {

// Names of one kind of row: those that label, or those that only support. Patterns:
//   "web.example.com"   that name
//   ".example.com"      it and what is below
//   "p#-x.example.com"  '#' stands for digits (one or more), '*' for anything (or nothing), in the first label only
// A name is read from its end, a label at a time, and no further than the table has names: most names are
// not in it, and end after a look-up or two. Filled by one thread, then immutable for any thread.
class NameTable {
 public:
  // False: it stands in the table, or its '*' or '#' is not in its first label. Precondition: the pattern is not empty.
  bool Add(const FactEntry& entry);
  // Within a suffix of the same category a name is no less sure than that suffix.
  void Raise(const AppRegistry& apps);
  // The name itself, then patterns, then the longest suffix; `name` in lower case. nullptr: none.
  [[nodiscard]] const FactEntry* Find(std::string_view name) const noexcept;

 private:
  // A name that stands in a row, or behind a dot of one.
  struct Node {
    std::string name;
    std::optional<FactEntry> exact;
    std::optional<FactEntry> below;
    std::vector<FactEntry> patterns;  // of the labels before it
  };
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t node = 0;  // 1-based, 0: free
  };
  [[nodiscard]] const Node* FindNode(std::string_view name, std::uint64_t hash) const noexcept;
  Node& MakeNode(std::string_view name);
  void Insert(std::uint64_t hash, std::uint32_t node) noexcept;

  std::deque<Node> nodes_;
  std::vector<Slot> slots_ = std::vector<Slot>(16);  // a power of two, at most half full
};

}  // namespace weir
