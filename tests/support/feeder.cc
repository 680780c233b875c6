#include "tests/support/feeder.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "dataplane/packet/parser.h"
#include "dataplane/telemetry/eve_format.h"

namespace weir::test {
namespace {

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "INVARIANT BROKEN: %s\n", what);
  std::abort();
}

}  // namespace

std::unique_ptr<std::byte[]> Copy(Bytes bytes) {
  std::unique_ptr<std::byte[]> copy(new std::byte[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), copy.get());
  return copy;
}

struct Feeder::Owned {
  std::unique_ptr<std::byte[]> bytes;
  std::unique_ptr<std::byte[]> original;

  // Unchanged, or a TCP header with URG cleared: flags, urgent pointer and checksum differ.
  [[nodiscard]] bool Unchanged(const FrameRef& frame) const {
    if (std::memcmp(bytes.get(), original.get(), frame.len) == 0) return true;
    PacketView view;
    if (Parse({original.get(), frame.len}, frame.link, {.verify_checksums = false}, view) != DropReason::kNone)
      return false;
    if (view.proto != kProtoTcp || (view.tcp_flags & kTcpUrg) == 0) return false;
    std::byte* was = original.get() + view.l4_off;
    const std::byte* is = bytes.get() + view.l4_off;
    was[13] &= static_cast<std::byte>(static_cast<std::uint8_t>(~kTcpUrg));
    std::memcpy(was + 16, is + 16, 2);
    StoreBe16(was + 18, 0);
    return std::memcmp(bytes.get(), original.get(), frame.len) == 0;
  }
};

Feeder::Feeder(const EngineSettings& settings, std::shared_ptr<const Generation> generation, bool events)
    : ring_(std::make_unique<EventRing>(std::size_t{1} << 20, EventRing::Mode::kLossy)), keep_events_(events) {
  auto made = Worker::Create(WorkerId{0}, settings, std::move(generation), ring_.get(), {1, 2});
  Require(made.has_value(), "a worker starts");
  worker_ = std::move(*made);
}
Feeder::~Feeder() = default;

void Feeder::BurstOf(std::size_t frames) { burst_ = frames; }

void Feeder::Add(Bytes bytes, LinkType link) {
  auto owned = std::make_unique<Owned>(Owned{Copy(bytes), Copy(bytes)});
  FrameRef frame;
  frame.data = owned->bytes.get();
  frame.len = static_cast<std::uint32_t>(bytes.size());
  frame.link = link;
  frame.time = now_;
  frame.handle = owned.get();
  fates_.emplace_back();
  frame.number = fates_.size();
  out_there_.emplace(owned.get(), std::move(owned));
  queued_.push_back(frame);
  if (queued_.size() >= burst_) Burst();
}

void Feeder::Burst() {
  if (queued_.empty()) return;
  worker_->Process(queued_, out_);
  queued_.clear();
  Deliver();
}

void Feeder::Wait(std::int64_t us) {
  Burst();
  now_.us += us;
  worker_->Tick(now_, out_);
  Deliver();
}

void Feeder::Finish() {
  Burst();
  worker_->Finish(now_, out_);
  Deliver();
  const WorkerCounters& c = counters();
  Require(out_there_.empty() && c.held_packets == 0, "nothing is held at the end");
  Require(c.flows_created == c.flows_ended, "each flow that began has ended");
}

void Feeder::Deliver() {
  for (const FrameRef& frame : out_.mirror)
    Require(out_there_.contains(frame.handle), "what is mirrored is given back in the same burst");
  CheckInjected();
  for (const FrameRef& frame : out_.forward) TakeBack(frame, "forwarded", true);
  for (const DroppedFrame& dropped : out_.dropped) TakeBack(dropped.frame, Name(dropped.reason), false);
  out_.Clear();
  CheckCounters();
  DrainEvents();
}

void Feeder::TakeBack(const FrameRef& frame, std::string_view fate, bool forwarded) {
  const auto at = out_there_.find(frame.handle);
  Require(at != out_there_.end(), "a frame is given back once");
  if (forwarded) Require(at->second->Unchanged(frame), "a frame goes on as it came");
  Require(fate != Name(DropReason::kNone), "a drop has a reason");
  fates_[frame.number - 1] = fate;
  out_there_.erase(at);
  ++returned_;
}

void Feeder::CheckInjected() const {
  for (const InjectedFrame& frame : out_.injected) {
    PacketView view;
    Require(Parse(frame.bytes, frame.link, {}, view) == DropReason::kNone, "what we send is well formed");
  }
}

void Feeder::CheckCounters() const {
  const WorkerCounters& c = counters();
  Require(c.rx_packets == c.forwarded_packets + c.dropped_total() + c.held_packets, "rx = forwarded + dropped + held");
  Require(c.rx_packets == returned_ + out_there_.size(), "and that is what was given");
  Require(c.held_packets == out_there_.size(), "what was not given back is held");
}

void Feeder::DrainEvents() {
  std::vector<DecodedField> fields;
  JsonBuffer line;
  while (const std::byte* record = ring_->state().Front()) {
    RecordHeader header;
    std::memcpy(&header, record, sizeof header);
    if (header.type == EventType::kFlow) FormatEve(Decode<FlowEvent>(record, fields), line);
    if (header.type == EventType::kDrop) FormatEve(Decode<DropEvent>(record, fields), line);
    if (header.type == EventType::kException) FormatEve(Decode<ExceptionEvent>(record, fields), line);
    if (header.type == EventType::kAlert) {
      const auto alert = Decode<AlertEvent>(record, fields);
      FormatEve(alert, fields, line);
    }
    if (header.type == EventType::kProtocol) {
      const auto protocol = Decode<ProtocolEvent>(record, fields);
      FormatEve(protocol, fields, line);
    }
    ring_->state().Pop();
  }
  if (keep_events_) event_lines_.append(line.data(), line.size());
}

}  // namespace weir::test
