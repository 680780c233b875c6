#include "dataplane/telemetry/event_ring.h"

#include <gtest/gtest.h>

#include <thread>

#include "dataplane/telemetry/event_codec.h"

namespace weir {
namespace {

DropEvent Drop(std::uint32_t number) {
  DropEvent event;
  event.length = number;
  event.weir.evidence = "tls.sni a.example";
  return event;
}

std::vector<std::uint32_t> Drain(EventRing& ring) {
  std::vector<std::uint32_t> numbers;
  std::vector<DecodedField> fields;
  while (const std::byte* record = ring.state().Front()) {
    RecordHeader header;
    std::memcpy(&header, record, sizeof header);
    if (header.type == EventType::kDrop) numbers.push_back(Decode<DropEvent>(record, fields).length);
    ring.state().Pop();
  }
  return numbers;
}

TEST(EventRing, KeepsEventsInOrderAroundItsEnd) {
  EventRing ring(4096, EventRing::Mode::kLossy);
  std::uint32_t next = 0;
  std::uint32_t expected = 0;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(ring.Push(Drop(next++)));
    for (const std::uint32_t number : Drain(ring)) EXPECT_EQ(number, expected++);
  }
  EXPECT_EQ(expected, next);
  EXPECT_EQ(ring.pushed(), next);
}

TEST(EventRing, LosesAndCountsWhatDoesNotFit) {
  EventRing ring(4096, EventRing::Mode::kLossy);
  std::uint64_t pushed = 0;
  for (std::uint32_t i = 0; i < 1000; ++i) pushed += ring.Push(Drop(i)) ? 1 : 0;
  EXPECT_EQ(ring.pushed(), pushed);
  EXPECT_EQ(ring.lost(), 1000 - pushed);
  EXPECT_EQ(Drain(ring).size(), pushed);
  EXPECT_TRUE(ring.Push(Drop(1)));  // room again
}

TEST(EventRing, WaitsForItsReaderWhereNothingMayBeLost) {
  EventRing ring(4096, EventRing::Mode::kLossless);
  std::thread writer([&] {
    for (std::uint32_t i = 0; i < 5000; ++i) ring.Push(Drop(i));
  });
  std::vector<std::uint32_t> all;
  while (all.size() < 5000) {
    for (const std::uint32_t number : Drain(ring)) all.push_back(number);
  }
  writer.join();
  for (std::uint32_t i = 0; i < 5000; ++i) ASSERT_EQ(all[i], i);
  EXPECT_EQ(ring.lost(), 0u);
}

}  // namespace
}  // namespace weir
