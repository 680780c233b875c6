#include "dataplane/telemetry/eve_format.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace weir {
namespace {

template <class... Args>
nlohmann::json Formatted(const Args&... args) {
  JsonBuffer out;
  FormatEve(args..., out);
  EXPECT_EQ(out.data()[out.size() - 1], '\n');
  return nlohmann::json::parse(std::string(out.data(), out.size()));
}

EventHead Head(std::uint8_t proto) {
  EventHead head;
  head.proto = proto;
  head.src_port = 40000;
  head.dst_port = 443;
  return head;
}

TEST(FormatEve, NamesTheProtocolAndHasPortsWhereItDoes) {
  struct Case {
    std::uint8_t proto;
    const char* name;
    bool ports;
  };
  for (const Case& c : {Case{6, "TCP", true}, Case{17, "UDP", true}, Case{132, "SCTP", true}, Case{1, "ICMP", false},
                        Case{58, "IPv6-ICMP", false}, Case{47, "GRE", false}, Case{89, "89", false}}) {
    FlowEvent event;
    event.head = Head(c.proto);
    event.state = "new";
    const auto flow = Formatted(event);
    EXPECT_EQ(flow["proto"], c.name);
    EXPECT_EQ(flow.contains("src_port"), c.ports) << c.name;
    EXPECT_EQ(flow.contains("icmp_type"), c.proto == 1 || c.proto == 58) << c.name;
    EXPECT_EQ(flow.contains("tcp"), c.proto == 6) << c.name;
  }
}

TEST(FormatEve, SaysWhatIsNotKnownAsNull) {
  FlowEvent event;
  event.head = Head(6);
  event.state = "new";
  const auto weir = Formatted(event)["weir"];
  for (const char* field :
       {"app", "category", "confidence", "evidence", "source", "policy", "exemption", "signature_id", "verdict_packet"})
    EXPECT_TRUE(weir[field].is_null()) << field;
}

TEST(FormatEve, SaysWouldBeforeAVerdictThatIsNotInForce) {
  FlowEvent event;
  event.head = Head(6);
  event.state = "new";
  event.weir.verdict = Action::kDrop;
  EXPECT_EQ(Formatted(event)["flow"]["action"], "drop");
  event.weir.would = true;
  const auto would = Formatted(event);
  EXPECT_EQ(would["weir"]["verdict"], "would-drop");
  EXPECT_FALSE(would["flow"].contains("action"));
}

TEST(FormatEve, NamesTheFlagsThatWereSeen) {
  FlowEvent event;
  event.head = Head(6);
  event.state = "closed";
  event.tcp_flags_ts = 0x03;
  event.tcp_flags_tc = 0x12;
  EXPECT_EQ(Formatted(event)["tcp"],
            nlohmann::json::parse(
                R"({"tcp_flags":"13","tcp_flags_ts":"03","tcp_flags_tc":"12","fin":true,"syn":true,"ack":true})"));
}

TEST(FormatStats, HasEveryCounterOfDropsAndExceptions) {
  WorkerCounters counters;
  counters.dropped_packets[static_cast<std::size_t>(DropReason::kTcpConflict)] = 7;
  counters.exceptions[Index(ExceptionTrigger::kTcpBudget)] = 3;
  counters.busy_cycles = 11;
  JsonBuffer out;
  FormatStats({1}, counters, 5, out);
  const auto weir = nlohmann::json::parse(std::string(out.data(), out.size()))["stats"]["weir"];
  EXPECT_EQ(weir["dropped"]["tcp_conflict"], 7);
  EXPECT_EQ(weir["dropped"].size(), kDropReasonCount - 1);
  EXPECT_EQ(weir["exceptions"]["tcp_budget"], 3);
  EXPECT_EQ(weir["events_lost"], 5);
  EXPECT_EQ(weir["busy_cycles"], 11);
}

}  // namespace
}  // namespace weir
