// perf/rig connections: whole new TLS and QUIC flows through one worker, events written by the
// product's writer. perf/README.md says what the columns are.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "dataplane/control/startup.h"
#include "dataplane/pipeline/worker.h"
#include "dataplane/telemetry/eve_writer.h"
#include "perf/rigs/forwarders.h"
#include "perf/rigs/hellos.h"
#include "perf/rigs/measure.h"
#include "perf/rigs/rigs.h"
#include "perf/support/traffic.h"

namespace weir::perf {
namespace {

constexpr std::uint32_t kSlice = 4096;

// One flow's frames, in order. Those that are the same for many flows are shared.
struct Talk {
  std::vector<const Pattern*> frames;
  std::size_t forwarded = 0;  // of them, if the verdict is right
};

struct Traffic {
  std::vector<std::unique_ptr<Pattern>> patterns;
  std::vector<Talk> talks;
  std::string event;       // the one that each flow must have
  std::int64_t life_us{};  // how long a passed flow's record stays after its last frame (flow.timeouts)

  const Pattern* Keep(Pattern pattern) {
    patterns.push_back(std::make_unique<Pattern>(std::move(pattern)));
    return patterns.back().get();
  }
  [[nodiscard]] const Talk& Of(std::uint32_t flow) const noexcept {
    return talks[std::uint64_t{flow} * 2654435761u % talks.size()];
  }
};

Traffic MakeTls(std::size_t names) {
  Traffic traffic;
  traffic.event = "tls", traffic.life_us = 31'000'000;
  std::array<std::array<std::vector<const Pattern*>, 2>, 2> shared;  // by barred, family
  std::uint32_t seed = 0;
  for (const Name& name : MakeNames(names))
    for (const bool ipv6 : {false, true})
      for (const Shape shape : {Shape::kChrome, Shape::kFirefox}) {
        const test::Octets hello = TlsHello(shape, name.text, ++seed);
        std::vector<Pattern> frames = name.barred ? TlsUnanswered(ipv6, hello) : TlsConnectionWith(ipv6, hello);
        std::vector<const Pattern*>& common = shared[name.barred][ipv6];
        if (common.empty())
          for (const Pattern& each : frames) common.push_back(traffic.Keep(each));
        Talk talk{common, name.barred ? 3 : frames.size()};
        talk.frames[3] = traffic.Keep(std::move(frames[3]));
        if (name.barred) talk.frames[4] = talk.frames[3];
        traffic.talks.push_back(std::move(talk));
      }
  return traffic;
}

// Initial, the server's two datagrams, two of the client, one more of the server.
Traffic MakeQuic(std::size_t names, std::size_t initials) {
  Traffic traffic;
  traffic.event = "quic", traffic.life_us = 181'000'000;
  const std::vector<Name> list = MakeNames(names);
  std::array<std::vector<const Pattern*>, 2> rest;
  for (const bool ipv6 : {false, true}) {
    const auto octets = [](std::string_view head, std::size_t size) {
      test::Octets out = test::Hex(head);
      for (std::uint32_t at = 1; out.size() < size; ++at) out.push_back(static_cast<std::byte>(at * 2654435761u >> 24));
      return out;
    };
    const test::Octets flight = octets("c1 00000001 00 08 5555555566666666 00 4496", 1200);
    const test::Octets handshake = octets("e1 00000001 00 08 5555555566666666 4496", 1200);
    rest[ipv6] = {traffic.Keep(Datagram(ipv6, false, flight)), traffic.Keep(Datagram(ipv6, false, handshake)),
                  traffic.Keep(Datagram(ipv6, true, octets("e1 00000001 08 5555555566666666 00 4040", 100))),
                  traffic.Keep(Datagram(ipv6, true, octets("41", 60))),
                  traffic.Keep(Datagram(ipv6, false, octets("41", 1200)))};
  }
  for (std::uint32_t n = 0; n < initials; ++n) {
    const Name& name = list[n % list.size()];
    const bool ipv6 = n / 2 % 2 != 0;
    const Shape shape = n % 3 == 0 ? Shape::kFirefox : Shape::kChrome;
    const Pattern* initial = traffic.Keep(Datagram(ipv6, true, QuicHello(shape, name.text, n + 1)));
    Talk talk{{initial}, 0};
    if (name.barred) {
      talk.frames.push_back(initial);
    } else {
      talk.frames.insert(talk.frames.end(), rest[ipv6].begin(), rest[ipv6].end());
      talk.forwarded = talk.frames.size();
    }
    traffic.talks.push_back(std::move(talk));
  }
  return traffic;
}

struct Lab {
  const Traffic& traffic;
  Buffers& buffers;
  EventRing events{std::size_t{1} << 26, EventRing::Mode::kLossy};
  std::unique_ptr<Worker> worker;
  std::unique_ptr<EveWriter> writer;
  BurstOutput out;
  Timestamp now{1'800'000'000'000'000};
  std::int64_t flow_us = 0;  // of worker time between two flows
  std::uint32_t next = 0;    // flow
  std::uint64_t packets = 0, should_leave = 0;

  // The frames of flows [first, first + count), 32 flows a burst, step by step. `judge`: false stamps only.
  void Run(std::uint32_t first, std::uint32_t count, bool judge) {
    Burst burst;
    std::array<FrameRef, kBurst> frames;
    for (std::uint32_t base = first; base < first + count; base += kBurst) {
      for (std::size_t step = 0, busy = 1; busy > 0; ++step) {
        buffers.Take(burst);
        busy = 0;
        for (std::uint32_t i = 0; i < kBurst; ++i) {
          const Talk& talk = traffic.Of(base + i);
          if (step >= talk.frames.size()) continue;
          const Pattern& pattern = *talk.frames[step];
          Stamper::StampInto(burst[busy].data, pattern, base + i);
          frames[busy].handle = burst[busy].mbuf, frames[busy].data = burst[busy].data;
          frames[busy].len = static_cast<std::uint32_t>(pattern.bytes.size()), frames[busy].time = now;
          ++busy;
        }
        if (judge && busy > 0) {
          out.Clear();
          worker->Process({frames.data(), busy}, out);
          packets += busy;
        }
        buffers.Give(burst);
      }
      if (!judge) continue;
      now.us += flow_us * static_cast<std::int64_t>(kBurst);
      if (base / kBurst % 16 == 0) out.Clear(), worker->Tick(now, out);
    }
  }
  // Waits until all events are written, so that the ring never runs over.
  void Settle() {
    while (writer != nullptr && writer->lost() == 0 && events.pushed() > writer->written()) usleep(500);
  }
  // CPU ns of this thread for `count` new flows.
  double Flows(std::uint32_t count) {
    double spent = 0;
    for (std::uint32_t at = 0; at < count; at += kSlice, next += kSlice) {
      const std::uint32_t slice = std::min(kSlice, count - at);
      const double start = CpuNs();
      Run(next, slice, true);
      spent += CpuNs() - start;
      for (std::uint32_t i = 0; i < slice; ++i) should_leave += traffic.Of(next + i).forwarded;
      Settle();
    }
    return spent;
  }
};

std::uint64_t CountLines(const std::string& path, const std::string& event, std::uint64_t& bytes) {
  std::ifstream in(path);
  std::uint64_t lines = 0;
  const std::string wanted = "\"event_type\":\"" + event + "\"";
  for (std::string line; std::getline(in, line); bytes += line.size() + 1)
    lines += line.substr(0, 400).find(wanted) != std::string::npos ? 1 : 0;
  return lines;
}

// Empty: all is as it must be.
std::string DefectOf(const Lab& lab, std::uint32_t flows, const std::string& eve, std::uint64_t& eve_bytes) {
  const WorkerCounters& counters = lab.worker->counters();
  if (counters.forwarded_packets != lab.should_leave)
    return fmt::format("{} frames left, {} should have", counters.forwarded_packets, lab.should_leave);
  if (counters.forwarded_packets + counters.dropped_total() != lab.packets) return "a frame is in no counter";
  if (eve.empty()) return {};
  if (lab.writer->lost() > 0) return fmt::format("{} events were lost", lab.writer->lost());
  for (const std::string& event : {lab.traffic.event, std::string("flow")}) {
    eve_bytes = 0;
    const std::uint64_t lines = CountLines(eve, event, eve_bytes);
    if (lines != flows) return fmt::format("{} {} events of {} flows", lines, event, flows);
  }
  return {};
}

std::uint32_t WarmFlows(const ConnectionsOptions& options) {
  return (options.live + options.live / 16 + kSlice) / kSlice * kSlice;
}

struct Measured {
  std::uint32_t warm = 0;
  std::vector<double> net, stamp;  // ns a flow
  double writer = 0, end = 0;
  std::uint64_t left = 0;
};

Measured Measure(Lab& lab, const ConnectionsOptions& options) {
  Measured measured;
  // As many flows end as begin from here on.
  lab.flow_us = std::max<std::int64_t>(1, lab.traffic.life_us / options.live);
  measured.warm = WarmFlows(options);
  (void)lab.Flows(measured.warm);
  const double process = CpuNs(CLOCK_PROCESS_CPUTIME_ID), thread = CpuNs();
  for (unsigned round = 0; round < options.rounds; ++round) {
    const double start = CpuNs();
    lab.Run(lab.next, options.flows, false);
    const double stamp = CpuNs() - start;
    measured.stamp.push_back(stamp / options.flows);
    measured.net.push_back((lab.Flows(options.flows) - stamp) / options.flows);
  }
  measured.writer = (CpuNs(CLOCK_PROCESS_CPUTIME_ID) - process - (CpuNs() - thread)) / options.flows / options.rounds;
  const WorkerCounters& counters = lab.worker->counters();
  measured.left = counters.flows_created - counters.flows_ended;
  for (bool more = true; more; lab.Settle()) {
    const double start = CpuNs();
    lab.out.Clear();
    // Later than any timeout, some at a time, so that the ring holds their events.
    more = lab.worker->Tick({lab.now.us + 7'200'000'000}, lab.out, kSlice);
    measured.end += CpuNs() - start;
  }
  measured.end /= static_cast<double>(std::max<std::uint64_t>(measured.left, 1));
  lab.worker->Finish({lab.now.us + 7'200'000'000}, lab.out);
  lab.Settle();
  return measured;
}

int RunOne(const Traffic& traffic, Buffers& buffers, const ConnectionsOptions& options, nlohmann::json& rows) {
  auto startup = LoadStartup({});
  if (!startup) return 2;
  startup->config.engine.flow_capacity = WarmFlows(options) + options.flows * options.rounds;
  Lab lab{traffic, buffers};
  auto made = Worker::Create(WorkerId{0}, startup->config.engine, startup->generation, &lab.events, {1, 2});
  if (!made) return 2;
  lab.worker = std::move(*made);
  const std::string eve = options.eve.empty() ? "/dev/shm/weir-rig-" + std::to_string(getpid()) + ".json" : options.eve;
  auto writer = EveWriter::Start({eve, false, 0}, {&lab.events}, [&] { return lab.worker->counters(); });
  if (!writer) return fmt::print(stderr, "weir_rig: {}\n", writer.error().what), 2;
  lab.writer = std::move(*writer);
  const Measured measured = Measure(lab, options);
  const bool stopped = lab.writer->Stop(lab.now).has_value();
  const std::uint32_t flows = measured.warm + options.flows * options.rounds;
  std::uint64_t eve_bytes = 0;
  const std::string defect = stopped ? DefectOf(lab, flows, eve, eve_bytes) : "the events could not be written";
  if (options.eve.empty()) std::filesystem::remove(eve);
  if (!defect.empty()) return fmt::print(stderr, "weir_rig: {}: {}\n", traffic.event, defect), 1;
  const Spread net = Of(measured.net), stamp = Of(measured.stamp);
  fmt::print("{:6} {:>8} {:9.0f} ({:6.0f} ..{:7.0f}) {:8.1f} {:9.0f} {:9.0f} {:7.2f} {:10.0f} {:9} {:7.0f}\n",
             traffic.event, flows, net.median, net.low, net.high, 1e6 / net.median, stamp.median, measured.writer,
             static_cast<double>(lab.packets) / flows, static_cast<double>(eve_bytes) / flows, measured.left,
             measured.end);
  std::fflush(stdout);
  rows.push_back({{"kind", traffic.event},
                  {"flows", flows},
                  {"ns", {{"median", net.median}, {"low", net.low}, {"high", net.high}, {"all", measured.net}}},
                  {"stamp_ns", stamp.median},
                  {"writer_ns", measured.writer},
                  {"frames_per_flow", static_cast<double>(lab.packets) / flows},
                  {"eve_bytes_per_flow", static_cast<double>(eve_bytes) / flows},
                  {"left", measured.left},
                  {"end_ns", measured.end}});
  return 0;
}

}  // namespace

int RunConnections(const ConnectionsOptions& options) {
  if (!StartDpdk(64)) return 2;
  Buffers buffers;
  if (!buffers.ok()) return 2;
  fmt::print("{:6} {:>8} {:>27} {:>8} {:>9} {:>9} {:>7} {:>10} {:>9} {:>7}\n", "new", "flows", "worker ns/flow", "k/s",
             "stamp ns", "writer ns", "frames", "EVE B/flow", "left", "end ns");
  nlohmann::json rows = nlohmann::json::array();
  for (const std::string& kind : options.kinds) {
    const Traffic traffic = kind == "tls" ? MakeTls(options.names) : MakeQuic(options.names, options.initials);
    if (const int failed = RunOne(traffic, buffers, options, rows); failed != 0) return failed;
  }
  if (!options.json.empty() && !(std::ofstream(options.json) << rows.dump(1) << "\n")) return 2;
  return 0;
}

}  // namespace weir::perf
