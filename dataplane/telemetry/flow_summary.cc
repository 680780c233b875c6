#include "dataplane/telemetry/flow_summary.h"

namespace weir {

void FlowSummary::Accumulate(const FlowEvent& event) {
  Row& row = rows_[std::string(event.weir.app)];
  row.category = event.weir.category;
  ++row.flows;
  row.packets += event.packets[0] + event.packets[1];
  row.bytes += event.bytes[0] + event.bytes[1];
  ++row.verdicts[(event.weir.would ? "would-" : "") + std::string(Name(event.weir.verdict))];
  if (row.evidence.empty()) row.evidence = event.weir.evidence;
}

void FlowSummary::Merge(const FlowSummary& other) {
  for (const auto& [app, theirs] : other.rows_) {
    Row& row = rows_[app];
    row.category = theirs.category;
    row.flows += theirs.flows;
    row.packets += theirs.packets;
    row.bytes += theirs.bytes;
    for (const auto& [verdict, n] : theirs.verdicts) row.verdicts[verdict] += n;
    if (row.evidence.empty()) row.evidence = theirs.evidence;
  }
}

}  // namespace weir
