#pragma once
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "classifiers/dns_memory.h"
#include "dataplane/packet/craft.h"
#include "dataplane/pipeline/decision_table.h"
#include "dataplane/pipeline/flow_state.h"
#include "dataplane/pipeline/handle_pool.h"
#include "dataplane/pipeline/worker.h"

namespace weir {

// One packet between the stages: its view, the frames that go where it goes (one,
// or the fragments it came in) and the flow it belongs to.
struct Item {
  PacketView view;
  FlowRecord* flow = nullptr;
  std::span<const FrameRef> frames;
  SoughtFlow* sought = nullptr;  // in the batch
  bool reversed = false;         // sent by the key's high endpoint

  [[nodiscard]] const FlowKey& key() const noexcept { return sought->key; }
  [[nodiscard]] const FrameRef& frame() const noexcept { return frames.front(); }
};

// The packets of a burst. An item is not cleared before it is used again: who adds one
// fills in `view` and `frames`, the look-up the rest.
class Batch {
 public:
  Batch() noexcept {
    for (std::size_t i = 0; i < kBurst; ++i) items_[i].sought = &sought_[i];
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  [[nodiscard]] Item& Add() noexcept { return items_[size_++]; }
  [[nodiscard]] const Item& RemoveLast() noexcept { return items_[--size_]; }
  void Clear() noexcept { size_ = 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] Item& operator[](std::size_t i) noexcept { return items_[i]; }
  [[nodiscard]] std::span<SoughtFlow> sought(std::size_t from, std::size_t to) noexcept {
    return {sought_.data() + from, sought_.data() + to};
  }

 private:
  std::array<SoughtFlow, kBurst> sought_;
  std::array<Item, kBurst> items_;
  std::size_t size_ = 0;
};

// The inside of a Worker. Each group of functions is one stage in its own file;
// a packet goes through them from top to bottom (dataplane/README.md).
struct Worker::State {
  WorkerId id{};
  EngineSettings settings;
  std::shared_ptr<const Generation> generation;
  std::uint32_t epoch = 1;  // grows with each generation and policy edge
  Timestamp next_edge{INT64_MAX};
  EventRing* events = nullptr;
  Timestamp crowded_since{};        // the events' ring; {}: it is not
  bool fingerprints_wanted = true;  // by the configuration
  FlowSummary* summary = nullptr;
  WorkerCounters counters;
  std::unique_ptr<FlowTable> flows;
  std::array<std::int64_t, kTriggerCount> told_us = NeverTold();  // exceptions of no flow: last event
  std::size_t reclaim_cursor = 0;
  std::uint32_t tombstones = 0;
  std::size_t ndpi_flow_bytes = 0;
  std::unique_ptr<Defragmenter> defrag;
  std::unique_ptr<Matcher> matcher;
  std::unique_ptr<NdpiModule> ndpi;
  HandlePool<UndecidedFlow> undecided;
  HandlePool<ColdFlow> cold;
  DecisionTable decisions;
  std::unique_ptr<DnsMemory> dns;
  std::shared_ptr<DnsExchange> dns_exchange;  // nullptr: a single worker
  Batch batch;
  std::array<std::uint64_t, 2> seed{};
  std::vector<RuleMatch> matches;
  struct AlertDue {
    const RuleInfo* rule;
    TxId tx;
  };
  std::vector<AlertDue> alerts_due;  // of the packet at hand: written once it is known what becomes of it
  std::vector<DroppedFrame> defrag_dropped;
  std::vector<std::string> port_names;  // by PortId; what it lacks has no in_iface
  std::vector<PortSide> port_sides;     // by PortId; what it lacks is kUnknown
  Timestamp now{};

  // 1 parse (stage_parse.cc)
  // Time is each frame's own: what happens to a flow does not depend on who shares its burst.
  void Advance(Timestamp time) noexcept {
    if (time <= now) return;
    now = time;
    if (now >= next_edge) CrossEdge();
  }
  void CrossEdge() noexcept;
  [[nodiscard]] bool EventsAreCrowded() noexcept;
  void ReadFingerprintsFor(const RuleSet& rules) noexcept;
  [[nodiscard]] ParseOptions OptionsOf(const FrameRef& frame) const noexcept {
    ParseOptions options = settings.parse;
    options.verify_checksums = options.verify_checksums && !frame.sums_vouched;
    return options;
  }
  void ParseBurst(std::span<const FrameRef> frames, BurstOutput& out);
  void ParseOne(const FrameRef& frame, BurstOutput& out);
  void ParseOther(const FrameRef& frame, DropReason defect, BurstOutput& out);
  void Reassemble(const FrameRef& frame, const PacketView& view, BurstOutput& out);

  // 2 look-up (stage_lookup.cc)
  // As soon as a packet is parsed. Keys are hashed and their buckets fetched four at a time; those before have
  // theirs by then.
  static constexpr std::size_t kTogether = 4;
  void BeginLookup(Item& item) noexcept {
    item.reversed = WriteKey(item.view, settings.key_has_vlan, item.sought->key);
    const std::size_t n = batch.size();
    if (n % kTogether != 0) return;
    flows->Begin(batch.sought(n - kTogether, n));
    if (n > kTogether) flows->Probe(batch.sought(n - 2 * kTogether, n - kTogether));
  }
  void RunBatch(BurstOutput& out);
  // Decided, and nothing about this packet can change that.
  void RunFast(const Item& item, BurstOutput& out) {
    const FlowRecord& flow = *item.flow;
    const bool plain = !Stops(flow.action) && flow.mirror == 0 && !settings.mirror_pending && item.frames.size() == 1;
    if (plain) [[likely]]
      return Forward(item.frame(), out);
    Emit(item, Stops(flow.action) ? DropReason::kPolicy : DropReason::kNone, out);
  }
  void RunSlow(Item& item, BurstOutput& out);
  [[nodiscard]] bool FromWrongSide(const Item& item) const noexcept;
  [[nodiscard]] PortSide SideOf(const FrameRef& frame) const noexcept;
  bool Reopen(Item& item);
  void RunDecided(Item& item, BurstOutput& out);
  void RejectAgain(const Item& item, BurstOutput& out);
  void Count(const Item& item) noexcept {
    FlowRecord& flow = *item.flow;
    const std::size_t direction = Index(DirectionOf(flow, item.reversed));
    std::uint64_t bytes = item.frame().len;
    for (const FrameRef& more : item.frames.subspan(1)) bytes += more.len;
    flow.packets[direction] += static_cast<std::uint32_t>(item.frames.size());
    flow.bytes[direction] += bytes;
    flows->Touch(flow, now);
  }
  FlowRecord* Create(const Item& item);
  [[nodiscard]] std::uint64_t FlowIdOf(const FlowKey& key, Timestamp time) const noexcept;
  FlowRecord* MakeRoom(const Item& item);
  void WithoutRecord(Item& item, BurstOutput& out);
  void StartUndecided(FlowRecord& flow);

  // A SYN on a known tuple (reuse.cc)
  void NoteSyn(const Item& item);
  enum class Reuse : std::uint8_t { kNone, kOpens, kUnconfirmed };
  [[nodiscard]] Reuse ReuseOf(const Item& item);
  bool OpenAnew(Item& item);

  // 3 inspect (stage_inspect.cc, stage_rules.cc)
  struct Ruling {
    DropReason drop = DropReason::kNone;  // of this packet
    bool restarts = false;                // a SYN that opens a new connection on this tuple
    bool changed = false;                 // the label or a rule's action changed: decide
    Action by_rule = Action::kPending;    // a matched rule's own action
    RuleId sid{};
    bool negotiate = false;              // answer with the QUIC versions that can be read
    std::uint32_t receiver_expects = 0;  // the sequence number that the receiver of this packet waits for
  };
  Ruling Inspect(Item& item);
  void InspectSegment(Item& item, UndecidedFlow& state, Ruling& ruling);
  void MatchPayload(Item& item, Direction direction, Bytes bytes, bool stream);
  static void KeepHead(UndecidedFlow& state, Direction direction, Bytes bytes, std::size_t most);
  void MatchHeads(FlowRecord& flow, UndecidedFlow& state, Direction direction, std::size_t depth);
  void InspectBytes(Item& item, Direction direction, Bytes bytes, bool stream, Ruling& ruling);
  void MatchNewFields(Item& item, Direction direction, Ruling& ruling);
  void ApplyMatches(Item& item, Ruling& ruling);
  void AskPayload(Item& item, Direction direction, Bytes bytes, bool stream, Ruling& ruling);
  void OfferPayload(FlowRecord& flow, UndecidedFlow& state, const PayloadFind& find, Ruling& ruling);
  void AskNdpi(Item& item, Direction direction, Bytes bytes, bool stream, Ruling& ruling);
  void OfferNdpi(FlowRecord& flow, UndecidedFlow& state, const NdpiVoice& voice, bool guess, Ruling& ruling);
  void OfferName(FlowRecord& flow, UndecidedFlow& state, BufferId buffer, std::string_view name, Ruling& ruling);
  void LearnDns(const FlowRecord& flow, UndecidedFlow& state, Direction direction);
  void OfferDns(FlowRecord& flow, UndecidedFlow& state, Ruling& ruling);
  void OfferCertificate(FlowRecord& flow, UndecidedFlow& state, const Metadata::Field& field, Ruling& ruling);
  void OfferFact(FlowRecord& flow, UndecidedFlow& state, const Knowledge::Fact& fact, BufferId buffer,
                 std::string_view value, Ruling& ruling);
  void OfferAddress(FlowRecord& flow, UndecidedFlow& state, Confidence at_least, Ruling& ruling);
  void CountWork(Item& item, std::size_t bytes, Ruling& ruling);
  void TakeReaderEvents(Item& item, const Inspection& inspection, Ruling& ruling);
  void Offer(FlowRecord& flow, UndecidedFlow& state, const Classification& candidate, Ruling& ruling);

  // Budgets (exceptions.cc)
  [[nodiscard]] bool Simulated(const FrameRef& frame, ExceptionTrigger trigger) const noexcept;
  void Exceed(const Item& item, ExceptionTrigger trigger, DropReason reason, Ruling& ruling);
  void CountException(FlowRecord& flow, std::uint64_t number, ExceptionTrigger trigger);
  void CountWithoutFlow(const FrameRef& frame, const PacketView& view, ExceptionTrigger trigger);
  void PushException(const EventHead& head, std::uint64_t number, ExceptionTrigger trigger);
  static constexpr std::array<std::int64_t, kTriggerCount> NeverTold() noexcept {
    std::array<std::int64_t, kTriggerCount> never{};
    never.fill(INT64_MIN / 2);
    return never;
  }

  // Memory and time (memory.cc)
  [[nodiscard]] std::size_t MemoryOf(const UndecidedFlow& state) const noexcept;
  void Recount(FlowRecord& flow) noexcept;
  void Reclaim(const FlowRecord* spared);
  [[nodiscard]] bool OverMemory(const Item& item);
  bool StaysAfterTimeout(FlowRecord& flow);

  // 4 decide (stage_decide.cc)
  void Decide(Item& item, const Ruling& ruling);
  void Rejudge(FlowRecord& flow);
  void Settle(FlowRecord& flow, const Decision& decision);
  [[nodiscard]] bool MayStillLearn(const FlowRecord& flow, UndecidedFlow& state) const;
  void LastGuess(FlowRecord& flow, UndecidedFlow& state);
  void ReleaseUndecided(FlowRecord& flow);

  // 5 transmit (stage_transmit.cc)
  void Emit(const Item& item, DropReason drop, BurstOutput& out);
  void Forward(const FrameRef& frame, BurstOutput& out) {
    ++counters.forwarded_packets;
    counters.forwarded_bytes += frame.len;
    out.forward.push_back(frame);
  }
  void Drop(const FrameRef& frame, DropReason reason, BurstOutput& out);
  void Negotiate(const Item& item, BurstOutput& out);
  void Inject(const Item& item, std::vector<std::byte> bytes, bool back, BurstOutput& out);
  void Reject(const Item& item, std::uint32_t receiver_expects, BurstOutput& out);
  void TakeDefragDropped(BurstOutput& out);

  // Events and the end of flows (flow_events.cc)
  void EndFlow(FlowRecord& flow, FlowEnd reason);
  void WriteAlerts(const Item& item, bool blocked);
  void WriteAlert(const Item& item, const RuleInfo& rule, bool blocked, TxId tx);
  void WriteDrop(const Item& item, DropReason reason);
  void WriteProtocolEvents(const FlowRecord& flow, UndecidedFlow& state, TxId below);
  [[nodiscard]] EventHead HeadOf(const FlowRecord& flow, Direction direction);
  [[nodiscard]] WeirLabel LabelOf(const FlowRecord& flow);
  [[nodiscard]] FlowView ViewOf(const FlowRecord& flow, Direction direction) const;

  [[nodiscard]] static Direction DirectionOf(const FlowRecord& flow, bool reversed) noexcept {
    return reversed == static_cast<bool>(flow.client_is_high) ? Direction::kToServer : Direction::kToClient;
  }
};

}  // namespace weir
