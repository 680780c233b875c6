#include "dataplane/telemetry/event_ring.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <thread>

#include "dataplane/telemetry/event_codec.h"

namespace weir {
namespace {

constexpr std::size_t kMaxMetadata = 16;

constexpr std::size_t RoundUp(std::size_t n) { return (n + 7) & ~std::size_t{7}; }

std::size_t TextSize(std::string_view text) { return sizeof(std::uint32_t) + text.size(); }

class RecordWriter {
 public:
  explicit RecordWriter(std::byte* at) : at_(at) {}
  void Add(std::string_view text) noexcept {
    Value(static_cast<std::uint32_t>(text.size()));
    if (text.empty()) return;  // its data() may be null
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  template <class T>
  void Value(T value) noexcept {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }

 private:
  std::byte* at_;
};

// What rules may ask of a head and no event shows.
constexpr bool IsWritten(BufferId id) noexcept {
  return id != BufferId::kHttpHeader && id != BufferId::kHttpHostRaw && id != BufferId::kHttpUriRaw;
}

// What goes behind the struct, by event: `use` is called with each field.
template <class Event, class Use>
void ForEachField(const Event&, Use) {}
template <class Use>
void ForEachField(const AlertEvent& event, Use use) {
  for (std::size_t i = 0; i < std::min(event.metadata_count, kMaxMetadata); ++i) {
    use(DecodedField{{}, {}, event.metadata[i].first, event.metadata[i].second});
  }
}
template <class Use>
void ForEachField(const ProtocolEvent& event, Use use) {
  for (std::size_t i = 0; i < event.metadata->size(); ++i) {
    const Metadata::Field& field = event.metadata->field(i);
    if (field.tx == event.tx && IsWritten(field.id))
      use(DecodedField{field.id, field.direction, {}, event.metadata->value(field)});
  }
}

template <class Event>
bool PushEvent(EventRing::State& ring, EventType type, Event event) noexcept {
  std::size_t size = sizeof(RecordHeader) + sizeof event + sizeof(std::uint32_t);
  std::uint32_t count = 0;
  ForEachText(event, [&](std::string_view text) { size += TextSize(text); });
  ForEachField(event, [&](const DecodedField& f) {
    ++count;
    size += 2 + TextSize(f.key) + TextSize(f.value);
  });
  size = RoundUp(size);
  std::byte* at = size <= ring.mask / 4 ? ring.Reserve(static_cast<std::uint32_t>(size)) : nullptr;
  while (at == nullptr && ring.mode == EventRing::Mode::kLossless && size <= ring.mask / 4) {
    std::this_thread::sleep_for(std::chrono::microseconds(50));  // the writer needs the CPU more than we do
    at = ring.Reserve(static_cast<std::uint32_t>(size));
  }
  if (at == nullptr) {
    ring.lost.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  const RecordHeader header{static_cast<std::uint32_t>(size), type};
  std::memcpy(at, &header, sizeof header);
  std::memcpy(at + sizeof header, static_cast<const void*>(&event), sizeof event);
  RecordWriter texts(at + sizeof header + sizeof event);
  ForEachText(event, [&](std::string_view text) { texts.Add(text); });
  texts.Value(count);
  ForEachField(event, [&](const DecodedField& f) {
    texts.Value(f.id);
    texts.Value(f.direction);
    texts.Add(f.key);
    texts.Add(f.value);
  });
  ring.Publish(static_cast<std::uint32_t>(size));
  ring.pushed.fetch_add(1, std::memory_order_relaxed);
  return true;
}

}  // namespace

EventRing::State::State(std::size_t size, Mode m)
    : mode(m), mask(std::bit_ceil(std::max<std::size_t>(size, 4096)) - 1), bytes(new std::byte[mask + 1]) {}

std::byte* EventRing::State::Reserve(std::uint32_t size) noexcept {
  const std::size_t capacity = mask + 1;
  std::uint64_t at = written.load(std::memory_order_relaxed);
  const std::size_t to_end = capacity - (at & mask);
  const std::size_t pad = to_end < size ? to_end : 0;
  if (at + pad + size - read_seen > capacity) {
    read_seen = read.load(std::memory_order_acquire);
    if (at + pad + size - read_seen > capacity) return nullptr;
  }
  if (pad != 0) {
    const RecordHeader skip{static_cast<std::uint32_t>(pad), EventType::kPad};
    std::memcpy(&bytes[at & mask], &skip, sizeof skip);
    written.store(at + pad, std::memory_order_release);
    at += pad;
  }
  return &bytes[at & mask];
}

void EventRing::State::Publish(std::uint32_t size) noexcept {
  written.store(written.load(std::memory_order_relaxed) + size, std::memory_order_release);
}

const std::byte* EventRing::State::Front() noexcept {
  const std::uint64_t end = written.load(std::memory_order_acquire);
  for (std::uint64_t at = read.load(std::memory_order_relaxed); at != end;) {
    const std::byte* record = &bytes[at & mask];
    RecordHeader header;
    std::memcpy(&header, record, sizeof header);
    if (header.type != EventType::kPad) return record;
    at += header.size;
    read.store(at, std::memory_order_release);
  }
  return nullptr;
}

void EventRing::State::Pop() noexcept {
  const std::uint64_t at = read.load(std::memory_order_relaxed);
  RecordHeader header;
  std::memcpy(&header, &bytes[at & mask], sizeof header);
  read.store(at + header.size, std::memory_order_release);
}

EventRing::EventRing(std::size_t bytes, Mode mode) : state_(std::make_unique<State>(bytes, mode)) {}
EventRing::~EventRing() = default;

bool EventRing::Push(const FlowEvent& event) noexcept { return PushEvent(*state_, EventType::kFlow, event); }
bool EventRing::Push(const AlertEvent& event) noexcept { return PushEvent(*state_, EventType::kAlert, event); }
bool EventRing::Push(const DropEvent& event) noexcept { return PushEvent(*state_, EventType::kDrop, event); }
bool EventRing::Push(const ProtocolEvent& event) noexcept { return PushEvent(*state_, EventType::kProtocol, event); }
bool EventRing::Push(const ExceptionEvent& event) noexcept { return PushEvent(*state_, EventType::kException, event); }

bool EventRing::crowded() const noexcept {
  const State& s = *state_;
  if (s.mode == Mode::kLossless) return false;
  return s.written.load(std::memory_order_relaxed) - s.read.load(std::memory_order_acquire) > s.mask / 2;
}

std::uint64_t EventRing::pushed() const noexcept { return state_->pushed.load(std::memory_order_relaxed); }
std::uint64_t EventRing::lost() const noexcept { return state_->lost.load(std::memory_order_relaxed); }

}  // namespace weir
