#include "dataplane/control/run.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

Summary Balanced() {
  Summary summary;
  summary.counters.rx_packets = 10;
  summary.counters.forwarded_packets = 8;
  summary.counters.dropped_packets[static_cast<std::size_t>(DropReason::kPolicy)] = 2;
  summary.counters.injected_packets = 2;
  summary.counters.flows_created = summary.counters.flows_ended = 3;
  PortCounters inside, outside, mirror;
  inside.rx_packets = 7;
  inside.rx_unusable = 1;
  inside.tx_packets = 4;
  outside.rx_packets = 4;
  outside.tx_packets = 6;
  mirror.tx_packets = 99;
  summary.ports = {{"a", false, inside}, {"b", false, outside}, {"m", true, mirror}};
  return summary;
}

TEST(ConservationDefect, IsSilentWhereAllAddsUp) { EXPECT_EQ(ConservationDefect(Balanced()), ""); }

TEST(ConservationDefect, NamesWhatDoesNot) {
  Summary lost = Balanced();
  --lost.counters.forwarded_packets;
  EXPECT_NE(ConservationDefect(lost).find("workers' frames"), std::string::npos);
  Summary received = Balanced();
  ++received.ports[0].counters.rx_packets;
  EXPECT_NE(ConservationDefect(received).find("received"), std::string::npos);
  Summary sent = Balanced();
  --sent.ports[1].counters.tx_packets;
  EXPECT_NE(ConservationDefect(sent).find("sent"), std::string::npos);
  Summary flows = Balanced();
  ++flows.counters.flows_created;
  EXPECT_NE(ConservationDefect(flows).find("flows"), std::string::npos);
}

}  // namespace
}  // namespace weir
