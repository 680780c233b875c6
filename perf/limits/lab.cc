#include "perf/limits/lab.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "dataplane/telemetry/event_codec.h"
#include "perf/support/heap.h"

namespace weir::perf {
namespace {

constexpr std::int64_t kTickUs = 100'000;
constexpr std::uint32_t kNormalBatches = 24;  // of 32 connections, a round
constexpr std::uint32_t kInnocents = 50;      // opened a round
constexpr std::size_t kToVerdict = 5;         // frames of a TLS connection up to its verdict
constexpr std::array<std::string_view, 2> kNames = {"www.innocent.example", "web.whatsapp.com"};

// Of this thread: what other programs on the machine take is not counted. Asking costs
// about 10 ns a packet, on both sides of a ratio.
double Now() {
  timespec at{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) * 1e9 + static_cast<double>(at.tv_nsec);
}

}  // namespace

double ResidentMib() {
  long pages = 0;
  long ignored = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &ignored, &pages) != 2) pages = 0;
    std::fclose(file);
  }
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

struct Lab::Subject {
  EventRing events{std::size_t{1} << 22, EventRing::Mode::kLossy};
  std::unique_ptr<Worker> worker;
  BurstOutput out;
  Timestamp now{1'800'000'000'000'000};
  double last_ns = 0;

  explicit Subject(const Startup& startup) {
    auto made = Worker::Create(WorkerId{0}, startup.config.engine, startup.generation, &events, {1, 2});
    if (!made) std::abort();
    worker = std::move(*made);
  }
  // Returns its cost; the frames that the worker held and gave back are freed.
  double Process(std::span<const FrameRef> frames) {
    out.Clear();
    const double from = Now();
    worker->Process(frames, out);
    last_ns = Now() - from;
    Settle();
    return last_ns;
  }
  double Tick() {
    out.Clear();
    const double from = Now();
    worker->Tick(now, out);
    last_ns = Now() - from;
    Settle();
    return last_ns;
  }
  void Settle() {
    for (const FrameRef& frame : out.forward) std::free(frame.handle);
    for (const DroppedFrame& dropped : out.dropped) std::free(dropped.frame.handle);
    while (events.state().Front() != nullptr) events.state().Pop();
  }
};

Lab::Lab(const Startup& startup, const LabOptions& options)
    : options_(options), attacked_(std::make_unique<Subject>(startup)) {
  Startup usual = startup;
  usual.config.engine.flow_capacity = EngineSettings{}.flow_capacity;
  normal_ = std::make_unique<Subject>(usual);
  for (const bool ipv6 : {false, true}) {
    innocent_[ipv6] = TlsConnection(ipv6, kNames[0]);
    data_[ipv6] = Established(ipv6, 200);
  }
  slots_.resize(kBurst);
  ticked_us_ = attacked_->now.us;
  Establish();
  RunNormal();
  normal_ns_ = 0;
  normal_packets_ = 0;
  ReleaseHeap();
  found_.rss_before_mib = ResidentMib();
}

Lab::~Lab() = default;

// Half of them pass, half are blocked; IPv4 and IPv6 by turns.
void Lab::Establish() {
  const std::array blocked = {TlsConnection(false, kNames[1]), TlsConnection(true, kNames[1])};
  for (std::uint32_t flow = 0; flow < options_.established; ++flow) {
    const std::vector<Pattern>& frames = flow % 4 < 2 ? innocent_[flow % 2] : blocked[flow % 2];
    burst_.clear();
    for (std::size_t i = 0; i < 8; ++i) burst_.push_back(stamper_.Stamp(i, frames[i], flow, attacked_->now));
    attacked_->Process(burst_);
  }
  burst_.clear();
  kept_.assign(options_.established, true);
  found_.established = options_.established;
  CheckEstablished();
}

void Lab::CheckEstablished() {
  const WorkerCounters& counters = attacked_->worker->counters();
  for (std::uint32_t flow = 0; flow < options_.established; ++flow) {
    const std::uint64_t created = counters.flows_created;
    const FrameRef frame = stamper_.Stamp(0, data_[flow % 2][flow / 4 % 2], flow, attacked_->now);
    attacked_->Process({&frame, 1});
    const bool passes = flow % 4 < 2;
    const bool as_decided =
        passes ? attacked_->out.forward.size() == 1
               : attacked_->out.dropped.size() == 1 && attacked_->out.dropped[0].reason == DropReason::kPolicy;
    if (passes && attacked_->out.forward.empty()) ++found_.lost;
    if (!as_decided || counters.flows_created != created) kept_[flow] = false;
  }
}

void Lab::OpenInnocents() {
  for (std::uint32_t i = 0; i < kInnocents; ++i, ++next_innocent_) {
    std::vector<FrameRef> frames;
    for (std::size_t step = 0; step < innocent_[i % 2].size(); ++step)
      frames.push_back(stamper_.Stamp(step, innocent_[i % 2][step], next_innocent_, attacked_->now));
    attacked_->Process(frames);
    ++found_.tried;
    if (attacked_->out.forward.size() == frames.size()) ++found_.opened;
  }
}

// The yardstick: frames 1 to 5 of new TLS connections, 32 at a time.
void Lab::RunNormal() {
  std::array<FrameRef, kBurst> frames;
  for (std::uint32_t batch = 0; batch < kNormalBatches; ++batch, next_normal_ += kBurst) {
    for (std::size_t step = 0; step < innocent_[0].size(); ++step) {
      for (std::uint32_t i = 0; i < kBurst; ++i)
        frames[i] = stamper_.Stamp(i, innocent_[i % 2][step], next_normal_ + i, normal_->now);
      const double ns = normal_->Process(frames);
      if (step >= kToVerdict) continue;
      normal_ns_ += ns;
      normal_packets_ += kBurst;
    }
    normal_->now.us += 640;
  }
  normal_->now.us += 1'000'000;
  normal_->Tick();
}

void Lab::Tcp(const Path& path, Direction direction, const perf::Tcp& tcp, Bytes payload) {
  WriteTcp(scratch_, path, direction, tcp, payload);
  Send(false);
}
void Lab::Udp(const Path& path, Direction direction, Bytes payload) {
  WriteUdp(scratch_, path, direction, payload);
  Send(false);
}
void Lab::Fragment(const Path& path, std::uint32_t id, std::uint16_t offset, bool more, Bytes payload) {
  WriteFragment(scratch_, path, id, offset, more, payload);
  Send(true);
}

void Lab::Handshake(const Path& path) {
  Tcp(path, Direction::kToServer, {1000, 0, 0x02});
  Tcp(path, Direction::kToClient, {5000, 1001, 0x12});
  Tcp(path, Direction::kToServer, {1001, 5001, 0x10});
  Tcp(path, Direction::kToClient, {5001, 1001, 0x10});
}

void Lab::Send(bool held) {
  FrameRef frame;
  frame.len = static_cast<std::uint32_t>(scratch_.size());
  if (held) {
    // A block of its own, as in replay: it counts against the worker while it is kept.
    frame.data = static_cast<std::byte*>(std::malloc(scratch_.size()));
    std::copy(scratch_.begin(), scratch_.end(), frame.data);
    frame.handle = frame.data;
  } else {
    FrameBytes& slot = slots_[burst_.size()];
    slot = scratch_;
    frame.data = slot.data();
  }
  ns_left_ += options_.ns_packet;
  attacked_->now.us += ns_left_ / 1000;
  ns_left_ %= 1000;
  frame.time = attacked_->now;
  burst_.push_back(frame);
  ++found_.packets;
  if (burst_.size() == kBurst) Flush();
}

void Lab::Flush() {
  if (burst_.empty()) return;
  const double ns = attacked_->Process(burst_);
  round_ns_ += ns;
  round_packets_ += burst_.size();
  found_.forwarded += attacked_->out.forward.size();
  found_.worst_burst_us = std::max(found_.worst_burst_us, ns / 1000);
  burst_.clear();
  if (attacked_->now.us - ticked_us_ >= kTickUs) Tick();
  if (found_.packets % 8192 < kBurst) SampleMemory();
  if (round_packets_ * kRounds >= options_.expected_packets) Round();
}

// Timers are a part of what an attack costs.
std::uint64_t Lab::undecided_bytes() const noexcept { return attacked_->worker->counters().undecided_bytes; }

void Lab::Tick() {
  ticked_us_ = attacked_->now.us;
  const double ns = attacked_->Tick();
  round_ns_ += ns;
  found_.worst_tick_ms = std::max(found_.worst_tick_ms, ns / 1e6);
}

void Lab::SampleMemory() {
  found_.rss_growth_mib = std::max(found_.rss_growth_mib, ResidentMib() - found_.rss_before_mib);
}

void Lab::Round() {
  SampleMemory();
  const double normal_ns = normal_ns_;
  const std::uint64_t normal_packets = normal_packets_;
  RunNormal();
  const double normal = (normal_ns_ - normal_ns) / static_cast<double>(normal_packets_ - normal_packets);
  ratios_.push_back(round_ns_ / static_cast<double>(round_packets_) / normal);
  total_ns_ += round_ns_;
  total_packets_ += round_packets_;
  round_ns_ = 0;
  round_packets_ = 0;
  CheckEstablished();
  OpenInnocents();
}

Findings Lab::Finish() {
  Flush();
  if (round_packets_ > 0 && ratios_.empty()) Round();
  SampleMemory();
  // The attack's flows end: all timeouts of new ones have passed.
  for (int i = 0; i < 40; ++i) {
    attacked_->now.us += 1'000'000;
    CheckEstablished();
    Tick();
  }
  std::sort(ratios_.begin(), ratios_.end());
  found_.ratio = ratios_[ratios_.size() / 2];
  found_.worst_ratio = ratios_.back();
  found_.ns_packet = total_ns_ / static_cast<double>(total_packets_);
  found_.ns_normal = normal_ns_ / static_cast<double>(normal_packets_);
  found_.kept = static_cast<std::uint64_t>(std::count(kept_.begin(), kept_.end(), true));
  const WorkerCounters& c = attacked_->worker->counters();
  found_.unaccounted = c.rx_packets - c.forwarded_packets - c.dropped_total() - c.held_packets;
  found_.yardstick_dropped = normal_->worker->counters().dropped_total();
  return found_;
}

}  // namespace weir::perf
