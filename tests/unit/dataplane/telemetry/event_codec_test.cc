#include "dataplane/telemetry/event_codec.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

// What a reader of the ring gets of one pushed event; `use` sees it before it is popped.
template <class Event, class Use>
void RoundTrip(const Event& event, Use use) {
  EventRing ring(1u << 16, EventRing::Mode::kLossy);
  ASSERT_TRUE(ring.Push(event));
  const std::byte* record = ring.state().Front();
  ASSERT_NE(record, nullptr);
  std::vector<DecodedField> fields;
  const Event decoded = Decode<Event>(record, fields);
  use(decoded, fields);
}

TEST(EventCodec, KeepsNumbersAndTextsOfAFlow) {
  FlowEvent event;
  event.packets = {1, 2};
  event.state = "established";
  event.weir.evidence = "tls.sni a.example";
  event.weir.policy = "p";
  event.head.in_iface = "eth1";
  RoundTrip(event, [](const FlowEvent& got, const auto&) {
    EXPECT_EQ(got.packets[1], 2u);
    EXPECT_EQ(got.state, "established");
    EXPECT_EQ(got.weir.evidence, "tls.sni a.example");
    EXPECT_EQ(got.weir.policy, "p");
    EXPECT_EQ(got.head.in_iface, "eth1");
    EXPECT_EQ(got.weir.exemption, "");
  });
}

TEST(EventCodec, KeepsARulesMetadataInOrder) {
  const std::vector<std::pair<std::string, std::string>> metadata = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
  AlertEvent event;
  event.signature = "a message";
  event.metadata = metadata.data();
  event.metadata_count = metadata.size();
  RoundTrip(event, [](const AlertEvent& got, const std::vector<DecodedField>& fields) {
    EXPECT_EQ(got.signature, "a message");
    ASSERT_EQ(fields.size(), 3u);
    EXPECT_EQ(fields[2].key, "a");
    EXPECT_EQ(fields[2].value, "3");
  });
}

TEST(EventCodec, TakesTheFieldsOfOneTransactionThatEventsShow) {
  Metadata metadata;
  metadata.Add(BufferId::kHttpHost, Direction::kToServer, 0, "a.example");
  metadata.Add(BufferId::kHttpHost, Direction::kToServer, 1, "b.example");
  metadata.Add(BufferId::kHttpHeader, Direction::kToServer, 1, "Host: b.example\r\n");
  ProtocolEvent event;
  event.proto = AppProto::kHttp;
  event.tx = 1;
  event.metadata = &metadata;
  RoundTrip(event, [](const ProtocolEvent& got, const std::vector<DecodedField>& fields) {
    EXPECT_EQ(got.tx, 1u);
    ASSERT_EQ(fields.size(), 1u);
    EXPECT_EQ(fields[0].value, "b.example");
  });
}

TEST(EventCodec, KeepsADropAndAnException) {
  DropEvent drop;
  drop.reason = DropReason::kTcpConflict;
  drop.length = 60;
  RoundTrip(drop, [](const DropEvent& got, const auto&) {
    EXPECT_EQ(got.reason, DropReason::kTcpConflict);
    EXPECT_EQ(got.length, 60u);
  });
  ExceptionEvent exception;
  exception.trigger = "tcp_budget";
  exception.action = "reject";
  RoundTrip(exception, [](const ExceptionEvent& got, const auto&) {
    EXPECT_EQ(got.trigger, "tcp_budget");
    EXPECT_EQ(got.action, "reject");
  });
}

}  // namespace
}  // namespace weir
