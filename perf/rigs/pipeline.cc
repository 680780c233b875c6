// perf/rig pipeline: an l2 forwarder, l3fwd's exact match and weir's worker over the same
// frames in the same buffers, by turns. perf/README.md says what the columns are.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "dataplane/control/startup.h"
#include "dataplane/pipeline/worker.h"
#include "dataplane/telemetry/event_codec.h"
#include "perf/rigs/forwarders.h"
#include "perf/rigs/measure.h"
#include "perf/rigs/rigs.h"
#include "perf/support/traffic.h"

namespace weir::perf {
namespace {

enum Variant : std::size_t { kStamp, kL2, kExact, kWeir, kVariants };
constexpr std::array<std::string_view, kVariants> kNames = {"stamp", "l2", "exact", "weir"};

constexpr std::size_t kSteps = 11;      // frames of a connection that ends and begins again: 4 of them SYN or FIN
constexpr std::uint32_t kAnswered = 5;  // Tuple::step of the SYN/ACK, with which the worker begins a new flow
constexpr std::size_t kTurning = 8;     // such connections at a time

// Which flow, and which of its frames: one of the tuple array.
struct Tuple {
  std::uint32_t flow : 24;
  std::uint32_t back : 1;
  std::uint32_t size : 2;
  std::uint32_t step : 4;   // 0: data; else one more than the step of a connection's turn
  std::uint32_t again : 1;  // alternates with each turn of a flow
};

struct Traffic {
  std::uint32_t flows = 0;
  bool zipf = false;
  bool imix = false;
  unsigned permille = 0;  // SYN and FIN
};

// Connections that end and begin again, kTurning at a time; meanwhile no data of theirs may be sent.
class Turns {
 public:
  explicit Turns(std::uint32_t flows) : busy_(flows), again_(flows) {
    for (auto& each : open_) Begin(each);
  }
  [[nodiscard]] bool Busy(std::uint32_t flow) const { return busy_[flow]; }
  // The next frame; false: none, for it would begin a new turn and `last` says that none shall.
  bool Next(bool last, Tuple& tuple) {
    for (std::size_t tried = 0; tried < kTurning; ++tried) {
      Turn& turn = open_[at_++ % kTurning];
      if (turn.step == 0 && last) continue;
      if (turn.step == 0) busy_[turn.flow] = true, again_[turn.flow] = !again_[turn.flow];
      tuple.flow = turn.flow & 0xffffff;
      tuple.again = again_[turn.flow] ? 1 : 0;
      tuple.step = ++turn.step & 15u;
      if (turn.step == kSteps) busy_[turn.flow] = false, Begin(turn);
      return true;
    }
    return false;
  }

 private:
  struct Turn {
    std::uint32_t flow = 0;
    std::uint32_t step = 0;
  };
  void Begin(Turn& turn) {
    do turn = {static_cast<std::uint32_t>(next_++ * 2654435761u % busy_.size()), 0};
    while (busy_[turn.flow]);
  }
  std::vector<bool> busy_, again_;
  std::array<Turn, kTurning> open_{};
  std::uint64_t next_ = 0;
  std::size_t at_ = 0;
};

// `parts` of equal length, each of which leaves all connections open.
std::vector<Tuple> MakeTuples(const Traffic& traffic, unsigned parts) {
  std::mt19937_64 random(traffic.flows);
  std::uniform_real_distribution<double> unit(0, 1);
  std::vector<Tuple> tuples(std::max<std::size_t>(1u << 21, std::min<std::size_t>(traffic.flows, 1u << 23)));
  const std::size_t share = tuples.size() / parts / kFrames * kFrames;
  const std::uint64_t every = 4'000'000;  // a frame of a turn each time that permille * kSteps * 1000 sum up to it
  Turns turns(traffic.flows);
  std::uint64_t due = 0;
  for (std::size_t at = 0; at < tuples.size(); ++at) {
    Tuple& each = tuples[at];
    due += traffic.permille * kSteps * 1000;
    if (due >= every) {
      due -= every;
      const std::size_t rest = share - std::min(share, at % share);
      if (turns.Next(rest < 2 * kTurning * every / (traffic.permille * 1000), each)) continue;
    }
    // Zipf with exponent 1: the rank's distribution function is ln(rank) / ln(flows).
    const double flows = traffic.flows;
    const double pick = traffic.zipf ? std::pow(flows, unit(random)) - 1 : unit(random) * flows;
    const std::uint64_t rank = std::min<std::uint64_t>(static_cast<std::uint64_t>(pick), traffic.flows - 1);
    auto flow = static_cast<std::uint32_t>(rank * 2654435761u % traffic.flows);
    while (turns.Busy(flow)) flow = (flow + 1) % traffic.flows;
    each.flow = flow & 0xffffff;
    each.back = random() & 1;
    const std::uint64_t of_twelve = traffic.imix ? random() % 12 : 0;
    each.size = of_twelve < 7 ? 0u : of_twelve < 11 ? 1u : 2u;
  }
  return tuples;
}

// Frames of `length` on the wire, FCS included, or the least that a TCP segment takes.
std::array<std::vector<Pattern>, 2> OfLength(std::size_t length) {
  return {Established(false, length - 58), Established(true, length > 78 ? length - 78 : 0)};
}

// What a tuple's frame looks like.
class Frames {
 public:
  // `turn`: no two with the same number, so that a SYN is never one that was seen.
  Frames(std::span<const std::size_t> lengths, std::uint32_t turn) {
    for (const std::size_t length : lengths) data_.push_back(OfLength(length));
    for (const bool ipv6 : {false, true}) {
      const std::vector<Pattern> whole = TlsConnection(ipv6, "www.innocent.example");
      for (std::uint32_t again = 0; again < 2; ++again)
        for (std::size_t step = 0; step < kSteps; ++step)  // FIN, FIN, ACK of the old one, and the new one
          turns_[ipv6][again].push_back(Renumbered(whole[(step + 8) % kSteps], (2 * turn + again) * 0x01234567u));
    }
  }
  [[nodiscard]] const Pattern& Of(Tuple tuple) const noexcept {
    if (tuple.step != 0) return turns_[tuple.flow % 2][tuple.again][tuple.step - 1u];
    return data_[tuple.size][tuple.flow % 2][tuple.back];
  }

 private:
  std::vector<std::array<std::vector<Pattern>, 2>> data_;     // by size
  std::array<std::array<std::vector<Pattern>, 2>, 2> turns_;  // by version, by Tuple::again
};

struct Bench {
  Buffers buffers;
  ExactMatch exact;
  EventRing events{std::size_t{1} << 22, EventRing::Mode::kLossy};
  std::unique_ptr<Worker> worker;
  BurstOutput out;
  Timestamp now{1'800'000'000'000'000};
  std::uint64_t bursts = 0;
  std::uint32_t turns = 0;
  double flow_bytes = 0;

  explicit Bench(std::uint32_t flows) : exact(flows + flows / 4 + 1024) {}
  void Drain() {
    while (events.state().Front() != nullptr) events.state().Pop();
  }
  void Judge(const Burst& burst, std::size_t count) {
    std::array<FrameRef, kBurst> frames;
    for (std::size_t i = 0; i < count; ++i) {
      frames[i].handle = burst[i].mbuf, frames[i].data = burst[i].data, frames[i].len = burst[i].len;
      frames[i].time = now;
    }
    out.Clear();
    worker->Process({frames.data(), count}, out);
    now.us += 3;  // about 10 M frames a second
    if (++bursts % 1024 == 0) worker->Tick(now, out), Drain();
  }
};

bool Establish(Bench& bench, std::uint32_t flows) {
  auto startup = LoadStartup({});
  if (!startup) return false;
  startup->config.engine.flow_capacity = flows + flows / 16 + 1024;
  const std::size_t before = ResidentBytes();
  auto made = Worker::Create(WorkerId{0}, startup->config.engine, startup->generation, &bench.events, {1, 2});
  if (!made) return false;
  bench.worker = std::move(*made);
  const std::array hello = {TlsConnection(false, "www.innocent.example"), TlsConnection(true, "www.innocent.example")};
  Burst burst;
  bench.buffers.Take(burst);
  for (std::uint32_t flow = 0; flow < flows; ++flow) {
    for (std::size_t i = 0; i < 8; ++i) {
      const Pattern& pattern = hello[flow % 2][i];
      Stamper::StampInto(burst[i].data, pattern, flow);
      burst[i].len = static_cast<std::uint32_t>(pattern.bytes.size());
    }
    bench.Judge(burst, 8);
    if (flow % 64 == 0) bench.Drain();
  }
  bench.flow_bytes = static_cast<double>(ResidentBytes() - before) / flows;
  const auto data = OfLength(64);
  for (std::uint32_t flow = 0; flow < flows; ++flow)
    for (std::size_t back = 0; back < 2; ++back) {
      Stamper::StampInto(burst[0].data, data[flow % 2][back], flow);
      if (!bench.exact.Add(burst[0].data)) return false;
    }
  bench.buffers.Give(burst);
  return bench.worker->counters().dropped_total() == 0;
}

// ns a frame of one turn; negative: a frame was not forwarded, or a connection not begun again.
double Turn(Bench& bench, Variant variant, std::span<const Tuple> tuples, const Frames& frames_of) {
  Burst burst;
  if (variant == kStamp) bench.buffers.Take(burst);
  std::size_t forwarded = 0;
  const WorkerCounters before = bench.worker->counters();
  const double start = CpuNs();
  for (std::size_t at = 0; at + kFrames <= tuples.size(); at += kFrames) {
    if (variant != kStamp) bench.buffers.Take(burst);
    for (std::size_t i = 0; i < kFrames; ++i) {
      const Tuple tuple = tuples[at + i];
      const Pattern& pattern = frames_of.Of(tuple);
      Stamper::StampInto(burst[i].data, pattern, tuple.flow);
      burst[i].len = static_cast<std::uint32_t>(pattern.bytes.size());
    }
    if (variant == kL2) ForwardL2(burst);
    if (variant == kExact) forwarded += bench.exact.Forward(burst);
    if (variant == kWeir) bench.Judge(burst, kFrames);
    if (variant != kStamp) bench.buffers.Give(burst);
  }
  const double spent = CpuNs() - start;
  if (variant == kStamp) bench.buffers.Give(burst);
  const std::size_t frames = tuples.size() / kFrames * kFrames;
  if (variant == kWeir) {
    const WorkerCounters& after = bench.worker->counters();
    const auto begun = std::count_if(tuples.begin(), tuples.begin() + static_cast<std::ptrdiff_t>(frames),
                                     [](const Tuple& each) { return each.step == kAnswered; });
    if (after.flows_created - before.flows_created != static_cast<std::uint64_t>(begun)) return -1;
    forwarded = after.forwarded_packets - before.forwarded_packets;
  }
  if ((variant == kExact || variant == kWeir) && forwarded != frames) return -1;
  return spent / static_cast<double>(frames);
}

nlohmann::json Measure(Bench& bench, const Traffic& traffic, const PipelineSize& size, unsigned rounds) {
  const std::vector<Tuple> tuples = MakeTuples(traffic, rounds);
  const std::size_t share = tuples.size() / rounds / kFrames * kFrames;
  std::array<std::vector<double>, kVariants> net;
  std::vector<double> ratio;
  // The first round warms and does not count.
  for (unsigned round = 0; round <= rounds; ++round) {
    const std::span part = std::span(tuples).subspan((round % rounds) * share, share);
    const Frames frames_of(size.lengths, bench.turns++);
    std::array<double, kVariants> ns{};
    for (std::size_t turn = 0; turn < kVariants; ++turn) {
      const auto variant = static_cast<Variant>((turn + round) % kVariants);
      ns[variant] = Turn(bench, variant, part, frames_of);
      if (ns[variant] < 0) return {};
    }
    if (round == 0) continue;
    net[kStamp].push_back(ns[kStamp]);
    for (const Variant variant : {kL2, kExact, kWeir}) net[variant].push_back(ns[variant] - ns[kStamp]);
    ratio.push_back((ns[kExact] - ns[kStamp]) / (ns[kWeir] - ns[kStamp]));
  }
  if (bench.events.lost() > 0) return {};
  const std::string_view pick = traffic.zipf ? "zipf" : "uniform";
  nlohmann::json row = {{"flows", traffic.flows},
                        {"pick", pick},
                        {"size", size.name},
                        {"syn_fin_permille", traffic.permille},
                        {"bytes_per_flow", bench.flow_bytes}};
  std::string line = fmt::format("{:>9} {:8} {:5} {:4.1f}", traffic.flows, pick, size.name, traffic.permille / 10.0);
  for (std::size_t variant = 0; variant < kVariants; ++variant) {
    const Spread s = Of(net[variant]);
    row["ns"][std::string(kNames[variant])] = {
        {"median", s.median}, {"low", s.low}, {"high", s.high}, {"all", net[variant]}};
    line += fmt::format(" {:6.1f} ({:5.1f} ..{:6.1f})", s.median, s.low, s.high);
  }
  const Spread s = Of(ratio);
  row["weir_over_exact"] = {{"median", s.median}, {"low", s.low}, {"high", s.high}};
  fmt::print("{}  {:6.2f} {:6.3f} ({:.3f} .. {:.3f}) {:6.0f}\n", line, 1000 / Of(net[kWeir]).median, s.median, s.low,
             s.high, bench.flow_bytes);
  std::fflush(stdout);
  return row;
}

}  // namespace

int RunPipeline(const PipelineOptions& options) {
  const std::uint32_t most = *std::max_element(options.flows.begin(), options.flows.end());
  if (!StartDpdk(512 + std::size_t{most} * 320 / (1 << 20))) return 2;
  fmt::print("{:>9} {:8} {:5} {:>4} {:>24}{:>24}{:>24}{:>24}  {:>6} {:>24} {:>6}\n", "flows", "pick", "size", "SF %",
             "stamp ns/frame", "l2", "exact", "weir", "Mpps", "weir/exact (rate)", "B/flow");
  nlohmann::json rows = nlohmann::json::array();
  for (const std::uint32_t flows : options.flows) {
    auto bench = std::make_unique<Bench>(flows);
    if (!bench->buffers.ok() || !bench->exact.ok() || !Establish(*bench, flows)) {
      fmt::print(stderr, "weir_rig: {} flows could not be established\n", flows);
      return 2;
    }
    for (const PipelineSize& size : options.sizes)
      for (const auto& [zipf, permille] : {std::pair(false, 0u), {true, 0u}, {false, 10u}, {true, 10u}}) {
        nlohmann::json row = Measure(*bench, {flows, zipf, size.lengths.size() > 1, permille}, size, options.rounds);
        if (row.is_null()) {
          fmt::print(
              stderr,
              "weir_rig: {} flows, {}: a frame was not forwarded, a connection not begun again or an event lost\n",
              flows, size.name);
          return 1;
        }
        rows.push_back(std::move(row));
      }
  }
  if (!options.json.empty() && !(std::ofstream(options.json) << rows.dump(1) << "\n")) return 2;
  return 0;
}

}  // namespace weir::perf
