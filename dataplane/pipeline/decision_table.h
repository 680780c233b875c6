#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>

#include "dataplane/core/classification.h"
#include "dataplane/core/verdict.h"
#include "dataplane/pipeline/handle_pool.h"

namespace weir {

// What a decided flow keeps of why: interned, since many flows of one app share it.
struct Decision {
  Classification what;
  Verdict verdict;
  std::uint32_t generation = 0;
};

// Decisions by content, counted by the flows that hold them. One thread.
class DecisionTable {
 public:
  // The handle of an equal decision, or a new one; one reference is the caller's.
  Handle Intern(const Decision& decision);
  void Release(Handle handle) noexcept;
  [[nodiscard]] const Decision& operator[](Handle handle) noexcept { return entries_[handle].decision; }
  [[nodiscard]] std::size_t size() const noexcept { return by_content_.size(); }

 private:
  struct Entry {
    Decision decision;
    std::uint32_t references = 0;
  };
  HandlePool<Entry> entries_;
  std::unordered_map<std::string, Handle> by_content_;
};

}  // namespace weir
