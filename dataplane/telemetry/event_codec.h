#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "dataplane/telemetry/event_ring.h"

namespace weir {

// How events lie in the ring: a header, the event struct as it is, then each of
// its texts as length and bytes, in the order of ForEachText. Inside of telemetry/.
enum class EventType : std::uint8_t { kPad, kFlow, kAlert, kDrop, kProtocol, kException };

struct RecordHeader {
  std::uint32_t size = 0;  // of the whole record, a multiple of 8
  EventType type = EventType::kPad;
};

template <class Head, class Use>
void HeadTexts(Head& head, Use use) {
  use(head.in_iface);
}
template <class Label, class Use>
void LabelTexts(Label& weir, Use use) {
  use(weir.app);
  use(weir.evidence);
  use(weir.policy);
  use(weir.exemption);
}
// One function an event: the texts it borrows.
template <class Use>
void ForEachText(FlowEvent& e, Use use) {
  HeadTexts(e.head, use);
  LabelTexts(e.weir, use);
  use(e.state);
}
template <class Use>
void ForEachText(AlertEvent& e, Use use) {
  HeadTexts(e.head, use);
  LabelTexts(e.weir, use);
  use(e.signature);
  use(e.category);
}
template <class Use>
void ForEachText(DropEvent& e, Use use) {
  HeadTexts(e.head, use);
  LabelTexts(e.weir, use);
}
template <class Use>
void ForEachText(ProtocolEvent& e, Use use) {
  HeadTexts(e.head, use);
}
template <class Use>
void ForEachText(ExceptionEvent& e, Use use) {
  HeadTexts(e.head, use);
  use(e.trigger);
  use(e.action);
}

// A field of a ProtocolEvent, or a pair of an alert's metadata, as decoded.
struct DecodedField {
  BufferId id{};
  Direction direction{};
  std::string_view key;
  std::string_view value;
};

// The consumer's side of a ring.
struct EventRing::State {
  State(std::size_t bytes, Mode mode);

  // Room for `size` bytes in one piece, or nullptr: full. Producer.
  std::byte* Reserve(std::uint32_t size) noexcept;
  void Publish(std::uint32_t size) noexcept;
  // The oldest record or nullptr: empty. Consumer.
  const std::byte* Front() noexcept;
  void Pop() noexcept;

  const Mode mode;
  const std::size_t mask;
  const std::unique_ptr<std::byte[]> bytes;
  alignas(64) std::atomic<std::uint64_t> written{0};  // bytes ever; the producer's
  std::uint64_t read_seen = 0;
  std::atomic<std::uint64_t> pushed{0};
  std::atomic<std::uint64_t> lost{0};
  alignas(64) std::atomic<std::uint64_t> read{0};  // bytes ever; the consumer's
};

// Reads texts back in the order they were written.
class RecordReader {
 public:
  explicit RecordReader(const std::byte* at) : at_(at) {}
  std::string_view Next() noexcept {
    std::uint32_t size;
    std::memcpy(&size, at_, sizeof size);
    const std::string_view text(reinterpret_cast<const char*>(at_ + sizeof size), size);
    at_ += sizeof size + size;
    return text;
  }
  template <class T>
  T Value() noexcept {
    T value;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

 private:
  const std::byte* at_;
};

// The event at `record`, its views pointing into it; `fields` gets what a
// ProtocolEvent or an AlertEvent brings beside its struct.
template <class Event>
Event Decode(const std::byte* record, std::vector<DecodedField>& fields) {
  Event event;
  std::memcpy(static_cast<void*>(&event), record + sizeof(RecordHeader), sizeof event);
  RecordReader texts(record + sizeof(RecordHeader) + sizeof event);
  ForEachText(event, [&](std::string_view& text) { text = texts.Next(); });
  fields.clear();
  const auto count = texts.Value<std::uint32_t>();
  for (std::uint32_t i = 0; i < count; ++i) {
    DecodedField field;
    field.id = texts.Value<BufferId>();
    field.direction = texts.Value<Direction>();
    field.key = texts.Next();
    field.value = texts.Next();
    fields.push_back(field);
  }
  return event;
}

}  // namespace weir
