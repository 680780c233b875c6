#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/control/startup.h"
#include "dataplane/pipeline/worker.h"

namespace weir::test {

// A heap block of exactly these bytes, as the worker gets its frames.
[[nodiscard]] std::unique_ptr<std::byte[]> Copy(Bytes bytes);

// Feeds one worker with frames, each in a heap block of exactly its bytes that is freed the
// moment the worker gives the frame back, and keeps account of them. What does not add up
// ends the process (`Defect`): a frame given back twice or never, bytes changed on the way
// (but for URG that was cleared), counters that differ from the frames.
class Feeder {
 public:
  // `number`s of frames and times are the feeder's own; `events`: keep EVE lines.
  Feeder(const EngineSettings& settings, std::shared_ptr<const Generation> generation, bool events);
  ~Feeder();

  // Queues a frame for the next burst; a full burst is processed.
  void Add(Bytes bytes, LinkType link);
  void Burst();                      // processes what is queued
  void Wait(std::int64_t us);        // Burst, then time goes on and timers run
  void Finish();                     // Burst, ends all flows; nothing may be held then
  void BurstOf(std::size_t frames);  // bursts of that many, 1..kBurst

  // What became of each frame in the order they were added: a DropReason's name, "forwarded".
  [[nodiscard]] const std::vector<std::string_view>& fates() const noexcept { return fates_; }
  [[nodiscard]] const std::string& events() const noexcept { return event_lines_; }
  [[nodiscard]] const WorkerCounters& counters() const noexcept { return worker_->counters(); }

 private:
  struct Owned;
  void Deliver();
  void TakeBack(const FrameRef& frame, std::string_view fate, bool forwarded);
  void CheckInjected() const;
  void CheckCounters() const;
  void DrainEvents();

  std::unique_ptr<EventRing> ring_;
  std::unique_ptr<Worker> worker_;
  std::map<const void*, std::unique_ptr<Owned>> out_there_;
  std::vector<FrameRef> queued_;
  std::vector<std::string_view> fates_;
  std::string event_lines_;
  BurstOutput out_;
  Timestamp now_{1'800'000'000'000'000};
  std::size_t burst_ = kBurst;
  std::uint64_t returned_ = 0;
  bool keep_events_ = false;
};

}  // namespace weir::test
