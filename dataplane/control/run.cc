#include "dataplane/control/run.h"

#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/random.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <sstream>
#include <thread>

#include "classifiers/dns_memory.h"
#include "dataplane/control/cpu_list.h"
#include "dataplane/io/eal.h"
#include "dataplane/pipeline/loop.h"
#include "dataplane/telemetry/eve_writer.h"

namespace weir {
namespace {

constexpr std::uint32_t kHandoffDepth = 4096;

// Yes or no of several threads, taken by one that waits.
class Answers {
 public:
  void Push(bool answer) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(answer);
    arrived_.notify_one();
  }
  bool Pop() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !answers_.empty(); });
    const bool answer = answers_.back();
    answers_.pop_back();
    return answer;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<bool> answers_;
};

// One worker with its thread.
struct Lane {
  std::unique_ptr<EventRing> events;
  std::unique_ptr<Worker> worker;
  std::unique_ptr<Handoff> handoff;
  std::unique_ptr<Loop> loop;
  FlowSummary summary;
  std::thread thread;
};

class Appliance {
 public:
  Appliance(const StartupOptions& options, const Startup& startup)
      : options_(options),
        settings_(startup.config.run),
        startup_(startup),
        log_(std::make_shared<spdlog::logger>("weir", std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
    log_->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  }
  ~Appliance() { StopThreads(); }

  Result<Summary> Go() {
    BlockSignals();
    for (const auto& step : {&Appliance::Check, &Appliance::StartEal, &Appliance::FindPorts, &Appliance::StartPorts,
                             &Appliance::StartWorkers, &Appliance::StartThreads}) {
      if (Result<void> done = (this->*step)(); !done) return tl::unexpected(done.error());
    }
    const auto started = std::chrono::steady_clock::now();
    log_->info("forwarding: {} port pairs, {} workers ({}), generation {}", settings_.pairs.size(), settings_.workers,
               distributor_            ? "software distributor"
               : settings_.workers > 1 ? "RSS"
                                       : "own queue",
               startup_.generation->number);
    WaitForSignal();
    StopThreads();
    summary_.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    return Report();
  }

 private:
  void BlockSignals() {
    sigemptyset(&signals_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }

  Result<void> Check() {
    for (const std::uint32_t at : startup_.config.engine.exceptions.simulate) {
      if (at != 0) return Fail(Errc::kInvalidArgument, "simulate.*: packets have numbers in replay only");
    }
    if (settings_.pairs.empty())
      return Fail(Errc::kInvalidArgument, "no ports: weir.yaml needs ports.pairs: [{inside: DEVICE, outside: DEVICE}]");
    cpus_ = ParseCpuList(settings_.cpus).value();  // the configuration was read with it
    std::error_code error;
    std::filesystem::create_directories(settings_.log_dir, error);
    if (error) return Fail(Errc::kIo, settings_.log_dir + ": " + error.message());
    return {};
  }

  std::vector<std::string> Devices() const {
    std::vector<std::string> devices;
    for (const PortPair& pair : settings_.pairs) devices.insert(devices.end(), {pair.inside, pair.outside});
    if (!settings_.mirror.empty()) devices.push_back(settings_.mirror);
    return devices;
  }

  Result<void> StartEal() {
    std::istringstream words(settings_.eal_arguments);
    EalOptions eal;
    eal.name = settings_.name;
    eal.devices = Devices();
    for (std::string word; words >> word;) eal.arguments.push_back(word);
    eal.memory_mb = settings_.memory_mb;
    eal.huge_pages = settings_.huge_pages;
    auto started = Eal::Start(eal);
    if (!started) return tl::unexpected(started.error());
    eal_ = std::move(*started);
    auto pool = FramePool::Create({"frames", settings_.frames, BufferSize(), settings_.max_frame});
    if (!pool) return tl::unexpected(pool.error());
    pool_ = std::move(*pool);
    return {};
  }

  // AF_PACKET's driver copies a whole slot of its ring into one buffer.
  std::uint32_t BufferSize() const {
    const std::vector<std::string> devices = Devices();
    const bool whole = std::any_of(devices.begin(), devices.end(), IsAfPacket);
    if (settings_.buffer != 0) return std::min(settings_.buffer, settings_.max_frame);
    return whole ? settings_.max_frame : std::min<std::uint32_t>(2048, settings_.max_frame);
  }

  Result<void> FindPorts() {
    for (const std::string& device : Devices()) {
      auto port = Port::Find(device);
      if (!port) return tl::unexpected(port.error());
      if ((*port)->id().value() >= ports_.peer.size())
        return Fail(Errc::kUnsupported, device + ": more than " + std::to_string(ports_.peer.size()) + " ports");
      owned_.push_back(std::move(*port));
    }
    for (std::size_t i = 0; i < settings_.pairs.size(); ++i) {
      Port* inside = owned_[2 * i].get();
      Port* outside = owned_[2 * i + 1].get();
      ports_.all.insert(ports_.all.end(), {inside, outside});
      ports_.peer[inside->id().value()] = outside;
      ports_.peer[outside->id().value()] = inside;
    }
    if (!settings_.mirror.empty()) ports_.mirror = owned_.back().get();
    ports_.pool = pool_.get();
    return {};
  }

  Result<void> StartPorts() {
    const bool able = std::all_of(ports_.all.begin(), ports_.all.end(),
                                  [](const Port* port) { return port->capabilities().symmetric_rss; });
    if (settings_.distribute == Distribute::kRss && !able)
      return Fail(Errc::kUnsupported, "workers.distribute: rss, but not every driver has symmetric RSS");
    rss_ = settings_.workers > 1 && able && settings_.distribute != Distribute::kSoftware;
    for (const auto& port : owned_) {
      PortOptions options;
      options.rx_queues = rss_ ? static_cast<std::uint16_t>(settings_.workers) : std::uint16_t{1};
      options.tx_queues = static_cast<std::uint16_t>(settings_.workers);
      options.rx_descriptors = static_cast<std::uint16_t>(settings_.rx_descriptors);
      options.tx_descriptors = static_cast<std::uint16_t>(settings_.tx_descriptors);
      options.mtu = static_cast<std::uint16_t>(settings_.mtu);
      options.outer_tpid = static_cast<std::uint16_t>(settings_.outer_tpid);
      options.rss = rss_ && port.get() != ports_.mirror;
      // AF_PACKET deals frames to all queues it was told to have, whether they are read or not.
      if (!rss_ && IsAfPacket(port->device())) options.rx_queues = port->capabilities().max_rx_queues;
      if (auto started = port->Start(options, *pool_); !started) return started;
    }
    return {};
  }

  Result<void> StartWorkers() {
    std::array<std::uint64_t, 2> seed{};
    if (getrandom(seed.data(), sizeof seed, 0) != static_cast<ssize_t>(sizeof seed))
      return Fail(Errc::kIo, "no random numbers for the flow table's key");
    LeaveCpus(cpus_);  // the writer's thread too, which starts here
    std::vector<EventRing*> rings;
    const auto dns = settings_.workers > 1 ? std::make_shared<DnsExchange>(settings_.workers) : nullptr;
    for (std::uint32_t i = 0; i < settings_.workers; ++i) {
      Lane& lane = *lanes_.emplace_back(std::make_unique<Lane>());
      if (startup_.config.eve_enabled) {
        lane.events =
            std::make_unique<EventRing>(std::size_t{startup_.config.eve_ring_kib} * 1024, EventRing::Mode::kLossy);
        rings.push_back(lane.events.get());
      }
      EngineSettings engine = startup_.config.engine;
      engine.defrag = Defrag();
      auto worker =
          Worker::Create(WorkerId{static_cast<std::uint16_t>(i)}, engine, startup_.generation, lane.events.get(), seed);
      if (!worker) return tl::unexpected(worker.error());
      lane.worker = std::move(*worker);
      lane.worker->ShareDns(dns);
      lane.worker->ObserveFlows(&lane.summary);
      lane.worker->NamePorts(PortNames());
      lane.worker->SetPortSides(PortSides());
      if (settings_.workers > 1 && !rss_) {
        auto handoff = Handoff::Create("handoff" + std::to_string(i), kHandoffDepth);
        if (!handoff) return tl::unexpected(handoff.error());
        lane.handoff = std::move(*handoff);
      }
      lane.loop = std::make_unique<Loop>(*lane.worker, ports_, QueueId{static_cast<std::uint16_t>(i)},
                                         lane.handoff.get(), settings_.idle_sleep_us);
    }
    if (rings.empty()) return {};
    EveOptions eve;
    eve.path = settings_.log_dir + "/eve.json";
    eve.append = true;
    eve.stats_interval_ms = settings_.stats_interval_ms;
    auto writer = EveWriter::Start(eve, rings, [this] { return Counters(); });
    if (!writer) return tl::unexpected(writer.error());
    eve_ = std::move(*writer);
    return {};
  }

  // "net_af_packet0,iface=eth1" is eth1, "0000:03:00.0" is itself.
  std::vector<std::string> PortNames() const {
    std::vector<std::string> names;
    for (const Port* port : ports_.all) {
      const std::string& device = port->device();
      const std::size_t at = device.find("iface=");
      names.resize(std::max<std::size_t>(names.size(), port->id().value() + std::size_t{1}));
      names[port->id().value()] = at == std::string::npos ? DeviceName(device) : DeviceName(device.substr(at + 6));
    }
    return names;
  }

  // Fragments that never complete must not pin the pool's frames.
  DefragLimits Defrag() const {
    DefragLimits limits = startup_.config.engine.defrag;
    limits.copy_held = true;
    return limits;
  }

  std::vector<PortSide> PortSides() const {
    std::vector<PortSide> sides(ports_.peer.size(), PortSide::kUnknown);
    for (std::size_t i = 0; i < settings_.pairs.size(); ++i) {
      sides[owned_[2 * i]->id().value()] = PortSide::kInside;
      sides[owned_[2 * i + 1]->id().value()] = PortSide::kOutside;
    }
    return sides;
  }

  int CpuOf(std::size_t thread) const { return thread < cpus_.size() ? cpus_[thread] : -1; }

  template <class Body>
  std::thread Start(std::size_t number, Body body) {
    return std::thread([this, number, body] {
      const EalThread registered(CpuOf(number));
      if (!registered.pinned()) log_->warn("thread {}: CPU {} is not to be had", number, CpuOf(number));
      registered_.Push(registered.registered());
      if (registered.registered()) body();
    });
  }

  Result<void> StartThreads() {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      Loop* loop = lanes_[i]->loop.get();
      lanes_[i]->thread = Start(i, [this, loop] { loop->Run(stop_workers_); });
    }
    if (settings_.workers > 1 && !rss_) {
      std::vector<Handoff*> owners;
      for (const auto& lane : lanes_) owners.push_back(lane->handoff.get());
      distributor_ = std::make_unique<Distributor>(ports_, owners, startup_.config.engine.parse, Defrag(),
                                                   settings_.idle_sleep_us);
      distributor_thread_ = Start(lanes_.size(), [this] { distributor_->Run(stop_distributor_); });
    }
    return AllRegistered(lanes_.size() + (distributor_ ? 1 : 0));
  }

  // A worker that DPDK does not know would leave its flows without anybody.
  Result<void> AllRegistered(std::size_t threads) {
    bool all = true;
    for (std::size_t i = 0; i < threads; ++i) all = registered_.Pop() && all;
    if (all) return {};
    return Fail(Errc::kExhausted, "DPDK has no room for " + std::to_string(threads) + " threads (lower workers.count)");
  }

  void WaitForSignal() {
    for (;;) {
      siginfo_t info{};
      const int signal = sigwaitinfo(&signals_, &info);
      if (signal == SIGTERM || signal == SIGINT) return log_->info("draining");
      if (signal == SIGHUP) Reload();
    }
  }

  void Reload() {
    const auto loaded = LoadStartup(options_);
    if (!loaded) {
      for (const std::string& defect : loaded.error()) log_->error("{}", defect);
      return log_->error("not reloaded: generation {} stays", startup_.generation->number);
    }
    auto next = std::make_shared<Generation>(*loaded->generation);
    next->number = startup_.generation->number + 1;
    startup_.generation = next;
    for (const auto& lane : lanes_) lane->loop->mail.Send(next);
    log_->info("reloaded: generation {}, {} rules", next->number, next->rules->size());
  }

  void StopThreads() {
    stop_distributor_.store(true, std::memory_order_release);
    if (distributor_thread_.joinable()) distributor_thread_.join();
    stop_workers_.store(true, std::memory_order_release);
    for (const auto& lane : lanes_) {
      if (lane->thread.joinable()) lane->thread.join();
    }
  }

  WorkerCounters Counters() const {
    WorkerCounters sum;
    for (const auto& lane : lanes_) AddCounters(sum, lane->worker->counters());
    if (distributor_) AddCounters(sum, distributor_->counters());
    return sum;
  }

  Result<Summary> Report() {
    summary_.counters = Counters();
    for (const auto& lane : lanes_) summary_.flows.Merge(lane->summary);
    for (const auto& port : owned_) {
      summary_.ports.push_back({port->device(), port.get() == ports_.mirror, port->counters()});
      port->Stop();
    }
    summary_.generation = startup_.generation->number;
    if (eve_) {
      const Result<void> stopped = eve_->Stop(RunClock().Now());
      summary_.events_written = eve_->written();
      summary_.events_lost = eve_->lost();
      if (!stopped) {
        log_->error("{}", stopped.error().what);
        summary_.defect = "events were lost: " + stopped.error().what;
      }
    }
    if (const std::string defect = ConservationDefect(summary_); !defect.empty()) {
      log_->error("{}", defect);
      summary_.defect = defect;
    }
    return std::move(summary_);
  }

  // What is destroyed last stands first: threads end before workers, these before
  // ports, pool and EAL.
  const StartupOptions& options_;
  RunSettings settings_;
  Startup startup_;
  std::shared_ptr<spdlog::logger> log_;
  sigset_t signals_{};
  std::vector<int> cpus_;
  Summary summary_;
  std::unique_ptr<Eal> eal_;
  std::unique_ptr<FramePool> pool_;
  std::vector<std::unique_ptr<Port>> owned_;
  Ports ports_;
  bool rss_ = false;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<Distributor> distributor_;
  std::thread distributor_thread_;
  Answers registered_;  // of each thread, as it starts
  std::atomic<bool> stop_distributor_{false};
  std::atomic<bool> stop_workers_{false};
  std::unique_ptr<EveWriter> eve_;
};

}  // namespace

std::string ConservationDefect(const Summary& summary) {
  const WorkerCounters& c = summary.counters;
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  for (const PortReport& port : summary.ports) {
    if (port.is_mirror) continue;
    received += port.counters.rx_packets - port.counters.rx_unusable;
    sent += port.counters.tx_packets;
  }
  const auto numbers = [](std::uint64_t a, std::uint64_t b) {
    return std::to_string(a) + " against " + std::to_string(b);
  };
  if (c.rx_packets != c.forwarded_packets + c.dropped_total() + c.held_packets)
    return "the workers' frames do not add up: " +
           numbers(c.rx_packets, c.forwarded_packets + c.dropped_total() + c.held_packets);
  if (c.flows_created != c.flows_ended) return "flows do not add up: " + numbers(c.flows_created, c.flows_ended);
  if (received != c.rx_packets)
    return "the frames received at the ports are not the workers': " + numbers(received, c.rx_packets);
  if (sent != c.forwarded_packets + c.injected_packets)
    return "the frames sent at the ports are not those forwarded and injected: " +
           numbers(sent, c.forwarded_packets + c.injected_packets);
  return {};
}

Result<Summary> RunInline(const StartupOptions& options, const Startup& startup) {
  return Appliance(options, startup).Go();
}

}  // namespace weir
