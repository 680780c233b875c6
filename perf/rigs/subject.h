#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataplane/control/startup.h"
#include "dataplane/pipeline/worker.h"
#include "dataplane/telemetry/event_ring.h"
#include "perf/support/traffic.h"

namespace weir::perf {

// The connections that new flows take in turn: frames of the same steps, all of which must leave.
struct NewTls {
  std::vector<std::vector<Pattern>> talks;
  std::vector<bool> alerts;  // by talk: a rule tells of it

  [[nodiscard]] std::size_t Of(std::uint32_t flow) const noexcept { return flow * 2654435761u % talks.size(); }
};
// Whole TLS 1.3 handshakes for `names`, 11 frames a connection, IPv4 and IPv6.
[[nodiscard]] NewTls MakeNewTls(std::span<const std::string> names);

// A worker with flows that passed, its clock, buffers that are stamped and used again, and a reader that throws its
// events away. One thread. A turn returns CPU ns of this thread an item (stamping included; with `judge` false nothing
// but stamping).
class Subject {
 public:
  // `spare`: new flows that a turn may open. Null: no worker, or not all of the flows passed.
  static std::unique_ptr<Subject> Create(const Startup& startup, std::uint32_t flows, std::uint32_t spare);

  // `frames` of the flows that passed, each direction, flows picked at random; `length` on the wire with FCS.
  double Established(std::size_t frames, std::size_t length, bool judge);
  // `count` whole connections, 32 at a time step by step; per connection.
  double NewFlows(std::uint32_t count, const NewTls& tls, bool judge);
  // Of `frames` at 64 bytes of the flows that passed, a share of `permille` is instead the first seven of a new
  // connection, up to where it has its verdict and the worker keeps nothing of it; 32 such connections at a time. Per
  // frame.
  double Mixed(std::size_t frames, unsigned permille, const NewTls& tls, bool judge);

  // Empty: each frame left, each alert was told, no event was lost, nothing was kept of Mixed's new connections.
  [[nodiscard]] std::string Defect() const;
  // Growth of RSS while the worker was made and its flows passed, by flow.
  [[nodiscard]] double flow_bytes() const noexcept { return flow_bytes_; }
  [[nodiscard]] std::uint32_t flows() const noexcept { return flows_; }

 private:
  Subject();
  void Judge(std::size_t count);
  void Drain();
  void Expire();
  void PassFlows();
  void StampTo(std::size_t at, const Pattern& pattern, std::uint32_t flow);
  [[nodiscard]] std::uint32_t NextNew() noexcept;

  Stamper stamper_{kBurst};
  EventRing events_;
  std::unique_ptr<Worker> worker_;
  BurstOutput out_;
  std::array<FrameRef, kBurst> burst_;
  Timestamp now_{1'800'000'000'000'000};
  std::uint32_t flows_ = 0, next_ = 0;
  std::uint64_t bursts_ = 0, sent_ = 0, early_ = 0, alerts_ = 0, random_ = 0x9e3779b97f4a7c15u;
  double flow_bytes_ = 0;
};

}  // namespace weir::perf
