#include "dataplane/telemetry/flow_summary.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

FlowEvent Flow(std::string_view app, Action verdict, bool would = false) {
  FlowEvent event;
  event.weir.app = app;
  event.weir.category = Category::kMessaging;
  event.weir.verdict = verdict;
  event.weir.would = would;
  event.weir.evidence = "tls.sni a.example";
  event.packets = {3, 2};
  event.bytes = {300, 200};
  return event;
}

TEST(FlowSummary, SumsByAppAndMergesWorkers) {
  FlowSummary one;
  one.Accumulate(Flow("WhatsApp", Action::kDrop));
  one.Accumulate(Flow("WhatsApp", Action::kDrop, true));
  FlowSummary two;
  two.Accumulate(Flow("WhatsApp", Action::kDrop));
  two.Accumulate(Flow("", Action::kPass));
  one.Merge(two);
  const FlowSummary::Row& row = one.rows().at("WhatsApp");
  EXPECT_EQ(row.flows, 3u);
  EXPECT_EQ(row.packets, 15u);
  EXPECT_EQ(row.bytes, 1500u);
  EXPECT_EQ(row.verdicts.at("drop"), 2u);
  EXPECT_EQ(row.verdicts.at("would-drop"), 1u);
  EXPECT_EQ(row.evidence, "tls.sni a.example");
  EXPECT_EQ(one.rows().at("").flows, 1u);
}

}  // namespace
}  // namespace weir
