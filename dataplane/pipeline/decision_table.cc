#include "dataplane/pipeline/decision_table.h"

namespace weir {
namespace {

// Two decisions are one if everything that an event says of them is equal.
std::string ContentOf(const Decision& d) {
  std::string key;
  const auto add = [&key](auto value) { key.append(reinterpret_cast<const char*>(&value), sizeof value); };
  add(d.what.app.value());
  add(d.what.category);
  add(d.what.confidence);
  add(d.what.source);
  add(d.what.sid.value());
  add(d.verdict.action);
  add(static_cast<std::uint8_t>((d.verdict.would ? 1 : 0) | (d.verdict.mirror ? 2 : 0)));
  add(d.verdict.rule);
  add(d.verdict.exemption);
  add(d.generation);
  key.append(d.what.evidence.view());
  return key;
}

}  // namespace

Handle DecisionTable::Intern(const Decision& decision) {
  const auto [at, fresh] = by_content_.try_emplace(ContentOf(decision), Handle::kNone);
  if (fresh) {
    at->second = entries_.Acquire();
    entries_[at->second].decision = decision;
  }
  ++entries_[at->second].references;
  return at->second;
}

void DecisionTable::Release(Handle handle) noexcept {
  Entry& entry = entries_[handle];
  if (--entry.references > 0) return;
  by_content_.erase(ContentOf(entry.decision));
  entries_.Release(handle);
}

}  // namespace weir
