#include "dataplane/pipeline/loop.h"

#include <time.h>

#include <algorithm>

namespace weir {
namespace {

constexpr std::size_t kExpireAtOnce = 256;  // flows, between two bursts
constexpr std::uint32_t kSpinRounds = 256;  // empty rounds before the first sleep

void Sleep(std::uint32_t us) noexcept {
  const timespec pause{0, static_cast<long>(us) * 1000};
  nanosleep(&pause, nullptr);
}

std::uint64_t Cycles() noexcept { return __builtin_ia32_rdtsc(); }

}  // namespace

void GenerationMail::Send(std::shared_ptr<const Generation> generation) {
  delete next_.exchange(new std::shared_ptr<const Generation>(std::move(generation)));
}

std::shared_ptr<const Generation> GenerationMail::Take() noexcept {
  if (next_.load(std::memory_order_relaxed) == nullptr) return nullptr;
  const std::unique_ptr<std::shared_ptr<const Generation>> taken(next_.exchange(nullptr));
  return taken ? *taken : nullptr;
}

void Loop::Run(const std::atomic<bool>& stop) {
  Timestamp now = clock_.Now();
  Timestamp ticked = now;
  Timestamp stopping{};
  for (;;) {
    now = clock_.Now();
    const std::size_t got = Round(now);
    if (now - ticked >= kTickUs) {
      ticked = now;
      if (auto generation = mail.Take()) worker_.SetGeneration(std::move(generation));
      due_ = true;
    }
    if (due_) {
      due_ = worker_.Tick(now, out_, kExpireAtOnce);
      Carry();
    }
    if (stop.load(std::memory_order_acquire)) {
      if (stopping == Timestamp{}) stopping = now;
      if (got == 0 || now - stopping > kDrainUs) break;
    }
    if (got > 0) {
      idle_rounds_ = 0;
    } else {
      Idle();
    }
  }
  worker_.Finish(now, out_);
  Carry();
  // What came between the last round and now has no flow any more.
  while (handoff_ != nullptr && Round(now) > 0) {
  }
  worker_.Finish(now, out_);
  Carry();
}

std::size_t Loop::Round(Timestamp now) {
  std::size_t total = 0;
  std::uint64_t start = Cycles();
  const auto take = [&](std::size_t n) {
    const std::uint64_t began = start;
    if (n > 0) {
      total += n;
      worker_.Process({received_.data(), n}, out_);
      Carry();
    }
    start = Cycles();
    if (n > 0) worker_.CountBusy(start - began);
  };
  if (handoff_ != nullptr) {
    take(handoff_->Pop(now, received_));
    return total;
  }
  for (Port* port : ports_.all) take(port->Receive(queue_, now, received_));
  return total;
}

void Loop::Carry() {
  if (!out_.mirror.empty()) SendMirror();
  if (!out_.forward.empty()) SendForward();
  if (!out_.injected.empty()) SendInjected();
  for (const DroppedFrame& dropped : out_.dropped) Free(dropped.frame);
  for (const FrameRef& frame : out_.released) Free(frame);
  out_.Clear();
}

void Loop::SendMirror() {
  std::size_t sent = 0;
  batch_.clear();
  for (const FrameRef& frame : out_.mirror) {
    if (!frame.copied) Retain(frame);
    const FrameRef own = frame.copied ? ports_.pool->Make(frame.bytes()) : frame;
    if (own.handle != nullptr) batch_.push_back(own);
  }
  if (ports_.mirror != nullptr) sent = ports_.mirror->Transmit(queue_, batch_);
  for (std::size_t i = 0; i < out_.mirror.size(); ++i) worker_.CountMirror(i < sent);
  for (std::size_t i = sent; i < batch_.size(); ++i) Free(batch_[i]);
}

void Loop::Materialise() {
  std::size_t kept = 0;
  for (const FrameRef& frame : out_.forward) {
    FrameRef own = frame;
    if (frame.copied) {
      own = ports_.pool->Make(frame.bytes(), frame.in_port);
      if (own.handle == nullptr) worker_.CountTxFull(frame);
      FreeCopy(frame);
    }
    if (own.handle != nullptr) out_.forward[kept++] = own;
  }
  out_.forward.resize(kept);
}

// As a rule all of a burst came from one port, and each is a frame of the pool.
void Loop::SendForward() {
  const PortId first = out_.forward.front().in_port;
  const bool alike = std::all_of(out_.forward.begin(), out_.forward.end(),
                                 [&](const FrameRef& frame) { return frame.in_port == first && !frame.copied; });
  if (!alike) return SendMixed();
  Send(*ports_.peer[first.value()], out_.forward);
}

void Loop::SendMixed() {
  Materialise();
  for (Port* out : ports_.all) {
    batch_.clear();
    for (const FrameRef& frame : out_.forward) {
      if (ports_.peer[frame.in_port.value()] == out) batch_.push_back(frame);
    }
    if (!batch_.empty()) Send(*out, batch_);
  }
}

void Loop::Send(Port& out, std::span<const FrameRef> frames) {
  for (std::size_t i = out.Transmit(queue_, frames); i < frames.size(); ++i) {
    worker_.CountTxFull(frames[i]);
    Free(frames[i]);
  }
}

void Loop::SendInjected() {
  for (const InjectedFrame& injected : out_.injected) {
    const std::uint16_t in = injected.in_port.value();
    Port* out = ports_.peer[in];
    if (injected.back) out = ports_.peer[out->id().value()];
    const FrameRef frame = ports_.pool->Make(injected.bytes);
    if (frame.handle != nullptr && out->Transmit(queue_, {&frame, 1}) == 1) continue;
    if (frame.handle != nullptr) Free(frame);
    worker_.CountInjectedLost();
  }
}

void Loop::Idle() noexcept {
  if (idle_sleep_us_ == 0) return;
  if (++idle_rounds_ > kSpinRounds) Sleep(idle_sleep_us_);
}

void Distributor::Run(const std::atomic<bool>& stop) {
  std::uint32_t idle = 0;
  Timestamp stopping{};
  Timestamp ticked = clock_.Now();
  for (;;) {
    const Timestamp now = clock_.Now();
    const std::size_t got = Round(now);
    if (now - ticked >= Loop::kTickUs) {
      ticked = now;
      steering_.Expire(now, dealt_);
      HandOver();
    }
    if (stop.load(std::memory_order_acquire)) {
      if (stopping == Timestamp{}) stopping = now;
      if (got == 0 || now - stopping > Loop::kDrainUs) break;
    }
    idle = got > 0 ? 0 : idle + 1;
    if (idle_sleep_us_ > 0 && idle > kSpinRounds) Sleep(idle_sleep_us_);
  }
  steering_.Flush(dealt_);
  HandOver();
}

std::size_t Distributor::Round(Timestamp now) {
  std::array<FrameRef, kBurst> frames;
  std::size_t total = 0;
  for (Port* port : ports_.all) {
    for (std::uint16_t queue = 0; queue < port->rx_queues(); ++queue) {
      const std::size_t n = port->Receive(QueueId{queue}, now, frames);
      total += n;
      for (std::size_t i = 0; i < n; ++i) {
        if (steering_.Deal(frames[i], dealt_)) Free(frames[i]);
      }
      HandOver();
    }
  }
  return total;
}

void Distributor::HandOver() {
  for (const Steering::Dealt& dealt : dealt_) {
    FrameRef frame = dealt.frame;
    if (frame.copied) {
      frame = ports_.pool->Make(dealt.frame.bytes(), dealt.frame.in_port);
      FreeCopy(dealt.frame);
    }
    if (frame.handle != nullptr && workers_[dealt.worker]->Push(frame)) continue;
    ++counters_.rx_packets;
    counters_.rx_bytes += dealt.frame.len;
    ++counters_.dropped_packets[static_cast<std::size_t>(DropReason::kHandoffFull)];
    counters_.dropped_bytes[static_cast<std::size_t>(DropReason::kHandoffFull)] += dealt.frame.len;
    if (frame.handle != nullptr) Free(frame);
  }
  dealt_.clear();
}

}  // namespace weir
