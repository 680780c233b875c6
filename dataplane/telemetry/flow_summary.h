#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "dataplane/telemetry/events.h"

namespace weir {

// What became of the flows, by app: fed with each flow that ends. Merge adds
// another worker's. One thread at a time.
class FlowSummary {
 public:
  struct Row {
    Category category = Category::kNone;
    std::uint64_t flows = 0;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::map<std::string, std::uint64_t> verdicts;  // "drop", "would-drop", "pass"
    std::string evidence;                           // of the first flow
  };

  void Accumulate(const FlowEvent& event);
  void Merge(const FlowSummary& other);
  // By app name; "" holds the flows of which nothing was found out.
  [[nodiscard]] const std::map<std::string, Row>& rows() const noexcept { return rows_; }

 private:
  std::map<std::string, Row> rows_;
};

}  // namespace weir
