#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/io/frame_pool.h"
#include "dataplane/io/handoff.h"
#include "dataplane/io/port.h"
#include "dataplane/io/run_clock.h"
#include "dataplane/pipeline/steering.h"
#include "dataplane/pipeline/worker.h"

namespace weir {

// The ports of all pairs as the packet path sees them.
struct Ports {
  std::vector<Port*> all;        // each port of each pair once
  std::array<Port*, 64> peer{};  // by PortId: where a frame that came in there goes out
  Port* mirror = nullptr;        // nullptr: none, mirrored frames are counted as dropped there
  FramePool* pool = nullptr;
};

// Given to a running worker from another thread: a generation, taken over with the
// next burst. One sender.
class GenerationMail {
 public:
  void Send(std::shared_ptr<const Generation> generation);
  // nullptr: nothing new. Costs a load while nothing is.
  [[nodiscard]] std::shared_ptr<const Generation> Take() noexcept;
  ~GenerationMail() { delete next_.load(); }

 private:
  std::atomic<std::shared_ptr<const Generation>*> next_{nullptr};
};

// One worker between its queues: receive, Process, transmit, until told to stop and
// nothing more comes; then gives back all it holds. One thread, registered (io/eal.h).
class Loop {
 public:
  // `handoff`: its frames come from there instead of from receive queue `queue` of
  // each port. Everything named here outlives the loop. `idle_sleep_us` 0: never sleeps.
  Loop(Worker& worker, const Ports& ports, QueueId queue, Handoff* handoff, std::uint32_t idle_sleep_us)
      : worker_(worker), ports_(ports), queue_(queue), handoff_(handoff), idle_sleep_us_(idle_sleep_us) {}

  // After `stop` it goes on until a round brings nothing, kDrainUs at most.
  void Run(const std::atomic<bool>& stop);

  GenerationMail mail;  // of this loop

  static constexpr std::int64_t kDrainUs = 200'000;
  static constexpr std::int64_t kTickUs = 100'000;

 private:
  [[nodiscard]] std::size_t Round(Timestamp now);
  void Carry();  // out what the worker says
  void SendMirror();
  void SendForward();
  void SendMixed();    // copies among them, or of several ports
  void Materialise();  // copies in `forward` become frames of the pool again
  void Send(Port& out, std::span<const FrameRef> frames);
  void SendInjected();
  void Idle() noexcept;

  Worker& worker_;
  const Ports& ports_;
  QueueId queue_;
  Handoff* handoff_;
  std::uint32_t idle_sleep_us_;
  std::uint32_t idle_rounds_ = 0;
  bool due_ = false;  // flows have expired and are not ended yet
  RunClock clock_;
  std::array<FrameRef, kBurst> received_;
  BurstOutput out_;
  std::vector<FrameRef> batch_;
};

// Receives from all queues of all ports and deals each frame to its owner: for
// drivers without symmetric RSS. One thread, registered.
class Distributor {
 public:
  Distributor(const Ports& ports, std::vector<Handoff*> workers, const ParseOptions& parse, const DefragLimits& defrag,
              std::uint32_t idle_sleep_us)
      : ports_(ports),
        workers_(std::move(workers)),
        steering_(parse, defrag, workers_.size()),
        idle_sleep_us_(idle_sleep_us) {}
  // Until `stop` and a round brings nothing.
  void Run(const std::atomic<bool>& stop);
  // rx and dropped(handoff_full) of frames that no worker got; others are counted by their worker.
  [[nodiscard]] const WorkerCounters& counters() const noexcept { return counters_; }

 private:
  [[nodiscard]] std::size_t Round(Timestamp now);
  void HandOver();  // what was dealt

  const Ports& ports_;
  std::vector<Handoff*> workers_;
  Steering steering_;
  std::vector<Steering::Dealt> dealt_;
  std::uint32_t idle_sleep_us_;
  RunClock clock_;
  WorkerCounters counters_;
};

}  // namespace weir
