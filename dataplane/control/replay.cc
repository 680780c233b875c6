#include "dataplane/control/replay.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include "classifiers/dns_memory.h"
#include "dataplane/control/replay_frames.h"
#include "dataplane/io/capture.h"
#include "dataplane/packet/unfinished_sums.h"
#include "dataplane/pipeline/steering.h"
#include "dataplane/pipeline/worker.h"
#include "dataplane/telemetry/eve_writer.h"

namespace weir {
namespace {

constexpr std::size_t kRound = 4096;  // frames given to several workers at once
constexpr std::array<std::uint64_t, 2> kSeed = {0x7765697200000001, 0x7265706c61790002};  // the same on every run

ReplayFrame& Own(const FrameRef& frame) { return *static_cast<ReplayFrame*>(frame.handle); }

// One worker and what it gave back.
struct Lane {
  std::unique_ptr<EventRing> events;
  std::unique_ptr<Worker> worker;
  FlowSummary summary;
  std::vector<FrameRef> in;
  BurstOutput out;

  void Run() {
    for (std::size_t at = 0; at < in.size(); at += kBurst) {
      worker->Process({in.data() + at, std::min(kBurst, in.size() - at)}, out);
    }
    in.clear();
  }
};

class Run {
 public:
  Run(const ReplayOptions& options, const Startup& startup)
      : options_(options),
        startup_(startup),
        engine_(startup.config.engine),
        steering_(engine_.parse, engine_.defrag, options.workers) {
    engine_.parse.verify_checksums = engine_.parse.verify_checksums && options.verify_checksums;
  }

  Result<ReplayResult> Go() {
    const auto started = std::chrono::steady_clock::now();
    for (const auto& step : {&Run::OpenInputs, &Run::OpenOutputs, &Run::StartWorkers, &Run::ReadAll, &Run::Finish}) {
      if (Result<void> done = (this->*step)(); !done) return tl::unexpected(done.error());
    }
    result_.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    result_.generation = startup_.generation->number;
    return std::move(result_);
  }

 private:
  Result<void> OpenInputs() {
    for (const std::string& path : options_.captures) {
      auto reader = CaptureReader::Open(path);
      if (!reader) return Fail(Errc::kInvalidArgument, reader.error().what);
      const bool differs = !readers_.empty() && readers_[0]->dlt() != (*reader)->dlt();
      if (differs && !options_.out.empty()) {
        return Fail(Errc::kInvalidArgument, path + ": its link type differs from that of " + options_.captures[0] +
                                                ", one -o file cannot hold both");
      }
      readers_.push_back(std::move(*reader));
    }
    return {};
  }

  Result<void> OpenOutputs() {
    std::error_code error;
    std::filesystem::create_directories(options_.log_dir, error);
    if (error) return Fail(Errc::kIo, options_.log_dir + ": " + error.message());
    const std::array<std::pair<const std::string*, std::unique_ptr<CaptureWriter>*>, 3> files = {
        {{&options_.out, &out_}, {&options_.mirror_out, &mirror_}, {&options_.injected, &injected_}}};
    for (const auto& [path, writer] : files) {
      if (path->empty()) continue;
      auto created = CaptureWriter::Create(*path, readers_[0]->dlt(), readers_[0]->nanoseconds());
      if (!created) return tl::unexpected(created.error());
      *writer = std::move(*created);
    }
    return {};
  }

  Result<void> StartWorkers() {
    std::vector<EventRing*> rings;
    const auto dns = options_.workers > 1 ? std::make_shared<DnsExchange>(options_.workers) : nullptr;
    for (std::uint32_t i = 0; i < options_.workers; ++i) {
      auto& lane = lanes_.emplace_back(std::make_unique<Lane>());
      if (startup_.config.eve_enabled) {
        lane->events =
            std::make_unique<EventRing>(std::size_t{startup_.config.eve_ring_kib} * 1024, EventRing::Mode::kLossless);
        rings.push_back(lane->events.get());
      }
      auto worker = Worker::Create(WorkerId{static_cast<std::uint16_t>(i)}, engine_, startup_.generation,
                                   lane->events.get(), kSeed);
      if (!worker) return tl::unexpected(worker.error());
      lane->worker = std::move(*worker);
      lane->worker->ShareDns(dns);
      lane->worker->ObserveFlows(&lane->summary);
    }
    const std::string path = options_.log_dir + "/eve.json";
    if (!startup_.config.eve_enabled) return {};
    auto eve = EveWriter::Start({.path = path}, rings, [this] { return finished_; });
    if (!eve) return tl::unexpected(eve.error());
    eve_ = std::move(*eve);
    return {};
  }

  Result<void> ReadAll() {
    for (std::size_t i = 0; i < readers_.size(); ++i) {
      const LinkType link = readers_[i]->link();
      for (;;) {
        auto next = readers_[i]->Next();
        if (!next) {
          // All before the damage is judged and written; then the run fails with it.
          damage_ = next.error();
          steering_.Flush(dealt_);
          HandOver();
          return Round();
        }
        if (!next->has_value()) break;
        Take(**next, link);
        if (auto done = HandOverInOrder(); !done) return done;
      }
    }
    steering_.Flush(dealt_);
    HandOver();
    return Round();
  }

  void Take(const CaptureReader::Frame& read, LinkType link) {
    ReplayFrame* const own = frames_.Make(read.bytes, read.time_ns, read.wire_len);
    FrameRef frame;
    frame.handle = own;
    frame.data = own->bytes;
    frame.len = static_cast<std::uint32_t>(own->size);
    frame.link = link;
    frame.sums_vouched =
        engine_.parse.verify_checksums && engine_.parse.unfinished_sums && sums_.Vouches(frame.bytes(), link);
    frame.number = ++result_.frames_read;
    frame.time = {read.time_ns / 1000};
    if (frame.number == 1) first_ = now_ = last_tick_ = frame.time;
    if (frame.time < now_) ++result_.times_clamped;
    now_ = frame.time = std::max(frame.time, now_);
    tick_ = now_ - last_tick_ >= 1'000'000;
    (void)steering_.Deal(frame, dealt_);
    if (tick_) steering_.Expire(now_, dealt_);
  }

  // A resolver's answer is judged alone, behind all that came before and ahead of what follows: so
  // what a worker learns from it the others know as early as one worker would, and no earlier.
  Result<void> HandOverInOrder() {
    const bool alone = lanes_.size() > 1 &&
                       std::any_of(dealt_.begin(), dealt_.end(), [](const Steering::Dealt& d) { return d.resolves; });
    if (alone && pending_ > 0) {
      const bool tick = std::exchange(tick_, false);
      if (auto done = Round(); !done) return done;
      tick_ = tick;
    }
    HandOver();
    const std::size_t batch = lanes_.size() == 1 ? kBurst : kRound;
    return alone || pending_ >= batch || tick_ ? Round() : Result<void>{};
  }

  void HandOver() {
    for (const Steering::Dealt& dealt : dealt_) lanes_[dealt.worker]->in.push_back(dealt.frame);
    pending_ += dealt_.size();
    dealt_.clear();
  }

  void ShowProgress() {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < std::chrono::milliseconds(500)) return;
    shown_ = now;
    std::fprintf(stderr, "\r%llu packets", static_cast<unsigned long long>(result_.frames_read));
  }

  Result<void> Round() {
    if (options_.progress) ShowProgress();
    if (lanes_.size() == 1) {
      lanes_[0]->Run();
    } else {
      std::vector<std::thread> threads;
      for (const auto& lane : lanes_) threads.emplace_back([&lane] { lane->Run(); });
      for (std::thread& thread : threads) thread.join();
    }
    pending_ = 0;
    if (tick_) {
      for (const auto& lane : lanes_) lane->worker->Tick(now_, lane->out);
      last_tick_ = now_;
      tick_ = false;
    }
    return Deliver();
  }

  // Writes what was forwarded, mirrored and injected; gives every frame back.
  Result<void> Deliver() {
    forward_.clear();
    mirrored_.clear();
    for (const auto& lane : lanes_) {
      forward_.insert(forward_.end(), lane->out.forward.begin(), lane->out.forward.end());
      mirrored_.insert(mirrored_.end(), lane->out.mirror.begin(), lane->out.mirror.end());
    }
    if (lanes_.size() > 1) {
      const auto by_number = [](const FrameRef& a, const FrameRef& b) { return a.number < b.number; };
      std::stable_sort(forward_.begin(), forward_.end(), by_number);
      std::stable_sort(mirrored_.begin(), mirrored_.end(), by_number);
    }
    for (const FrameRef& frame : forward_) {
      if (out_) Check(out_->Write(frame.bytes(), Own(frame).time_ns, Own(frame).wire_len));
      if (out_) ++result_.frames_written;
    }
    for (const FrameRef& frame : mirrored_) {
      if (mirror_) Check(mirror_->Write(frame.bytes(), Own(frame).time_ns, Own(frame).wire_len));
      lanes_[0]->worker->CountMirror(true);
    }
    for (const auto& lane : lanes_) {
      for (const InjectedFrame& frame : lane->out.injected) {
        if (injected_)
          Check(injected_->Write(frame.bytes, frame.time.us * 1000, static_cast<std::uint32_t>(frame.bytes.size())));
      }
      for (const DroppedFrame& dropped : lane->out.dropped) frames_.GiveBack(&Own(dropped.frame));
      given_back_ += lane->out.dropped.size();
      lane->out.Clear();
    }
    for (const FrameRef& frame : forward_) frames_.GiveBack(&Own(frame));
    given_back_ += forward_.size();
    return failed_;
  }

  void Check(Result<void> written) {
    if (!written && failed_) failed_ = std::move(written);
  }

  Result<void> Finish() {
    if (options_.progress) std::fprintf(stderr, "\r\033[K");
    for (const auto& lane : lanes_) lane->worker->Finish(now_, lane->out);
    if (auto delivered = Deliver(); !delivered) return delivered;
    for (const auto& lane : lanes_) {
      AddCounters(result_.counters, lane->worker->counters());
      result_.flows.Merge(lane->summary);
    }
    finished_ = result_.counters;
    if (eve_) {
      const Result<void> stopped = eve_->Stop(now_);
      result_.events_written = eve_->written();
      result_.events_lost = eve_->lost();
      if (!stopped) return stopped;
    }
    for (auto* writer : {&out_, &mirror_, &injected_}) {
      if (!*writer) continue;
      if (auto closed = (*writer)->Close(); !closed) return closed;
    }
    result_.capture_seconds = static_cast<double>(now_ - first_) / 1e6;
    if (damage_) return tl::unexpected(*damage_);
    return AddsUp();
  }

  // Counted at the file edges, not from the workers' own sums.
  Result<void> AddsUp() const {
    const WorkerCounters& c = result_.counters;
    const bool good = result_.frames_read == given_back_ && c.rx_packets == result_.frames_read &&
                      c.rx_packets == c.forwarded_packets + c.dropped_total() && c.held_packets == 0 &&
                      (!out_ || result_.frames_written == c.forwarded_packets) && c.flows_created == c.flows_ended;
    if (good) return {};
    return Fail(Errc::kCorrupt, "the frames do not add up: read " + std::to_string(result_.frames_read) +
                                    ", given back " + std::to_string(given_back_) + ", forwarded " +
                                    std::to_string(c.forwarded_packets) + ", dropped " +
                                    std::to_string(c.dropped_total()) + ", held " + std::to_string(c.held_packets));
  }

  const ReplayOptions& options_;
  const Startup& startup_;
  EngineSettings engine_;
  Steering steering_;
  UnfinishedSums sums_;
  ReplayFrames frames_;
  std::vector<Steering::Dealt> dealt_;
  std::vector<FrameRef> forward_, mirrored_;  // of one round
  ReplayResult result_;
  std::vector<std::unique_ptr<CaptureReader>> readers_;
  std::unique_ptr<CaptureWriter> out_, mirror_, injected_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  WorkerCounters finished_;
  std::unique_ptr<EveWriter> eve_;  // stops before the lanes' rings go
  Result<void> failed_;
  std::optional<Error> damage_;  // of a capture
  std::uint64_t given_back_ = 0;
  std::size_t pending_ = 0;
  Timestamp first_{}, now_{}, last_tick_{};
  bool tick_ = false;
  std::chrono::steady_clock::time_point shown_ = std::chrono::steady_clock::now();
};

}  // namespace

Result<ReplayResult> Replay(const ReplayOptions& options, const Startup& startup) { return Run(options, startup).Go(); }

}  // namespace weir
