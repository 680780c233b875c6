#include "perf/rigs/subject.h"

#include <fmt/format.h>

#include "dataplane/telemetry/event_codec.h"
#include "perf/peers/handshakes.h"
#include "perf/rigs/measure.h"
#include "perf/support/heap.h"

namespace weir::perf {
namespace {

constexpr std::uint32_t kClients = 1u << 22;  // that the stamper tells apart
// SYN, SYN/ACK, ACK, hello, the server's flight of two segments, the client's that acknowledges it: the verdict stands
// at the fifth, and with the seventh the worker lets go of what it kept.
constexpr std::size_t kUndecided = 7;
constexpr std::int64_t kLongEnough = 61'000'000;  // us; tcp_closed, tcp_closing and tcp_new are over

// Frames of `length` on the wire, FCS included, or the least that a TCP segment takes.
std::array<std::vector<Pattern>, 2> OfLength(std::size_t length) {
  return {Established(false, length - 58), Established(true, length > 78 ? length - 78 : 0)};
}

// xorshift64: what picks a flow must cost next to nothing.
std::uint64_t Step(std::uint64_t& state) noexcept {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

std::uint32_t Below(std::uint64_t random, std::uint32_t bound) noexcept {
  return static_cast<std::uint32_t>((random >> 32) * bound >> 32);
}

}  // namespace

NewTls MakeNewTls(std::span<const std::string> names) {
  NewTls tls;
  std::uint32_t seed = 0;
  for (const std::string& name : names)
    for (const bool ipv6 : {false, true}) {
      if (const auto talk = MakeTalk(TlsVersion::k13, name, ++seed))
        tls.talks.push_back(TlsConnectionOf(ipv6, *talk, 1));
      tls.alerts.push_back(false);
    }
  return tls;
}

Subject::Subject() : events_(std::size_t{1} << 24, EventRing::Mode::kLossy) {}

std::unique_ptr<Subject> Subject::Create(const Startup& startup, std::uint32_t flows, std::uint32_t spare) {
  std::unique_ptr<Subject> made(new Subject);
  EngineSettings engine = startup.config.engine;
  engine.flow_capacity = flows + flows / 16 + spare + 1024;
  ReleaseHeap();  // what others freed would hide what this one takes
  const std::size_t before = ResidentBytes();
  auto worker = Worker::Create(WorkerId{0}, engine, startup.generation, &made->events_, {1, 2});
  if (!worker) return nullptr;
  made->worker_ = std::move(*worker);
  made->flows_ = made->next_ = flows;
  made->PassFlows();
  made->flow_bytes_ = static_cast<double>(ResidentBytes() - before) / std::max(flows, 1u);
  if (!made->Defect().empty()) return nullptr;
  return made;
}

void Subject::StampTo(std::size_t at, const Pattern& pattern, std::uint32_t flow) {
  burst_[at] = stamper_.Stamp(at, pattern, flow, now_);
}

void Subject::Drain() {
  while (events_.state().Front() != nullptr) events_.state().Pop();
}

void Subject::Judge(std::size_t count) {
  out_.Clear();
  worker_->Process({burst_.data(), count}, out_);
  sent_ += count;
  now_.us += 3;  // about 10 M frames a second
  if (++bursts_ % 1024 == 0) worker_->Tick(now_, out_);
  if (bursts_ % 64 == 0) Drain();
}

void Subject::PassFlows() {
  const std::array talk = {TlsConnection(false, "www.innocent.example"), TlsConnection(true, "www.innocent.example")};
  for (std::uint32_t flow = 0; flow < flows_; ++flow) {
    for (std::size_t i = 0; i < 8; ++i) StampTo(i, talk[flow % 2][i], flow);
    Judge(8);
  }
  Drain();
}

// What a turn left behind is gone before the next begins.
void Subject::Expire() {
  now_.us += kLongEnough;
  for (bool more = true; more; Drain()) {
    out_.Clear();
    more = worker_->Tick(now_, out_, 4096);
  }
}

std::uint32_t Subject::NextNew() noexcept {
  next_ = next_ + 1 < kClients ? next_ + 1 : flows_;
  return next_;
}

double Subject::Established(std::size_t frames, std::size_t length, bool judge) {
  const auto data = OfLength(length);
  const double start = CpuNs();
  for (std::size_t at = 0; at < frames; at += kBurst) {
    for (std::size_t i = 0; i < kBurst; ++i) {
      const std::uint64_t random = Step(random_);
      const std::uint32_t flow = Below(random, flows_);
      StampTo(i, data[flow % 2][random & 1], flow);
    }
    if (judge) Judge(kBurst);
  }
  return (CpuNs() - start) / static_cast<double>(frames);
}

double Subject::NewFlows(std::uint32_t count, const NewTls& tls, bool judge) {
  const std::uint32_t back = next_;
  const double start = CpuNs();
  std::array<std::uint32_t, kBurst> flow{};
  for (std::uint32_t done = 0; done < count; done += kBurst) {
    for (std::uint32_t& each : flow) each = NextNew();
    for (std::size_t step = 0; step < tls.talks.front().size(); ++step) {
      for (std::size_t i = 0; i < kBurst; ++i) StampTo(i, tls.talks[tls.Of(flow[i])][step], flow[i]);
      if (judge) Judge(kBurst);
    }
    for (const std::uint32_t each : flow) alerts_ += judge && tls.alerts[tls.Of(each)] ? 1 : 0;
  }
  const double spent = CpuNs() - start;
  if (judge)
    Expire();
  else
    next_ = back;
  return spent / count;
}

double Subject::Mixed(std::size_t frames, unsigned permille, const NewTls& tls, bool judge) {
  const auto data = OfLength(64);
  const std::uint32_t back = next_;
  struct Opening {
    std::uint32_t flow;
    std::size_t step;
  };
  std::array<Opening, kBurst> open;
  for (Opening& each : open) each = {NextNew(), 0};
  std::size_t turn = 0;
  std::uint64_t due = 0;  // thousandths of a frame of new connections
  const double start = CpuNs();
  for (std::size_t at = 0; at < frames; at += kBurst) {
    for (std::size_t i = 0; i < kBurst; ++i) {
      const std::uint64_t random = Step(random_);
      due += permille;
      if (due < 1000) {
        const std::uint32_t flow = Below(random, flows_);
        StampTo(i, data[flow % 2][random & 1], flow);
        continue;
      }
      due -= 1000;
      Opening& next = open[turn++ % kBurst];
      StampTo(i, tls.talks[tls.Of(next.flow)][next.step], next.flow);
      if (++next.step == kUndecided) next = {NextNew(), 0};
    }
    if (judge) Judge(kBurst);
  }
  const double spent = CpuNs() - start;
  if (!judge) return next_ = back, spent / static_cast<double>(frames);
  const auto rest = [&](std::uint32_t flow, std::size_t step, std::size_t end) {
    for (; step < end; ++step) {
      StampTo(0, tls.talks[tls.Of(flow)][step], flow);
      Judge(1);
    }
  };
  for (const Opening& each : open) rest(each.flow, each.step, kUndecided);
  early_ += worker_->counters().undecided_bytes;
  // Each comes to its end, so that none stays for as long as an established flow does.
  for (std::uint32_t flow = back; flow != next_;) {
    flow = flow + 1 < kClients ? flow + 1 : flows_;
    rest(flow, kUndecided, tls.talks.front().size());
    alerts_ += tls.alerts[tls.Of(flow)] ? 1 : 0;
  }
  Expire();
  return spent / static_cast<double>(frames);
}

std::string Subject::Defect() const {
  const WorkerCounters& counters = worker_->counters();
  std::string reasons;
  for (std::size_t i = 0; i < kDropReasonCount; ++i)
    if (counters.dropped_packets[i] > 0)
      reasons += fmt::format(", {}: {}", kDropReasonNames[i], counters.dropped_packets[i]);
  if (counters.forwarded_packets != sent_)
    return fmt::format("{} frames left of {}{}", counters.forwarded_packets, sent_, reasons);
  if (counters.alerts != alerts_) return fmt::format("{} alerts, {} should be", counters.alerts, alerts_);
  if (early_ > 0) return fmt::format("{} bytes were still kept of new flows after {} frames", early_, kUndecided);
  if (events_.lost() > 0) return fmt::format("{} events were lost", events_.lost());
  return {};
}

}  // namespace weir::perf
