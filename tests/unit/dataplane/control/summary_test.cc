#include "dataplane/control/summary.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace weir {
namespace {

Summary Filled() {
  Summary summary;
  FlowEvent event;
  event.weir.app = "WhatsApp";
  event.weir.category = Category::kMessaging;
  event.weir.verdict = Action::kDrop;
  event.weir.evidence = "tls.sni web.whatsapp.com";
  event.packets = {3, 2};
  event.bytes = {300, 1'200'000};
  summary.flows.Accumulate(event);
  summary.counters.rx_packets = 5;
  summary.counters.forwarded_packets = 4;
  summary.counters.dropped_packets[static_cast<std::size_t>(DropReason::kPolicy)] = 1;
  summary.events_written = 2;
  return summary;
}

TEST(SummaryTable, SaysAppsVerdictsAndWhereFramesWent) {
  const std::string text = SummaryTable(Filled());
  for (const char* part : {"WhatsApp", "messaging", "1.2 MB", "drop 1", "tls.sni web.whatsapp.com",
                           "5 packets in = 4 forwarded + 1 dropped", "1 policy"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  EXPECT_EQ(text.find("port "), std::string::npos);
}

TEST(SummaryJson, SaysTheSameForAProgram) {
  Summary summary = Filled();
  summary.ports = {{"net_null0", false, {}}};
  const auto parsed = nlohmann::json::parse(SummaryJson(summary));
  EXPECT_EQ(parsed["packets"]["received"], 5);
  EXPECT_EQ(parsed["packets"]["dropped"]["policy"], 1);
  EXPECT_EQ(parsed["apps"][0]["app"], "WhatsApp");
  EXPECT_EQ(parsed["ports"][0]["device"], "net_null0");
}

TEST(AddCounters, AddsEveryField) {
  WorkerCounters one;
  static_assert(sizeof one % sizeof(std::uint64_t) == 0);
  auto* words = reinterpret_cast<std::uint64_t*>(&one);
  const std::size_t count = sizeof one / sizeof(std::uint64_t);
  for (std::size_t i = 0; i < count; ++i) words[i] = i + 1;
  WorkerCounters sum;
  AddCounters(sum, one);
  AddCounters(sum, one);
  const auto* sums = reinterpret_cast<const std::uint64_t*>(&sum);
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(sums[i], 2 * (i + 1)) << i;
}

}  // namespace
}  // namespace weir
