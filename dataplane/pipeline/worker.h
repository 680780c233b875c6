#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataplane/core/frame.h"
#include "dataplane/core/port_side.h"
#include "dataplane/packet/defrag.h"
#include "dataplane/pipeline/generation.h"
#include "dataplane/pipeline/settings.h"
#include "dataplane/telemetry/counters.h"
#include "dataplane/telemetry/event_ring.h"
#include "dataplane/telemetry/flow_summary.h"

namespace weir {

class DnsExchange;

// Frames handed to Process at once, at most.
inline constexpr std::size_t kBurst = 32;

// A frame of our own making: a reset or an ICMP error.
struct InjectedFrame {
  std::vector<std::byte> bytes;
  PortId in_port{};   // of the packet it answers
  bool back = false;  // true: leaves by in_port; false: by the pair's other port
  LinkType link = LinkType::kEthernet;
  Timestamp time{};
};

// What became of a burst. The caller transmits in this order: forward, injected;
// copies `mirror` before it frees anything; frees `dropped` and `released`. Each input
// frame is in exactly one of forward and dropped, or held by the worker (fragments):
// held as it is, or, with defrag.copy_held, as a copy (FrameRef::copied) that later
// stands in forward or dropped in the place of the frame that was released.
struct BurstOutput {
  std::vector<FrameRef> forward;
  std::vector<FrameRef> released;
  std::vector<DroppedFrame> dropped;
  std::vector<FrameRef> mirror;  // of frames that also stand in forward or dropped
  std::vector<InjectedFrame> injected;
  void Clear() noexcept {
    forward.clear();
    released.clear();
    dropped.clear();
    mirror.clear();
    injected.clear();
  }
};

// One worker: the five stages of a packet's life over its own flow table, pools,
// nDPI module and Hyperscan scratch. It does no I/O: ports (run) and captures
// (replay) feed it and carry out what it says. One thread.
class Worker {
 public:
  // `events` must outlive the worker and may be nullptr (no events). `seed`:
  // secret in `run`, derived from the input in `replay`; it also starts flow ids.
  static Result<std::unique_ptr<Worker>> Create(WorkerId id, const EngineSettings& settings,
                                                std::shared_ptr<const Generation> generation, EventRing* events,
                                                std::array<std::uint64_t, 2> seed);
  ~Worker();

  // At most kBurst frames. Appends to `out`. Frames of the burst are judged in order.
  void Process(std::span<const FrameRef> frames, BurstOutput& out);
  // Timers: expired flows, `most` at a time, and fragments. Call at least once a second of
  // worker time, and again while it returns true: more flows are due, or the events' ring is crowded and
  // they wait for its writer, a second at most.
  bool Tick(Timestamp now, BurstOutput& out, std::size_t most = SIZE_MAX);
  // Ends all flows (events, reason shutdown) and gives back everything held.
  void Finish(Timestamp now, BurstOutput& out);

  // A frame of `forward` that the driver would not take: moves its count to tx_full.
  void CountTxFull(const FrameRef& frame) noexcept;
  void CountMirror(bool sent) noexcept;
  // A frame of `injected` that did not leave.
  void CountInjectedLost() noexcept;
  // What it took to receive, judge and send a burst.
  void CountBusy(std::uint64_t cycles) noexcept;

  // Each flow that ends is told to `summary` too. Must outlive the worker.
  void ObserveFlows(FlowSummary* summary) noexcept;

  // What events call the ports, by PortId; before the first frame. Without it: no in_iface.
  void NamePorts(std::vector<std::string> names);

  // The side of each port, by PortId; before the first frame. A packet of an undecided flow
  // that comes from the side where its source is not is a wrong_side exception. Without it,
  // as in replay, sides are not known and none is.
  void SetPortSides(std::vector<PortSide> sides);

  // What this worker learns from DNS the others learn too; before the first frame. The exchange
  // is for as many workers as there are; this one is WorkerId of them.
  void ShareDns(std::shared_ptr<DnsExchange> exchange) noexcept;

  // Publishes a new generation to this worker; takes effect with the next burst.
  // Called on the worker's thread.
  void SetGeneration(std::shared_ptr<const Generation> generation);

  [[nodiscard]] const WorkerCounters& counters() const noexcept;

 private:
  struct State;  // dataplane/pipeline/worker_state.h
  Worker();
  std::unique_ptr<State> state_;
};

}  // namespace weir
