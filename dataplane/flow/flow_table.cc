#include "dataplane/flow/flow_table.h"

#include <emmintrin.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>

#include "dataplane/flow/keyed_hash.h"

namespace weir {
namespace {

constexpr std::uint32_t kWheelSlots = 4096;  // one a second: longer timeouts go round again
constexpr std::uint32_t kNoTimer = 0;
constexpr std::uint32_t kQueueSteps = 64;  // records that Victim takes off a queue at most

// Seven entries and the number of those that found no room here and went on: one
// cache line a look-up unless a bucket overflowed.
struct alignas(64) Bucket {
  std::array<std::uint32_t, 7> tag{};
  std::uint32_t passed_on = 0;
  std::array<std::uint32_t, 7> slot{};  // 1-based record, 0: free
};
static_assert(sizeof(Bucket) == 64);

// The entries with this tag, a bit each; what was erased keeps its tag.
unsigned Tagged(const Bucket& bucket, std::uint32_t tag) noexcept {
  const __m128i wanted = _mm_set1_epi32(static_cast<int>(tag));
  const auto equal = [&](const void* four) {
    const __m128i tags = _mm_load_si128(static_cast<const __m128i*>(four));
    return static_cast<unsigned>(_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(tags, wanted))));
  };
  static_assert(offsetof(Bucket, tag) == 0 && offsetof(Bucket, passed_on) == 28);
  const auto* tags = reinterpret_cast<const char*>(&bucket);
  return (equal(tags) | equal(tags + 16) << 4) & 0x7f;
}

// Zeroed pages that cost nothing until they are touched: huge ones where the kernel has them, for
// neighbours in a table are never neighbours in time and each would need a translation of its own.
template <class T>
class Pages {
 public:
  ~Pages() {
    if (mapped_ != nullptr) munmap(mapped_, mapped_bytes_);
  }
  bool Map(std::size_t count) noexcept {
    constexpr std::size_t kHuge = std::size_t{2} << 20;
    std::size_t size = count * sizeof(T) + kHuge;
    void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return false;
    mapped_ = at;
    mapped_bytes_ = size;
    data_ = static_cast<T*>(std::align(kHuge, count * sizeof(T), at, size));
    count_ = count;
    (void)madvise(data_, count * sizeof(T), MADV_HUGEPAGE);  // advice: without it, the table is slower
    return true;
  }
  T& operator[](std::size_t i) noexcept { return data_[i]; }
  [[nodiscard]] std::size_t bytes() const noexcept { return count_ * sizeof(T); }

 private:
  void* mapped_ = nullptr;
  std::size_t mapped_bytes_ = 0;
  T* data_ = nullptr;
  std::size_t count_ = 0;
};

// Only one side was ever heard: its other side may not exist.
bool OneWay(const FlowRecord& flow) noexcept { return flow.packets[0] == 0 || flow.packets[1] == 0; }

// Unproven flows, oldest first. FlowRecord::queued says which of the two a flow stands in.
enum Queued : std::uint8_t { kUnqueued, kUnproven, kStopped };
bool Unproven(const FlowRecord& flow) noexcept { return flow.state == FlowState::kNew || OneWay(flow); }

struct Queue {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

}  // namespace

struct FlowTable::State {
  KeyedHash hasher;
  FlowTimeouts timeouts;
  std::uint32_t capacity = 0;
  std::uint32_t size = 0;
  std::uint32_t bucket_count = 0;
  std::uint32_t fresh = 1;      // records from here on were never used
  std::uint32_t free_list = 0;  // linked by timer_next
  std::uint32_t victim_cursor = 1;
  std::uint32_t drain_cursor = 1;
  Queue unproven_flows;         // those that no longer are go when they are met
  Queue stopped_flows;          // new and stopped: moved here when Victim meets them
  std::uint32_t due_chain = 0;  // what is left of the wheel slot that Expire is emptying
  std::int64_t wheel_s = -1;    // the last second whose slot was emptied; -1: not started
  Pages<FlowRecord> records;    // [1, capacity]
  Pages<Bucket> buckets;
  std::array<std::uint32_t, kWheelSlots> wheel{};

  [[nodiscard]] std::uint32_t IndexOf(const FlowRecord& flow) noexcept {
    return static_cast<std::uint32_t>(&flow - &records[0]);
  }
  [[nodiscard]] std::uint32_t Home(std::uint64_t hash) const noexcept {
    // Of any number of buckets: a power of two would be up to twice as many as are needed.
    return static_cast<std::uint32_t>((hash & 0xffffffff) * bucket_count >> 32);
  }
  [[nodiscard]] std::uint32_t After(std::uint32_t bucket) const noexcept {
    return bucket + 1 == bucket_count ? 0 : bucket + 1;
  }
  [[nodiscard]] static std::uint32_t TagOf(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 32);
  }

  explicit State(std::array<std::uint64_t, 2> seed) noexcept : hasher(seed) {}

  FlowRecord* Find(const FlowKey& key, std::uint64_t key_hash) noexcept;
  void IndexInsert(std::uint64_t hash, std::uint32_t slot) noexcept;
  void IndexErase(std::uint64_t hash, std::uint32_t slot) noexcept;
  [[nodiscard]] std::uint32_t TimeoutMs(const FlowRecord& flow) const noexcept;
  void Arm(std::uint32_t slot, std::int64_t now_ms) noexcept;
  void Link(std::uint32_t slot, std::uint32_t wheel_slot) noexcept;
  void Unlink(FlowRecord& flow) noexcept;
  [[nodiscard]] Queue& QueueOf(const FlowRecord& flow) noexcept;
  void Push(Queued which, std::uint32_t slot) noexcept;
  void Unqueue(FlowRecord& flow) noexcept;
  FlowRecord* Scan() noexcept;
};

FlowTable::FlowTable(std::array<std::uint64_t, 2> seed) : state_(std::make_unique<State>(seed)) {}
FlowTable::~FlowTable() = default;

Result<std::unique_ptr<FlowTable>> FlowTable::Create(std::uint32_t capacity, std::array<std::uint64_t, 2> seed,
                                                     const FlowTimeouts& timeouts) {
  if (capacity == 0 || capacity > 1u << 26) {
    return Fail(Errc::kInvalidArgument, "flow capacity " + std::to_string(capacity) + " is not in 1..67108864");
  }
  std::unique_ptr<FlowTable> made(new FlowTable(seed));
  State& s = *made->state_;
  s.timeouts = timeouts;
  s.capacity = capacity;
  s.bucket_count = capacity / 4 + 1;
  if (!s.records.Map(std::size_t{capacity} + 1) || !s.buckets.Map(s.bucket_count)) {
    return Fail(Errc::kExhausted, "no memory for " + std::to_string(capacity) + " flows");
  }
  return made;
}

FlowRecord* FlowTable::State::Find(const FlowKey& key, std::uint64_t key_hash) noexcept {
  for (std::uint32_t b = Home(key_hash);; b = After(b)) {
    const Bucket& bucket = buckets[b];
    for (unsigned tagged = Tagged(bucket, TagOf(key_hash)); tagged != 0; tagged &= tagged - 1) {
      const std::uint32_t slot = bucket.slot[static_cast<std::size_t>(std::countr_zero(tagged))];
      if (slot != 0 && records[slot].key == key) return &records[slot];
    }
    if (bucket.passed_on == 0) return nullptr;
  }
}

FlowRecord* FlowTable::Lookup(const FlowKey& key) noexcept { return state_->Find(key, state_->hasher.Of(key)); }

FlowRecord* FlowTable::Search(const FlowKey& key, std::uint64_t hash) noexcept { return state_->Find(key, hash); }

void FlowTable::Begin(std::span<SoughtFlow> several) noexcept {
  State& s = *state_;
  s.hasher.Fill(several);
  for (const SoughtFlow& each : several) __builtin_prefetch(&s.buckets[s.Home(each.hash)]);
}

void FlowTable::Probe(std::span<SoughtFlow> several) noexcept {
  State& s = *state_;
  for (SoughtFlow& each : several) {
    const Bucket& bucket = s.buckets[s.Home(each.hash)];
    const unsigned tagged = Tagged(bucket, State::TagOf(each.hash));
    // Record 0 stands for none: no flow has it.
    const std::uint32_t slot = tagged == 0 ? 0 : bucket.slot[static_cast<std::size_t>(std::countr_zero(tagged))];
    each.candidate = &s.records[slot];
    __builtin_prefetch(each.candidate, 1);
    __builtin_prefetch(&each.candidate->key);
  }
}

void FlowTable::State::IndexInsert(std::uint64_t hash, std::uint32_t slot) noexcept {
  // There is room: buckets hold 7 x (capacity / 4 + 1) entries at least.
  for (std::uint32_t b = Home(hash);; b = After(b)) {
    Bucket& bucket = buckets[b];
    const auto free = std::find(bucket.slot.begin(), bucket.slot.end(), 0u);
    if (free != bucket.slot.end()) {
      bucket.tag[static_cast<std::size_t>(free - bucket.slot.begin())] = TagOf(hash);
      *free = slot;
      return;
    }
    ++bucket.passed_on;
  }
}

void FlowTable::State::IndexErase(std::uint64_t hash, std::uint32_t slot) noexcept {
  for (std::uint32_t b = Home(hash);; b = After(b)) {
    Bucket& bucket = buckets[b];
    const auto at = std::find(bucket.slot.begin(), bucket.slot.end(), slot);
    if (at != bucket.slot.end()) {
      *at = 0;
      return;
    }
    --bucket.passed_on;
  }
}

FlowRecord* FlowTable::Insert(const FlowKey& key, Timestamp now) noexcept {
  State& s = *state_;
  if (s.size == s.capacity) return nullptr;
  std::uint32_t slot = s.free_list;
  if (slot != 0) {
    s.free_list = s.records[slot].timer_next;
  } else {
    slot = s.fresh++;
  }
  const std::uint64_t hash = s.hasher.Of(key);
  FlowRecord& flow = s.records[slot];
  flow = FlowRecord{};
  flow.key = key;
  flow.tag = State::TagOf(hash);
  flow.in_use = 1;
  Touch(flow, now);
  s.IndexInsert(hash, slot);
  s.Push(kUnproven, slot);
  ++s.size;
  if (s.wheel_s < 0) s.wheel_s = now.ms() / 1000;
  s.Arm(slot, now.ms());
  return &flow;
}

void FlowTable::Erase(FlowRecord* flow) noexcept {
  State& s = *state_;
  const std::uint32_t slot = s.IndexOf(*flow);
  s.IndexErase(s.hasher.Of(flow->key), slot);
  if (flow->timer_slot != kNoTimer) s.Unlink(*flow);
  if (flow->queued != kUnqueued) s.Unqueue(*flow);
  *flow = FlowRecord{};
  flow->timer_next = s.free_list;
  s.free_list = slot;
  --s.size;
}

void FlowTable::ChangeState(FlowRecord& flow, FlowState state, Timestamp now) noexcept {
  State& s = *state_;
  const std::uint32_t slot = s.IndexOf(flow);
  flow.state = state;
  if (flow.queued != kUnqueued && !Unproven(flow)) s.Unqueue(flow);
  // A longer timeout is noticed when the timer fires; a shorter one would be too late then.
  if (state < FlowState::kClosing || flow.timer_slot == kNoTimer) return;
  s.Unlink(flow);
  s.Arm(slot, now.ms());
}

Queue& FlowTable::State::QueueOf(const FlowRecord& flow) noexcept {
  return flow.queued == kUnproven ? unproven_flows : stopped_flows;
}

void FlowTable::State::Push(Queued which, std::uint32_t slot) noexcept {
  FlowRecord& flow = records[slot];
  flow.queued = which & 3u;
  flow.queued_ms = flow.last_seen_ms;
  Queue& queue = QueueOf(flow);
  flow.queue_prev = queue.last;
  flow.queue_next = 0;
  (queue.last != 0 ? records[queue.last].queue_next : queue.first) = slot;
  queue.last = slot;
}

void FlowTable::State::Unqueue(FlowRecord& flow) noexcept {
  Queue& queue = QueueOf(flow);
  (flow.queue_prev != 0 ? records[flow.queue_prev].queue_next : queue.first) = flow.queue_next;
  (flow.queue_next != 0 ? records[flow.queue_next].queue_prev : queue.last) = flow.queue_prev;
  flow.queue_next = flow.queue_prev = 0;
  flow.queued = kUnqueued;
}

FlowRecord* FlowTable::Victim() noexcept {
  State& s = *state_;
  for (std::uint32_t i = 0; s.unproven_flows.first != 0; ++i) {
    const std::uint32_t slot = s.unproven_flows.first;
    FlowRecord& flow = s.records[slot];
    const bool stopped = Stops(flow.action);
    const bool seen_again = flow.last_seen_ms != flow.queued_ms;
    if (Unproven(flow) && !stopped && (!seen_again || i >= kQueueSteps)) return &flow;
    if (i >= 2 * kQueueSteps) break;
    s.Unqueue(flow);
    if (stopped && flow.state == FlowState::kNew) s.Push(kStopped, slot);
    if (!stopped && Unproven(flow)) s.Push(kUnproven, slot);
  }
  if (s.stopped_flows.first != 0) return &s.records[s.stopped_flows.first];
  return s.unproven_flows.first != 0 ? nullptr : s.Scan();
}

// A part of the table at a time, so that all are looked at in turn.
FlowRecord* FlowTable::State::Scan() noexcept {
  FlowRecord* best = nullptr;
  const std::uint32_t scan = std::min(kVictimScan, capacity);
  for (std::uint32_t i = 0; i < scan; ++i) {
    FlowRecord& flow = records[victim_cursor];
    victim_cursor = victim_cursor == capacity ? 1 : victim_cursor + 1;
    if (flow.in_use == 0 || Stops(flow.action)) continue;
    const auto ends = [](const FlowRecord& f) { return f.state >= FlowState::kClosing; };
    const bool better =
        best == nullptr ||
        (ends(flow) != ends(*best) ? ends(flow)
                                   : static_cast<std::int32_t>(flow.last_seen_ms - best->last_seen_ms) < 0);
    if (better) best = &flow;
  }
  return best;
}

std::uint32_t FlowTable::State::TimeoutMs(const FlowRecord& flow) const noexcept {
  constexpr std::uint8_t kTcp = 6;
  constexpr std::uint8_t kUdp = 17;
  // That a stopped connection says it ends is no reason to forget that it is stopped.
  if (flow.key.proto == kTcp && flow.state != FlowState::kNew && Stops(flow.action)) return timeouts.tcp_established_ms;
  if (flow.key.proto == kTcp) {
    switch (flow.state) {
      case FlowState::kNew:
        return timeouts.tcp_new_ms;
      case FlowState::kEstablished:
        return OneWay(flow) ? timeouts.tcp_one_way_ms : timeouts.tcp_established_ms;
      case FlowState::kClosing:
        return timeouts.tcp_closing_ms;
      case FlowState::kClosed:
        return timeouts.tcp_closed_ms;
    }
  }
  if (flow.key.proto != kUdp) return timeouts.other_ms;
  return flow.state == FlowState::kNew ? timeouts.udp_new_ms : timeouts.udp_established_ms;
}

// Fires in the first whole second in which the flow may be idle for too long.
void FlowTable::State::Arm(std::uint32_t slot, std::int64_t now_ms) noexcept {
  const FlowRecord& flow = records[slot];
  const auto idle = static_cast<std::int64_t>(static_cast<std::uint32_t>(now_ms) - flow.last_seen_ms);
  const std::int64_t left_ms = std::max<std::int64_t>(0, std::int64_t{TimeoutMs(flow)} - idle);
  const std::int64_t ahead_s = std::clamp<std::int64_t>(left_ms / 1000 + 1, 1, kWheelSlots - 1);
  Link(slot, static_cast<std::uint32_t>((now_ms / 1000 + ahead_s) % kWheelSlots));
}

void FlowTable::State::Link(std::uint32_t slot, std::uint32_t wheel_slot) noexcept {
  FlowRecord& flow = records[slot];
  flow.timer_slot = wheel_slot + 1;
  flow.timer_prev = 0;
  flow.timer_next = wheel[wheel_slot];
  if (flow.timer_next != 0) records[flow.timer_next].timer_prev = slot;
  wheel[wheel_slot] = slot;
}

void FlowTable::State::Unlink(FlowRecord& flow) noexcept {
  if (flow.timer_prev != 0) {
    records[flow.timer_prev].timer_next = flow.timer_next;
  } else {
    (due_chain == IndexOf(flow) ? due_chain : wheel[flow.timer_slot - 1]) = flow.timer_next;
  }
  if (flow.timer_next != 0) records[flow.timer_next].timer_prev = flow.timer_prev;
  flow.timer_slot = kNoTimer;
  flow.timer_next = flow.timer_prev = 0;
}

std::size_t FlowTable::Expire(Timestamp now, std::span<FlowRecord*> out) noexcept {
  State& s = *state_;
  const std::int64_t now_s = now.ms() / 1000;
  if (s.wheel_s < 0 || out.empty()) return 0;
  // However far time jumped, each slot needs to be emptied once.
  s.wheel_s = std::max(s.wheel_s, now_s - std::int64_t{kWheelSlots});
  std::size_t n = 0;
  while (s.due_chain != 0 || s.wheel_s < now_s) {
    if (s.due_chain == 0) {
      // Taken off as a whole: what is armed again may come back to this very slot.
      ++s.wheel_s;
      std::swap(s.due_chain, s.wheel[static_cast<std::size_t>(s.wheel_s % kWheelSlots)]);
    }
    while (s.due_chain != 0) {
      if (n == out.size()) return n;
      FlowRecord& flow = s.records[s.due_chain];
      const std::uint32_t slot = s.due_chain;
      s.Unlink(flow);
      const std::uint32_t idle = static_cast<std::uint32_t>(now.ms()) - flow.last_seen_ms;
      if (idle < s.TimeoutMs(flow)) {
        s.Arm(slot, now.ms());
      } else {
        out[n++] = &flow;
      }
    }
  }
  return n;
}

void FlowTable::Keep(FlowRecord& flow, Timestamp now) noexcept {
  Touch(flow, now);
  state_->Arm(static_cast<std::uint32_t>(&flow - &state_->records[0]), now.ms());
}

std::size_t FlowTable::Drain(std::span<FlowRecord*> out) noexcept {
  State& s = *state_;
  std::size_t n = 0;
  for (; s.drain_cursor < s.fresh && n < out.size(); ++s.drain_cursor) {
    if (s.records[s.drain_cursor].in_use != 0) out[n++] = &s.records[s.drain_cursor];
  }
  if (n == 0) s.drain_cursor = 1;
  return n;
}

FlowTable::Spread FlowTable::MeasureSpread() const noexcept {
  State& s = *state_;
  Spread spread;
  for (std::uint32_t slot = 1; slot < s.fresh; ++slot) {
    if (s.records[slot].in_use == 0) continue;
    std::uint32_t read = 1;
    for (std::uint32_t b = s.Home(s.hasher.Of(s.records[slot].key));; b = s.After(b), ++read) {
      const Bucket& bucket = s.buckets[b];
      if (std::find(bucket.slot.begin(), bucket.slot.end(), slot) != bucket.slot.end()) break;
    }
    spread.buckets_read += read;
    spread.longest = std::max(spread.longest, read);
  }
  return spread;
}

std::uint32_t FlowTable::size() const noexcept { return state_->size; }
std::uint32_t FlowTable::capacity() const noexcept { return state_->capacity; }
std::size_t FlowTable::memory_bytes() const noexcept {
  return state_->records.bytes() + state_->buckets.bytes() + sizeof(State);
}

}  // namespace weir
