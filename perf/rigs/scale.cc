// perf/rig scale: what a packet and a new flow cost, by number of rules, of flows, by packet size, by share of
// undecided packets, by workers. perf/README.md says what the columns are.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "perf/rigs/measure.h"
#include "perf/rigs/rigs.h"
#include "perf/rigs/scale_workers.h"

namespace weir::perf {
namespace {

constexpr std::size_t kNames = 200;
constexpr std::size_t kHits = 10;  // of the names, each by one of the first rules

// Names as lists have them: labels of 4 to 14 letters, of the domains that lists are full of. The first of a longer
// list are those of a shorter one.
std::vector<std::string> RuleNames(std::size_t count) {
  constexpr std::array<std::string_view, 8> kTop = {"com", "net", "org", "info", "xyz", "online", "com.example", "top"};
  std::mt19937 random(6);
  std::vector<std::string> names;
  for (std::size_t n = 0; n < count; ++n) {
    std::string label;
    for (std::size_t left = 4 + random() % 11; left > 0; --left) label += static_cast<char>('a' + random() % 26);
    names.push_back(label + std::to_string(n) + "." + std::string(kTop[random() % kTop.size()]));
  }
  return names;
}

std::string RuleText(std::span<const std::string> names) {
  std::string text;
  for (std::size_t n = 0; n < names.size(); ++n)
    text += fmt::format(
        "alert tls any any -> any any (msg:\"{0}\"; tls.sni; dotprefix; content:\".{0}\"; nocase; endswith; sid:{1}; "
        "rev:1;)\n",
        names[n], 1000 + n);
  return text;
}

struct Costs {
  std::vector<std::vector<double>> all;  // by case, a value a round
  // Ratio of cost: case `base` / case `one`, round by round.
  [[nodiscard]] Spread Ratio(std::size_t base, std::size_t one) const {
    std::vector<double> ratios;
    for (std::size_t round = 0; round < all[one].size(); ++round) ratios.push_back(all[base][round] / all[one][round]);
    return Of(ratios);
  }
};

// turn(i) -> net cost of case i; cases by turns, another first each round, the first round warms.
template <class Turn>
Costs Interleave(std::size_t cases, unsigned rounds, Turn turn) {
  Costs measured{std::vector<std::vector<double>>(cases)};
  for (unsigned round = 0; round <= rounds; ++round)
    for (std::size_t n = 0; n < cases; ++n) {
      const std::size_t one = (n + round) % cases;
      const double cost = turn(one);
      if (round > 0) measured.all[one].push_back(cost);
    }
  return measured;
}

std::string Text(const Spread& s) { return fmt::format("{:8.1f} ({:7.1f} ..{:8.1f})", s.median, s.low, s.high); }
std::string TextOfRatio(const Spread& s) { return fmt::format("{:6.3f} ({:.3f} .. {:.3f})", s.median, s.low, s.high); }
nlohmann::json Json(const Spread& s) { return {{"median", s.median}, {"low", s.low}, {"high", s.high}}; }

struct Rig {
  const ScaleOptions& options;
  Startup startup;  // what ships
  NewTls tls;
  std::string defect;

  // Null, and a defect, where it cannot be made.
  std::unique_ptr<Subject> Make(const Startup& with, std::uint32_t flows, std::uint32_t spare) {
    auto made = Subject::Create(with, flows, spare);
    if (made == nullptr) defect = fmt::format("a worker with {} flows could not be made", flows);
    return made;
  }
  [[nodiscard]] double Established(Subject& subject, std::size_t length) const {
    const double stamp = subject.Established(options.frames, length, false);
    return subject.Established(options.frames, length, true) - stamp;
  }
  void Check(const Subject& subject, const std::string& what) {
    if (const std::string said = subject.Defect(); !said.empty()) defect = what + ": " + said;
  }
};

// Startup with so many rules in the place of those that ship, and the ms that it took (the median of three).
std::optional<std::pair<Startup, double>> StartWith(std::size_t rules) {
  const std::string file = fmt::format("/tmp/weir-rig-{}.rules", getpid());
  const std::vector<std::string> names = RuleNames(rules);
  const bool written = static_cast<bool>(std::ofstream(file) << RuleText(names));
  StartupOptions options;
  options.only_rules = {file};
  std::optional<Startup> with;
  std::vector<double> ms;
  for (int time = 0; written && time < 3; ++time) {
    const double start = CpuNs(CLOCK_PROCESS_CPUTIME_ID);
    auto loaded = LoadStartup(options);
    ms.push_back((CpuNs(CLOCK_PROCESS_CPUTIME_ID) - start) / 1e6);
    if (loaded) with = std::move(*loaded);
  }
  std::filesystem::remove(file);
  if (!with) return std::nullopt;
  return std::pair{std::move(*with), Of(ms).median};
}

// What the traffic of the part `rules` names: the first rules name kHits of it.
NewTls TrafficFor(std::uint32_t rules) {
  std::vector<std::string> names = RuleNames(kHits);
  for (std::size_t n = kHits; n < kNames; ++n) names.push_back(fmt::format("host{}.shop{}.com", n, n * 7919));
  NewTls tls = MakeNewTls(names);
  for (std::size_t talk = 0; talk < tls.talks.size(); ++talk)
    tls.alerts[talk] = talk / 2 < std::min<std::size_t>(kHits, rules);
  return tls;
}

nlohmann::json ScaleRules(Rig& rig) {
  const ScaleOptions& options = rig.options;
  std::vector<std::unique_ptr<Subject>> subjects;
  std::vector<NewTls> traffic;
  std::vector<double> start_ms;
  for (const std::uint32_t rules : options.rules) {
    auto with = StartWith(rules);
    if (!with) return rig.defect = fmt::format("{} rules do not load", rules), nullptr;
    start_ms.push_back(with->second);
    traffic.push_back(TrafficFor(rules));
    subjects.push_back(rig.Make(with->first, options.live, options.connections));
    if (subjects.back() == nullptr) return nullptr;
  }
  const Costs fresh = Interleave(subjects.size(), options.rounds, [&](std::size_t n) {
    const double stamp = subjects[n]->NewFlows(options.connections, traffic[n], false);
    return subjects[n]->NewFlows(options.connections, traffic[n], true) - stamp;
  });
  const Costs old =
      Interleave(subjects.size(), options.rounds, [&](std::size_t n) { return rig.Established(*subjects[n], 64); });
  std::size_t base = 0;  // 100 rules, where they are asked for
  for (std::size_t n = 0; n < subjects.size(); ++n) base = options.rules[n] == 100 ? n : base;
  fmt::print("\n{:>8} {:>9} {:>29} {:>7} {:>24} {:>29} {:>24}\n", "rules", "start ms", "new flow ns", "k/s",
             fmt::format("rate / {} rules", options.rules[base]), "established ns/frame", "rate");
  nlohmann::json rows = nlohmann::json::array();
  for (std::size_t n = 0; n < subjects.size(); ++n) {
    const Spread cost = Of(fresh.all[n]), frame = Of(old.all[n]);
    fmt::print("{:>8} {:9.1f} {} {:7.1f} {} {} {}\n", options.rules[n], start_ms[n], Text(cost), 1e6 / cost.median,
               TextOfRatio(fresh.Ratio(base, n)), Text(frame), TextOfRatio(old.Ratio(base, n)));
    rows.push_back({{"rules", options.rules[n]},
                    {"start_ms", start_ms[n]},
                    {"new_flow_ns", Json(cost)},
                    {"new_flow_rate_over_base", Json(fresh.Ratio(base, n))},
                    {"established_ns", Json(frame)},
                    {"established_rate_over_base", Json(old.Ratio(base, n))},
                    {"base_rules", options.rules[base]}});
    rig.Check(*subjects[n], fmt::format("{} rules", options.rules[n]));
  }
  return rows;
}

nlohmann::json ScaleFlows(Rig& rig) {
  std::vector<std::unique_ptr<Subject>> subjects;
  for (const std::uint32_t flows : rig.options.flows) {
    subjects.push_back(rig.Make(rig.startup, flows, 0));
    if (subjects.back() == nullptr) return nullptr;
  }
  const Costs measured =
      Interleave(subjects.size(), rig.options.rounds, [&](std::size_t n) { return rig.Established(*subjects[n], 64); });
  fmt::print("\n{:>8} {:>29} {:>7} {:>24} {:>7} {:>7}\n", "flows", "established ns/frame", "Mpps",
             fmt::format("rate / {} flows", rig.options.flows[0]), "B/flow", "more B");
  nlohmann::json rows = nlohmann::json::array();
  for (std::size_t n = 0; n < subjects.size(); ++n) {
    const Spread cost = Of(measured.all[n]);
    // What each flow beyond those of the line before takes: a worker's fixed part is not in it.
    const double bytes = subjects[n]->flow_bytes() * subjects[n]->flows();
    const double fewer = n == 0 ? 0 : subjects[n - 1]->flow_bytes() * subjects[n - 1]->flows();
    const double more =
        (bytes - fewer) / (static_cast<double>(subjects[n]->flows()) - (n == 0 ? 0 : subjects[n - 1]->flows()));
    fmt::print("{:>8} {} {:7.2f} {} {:7.0f} {:7.0f}\n", subjects[n]->flows(), Text(cost), 1e3 / cost.median,
               TextOfRatio(measured.Ratio(0, n)), subjects[n]->flow_bytes(), more);
    rows.push_back({{"flows", subjects[n]->flows()},
                    {"established_ns", Json(cost)},
                    {"rate_over_first", Json(measured.Ratio(0, n))},
                    {"bytes_per_flow", subjects[n]->flow_bytes()},
                    {"bytes_per_flow_more", more}});
    rig.Check(*subjects[n], fmt::format("{} flows", subjects[n]->flows()));
  }
  return rows;
}

nlohmann::json ScaleSizes(Rig& rig) {
  const auto subject = rig.Make(rig.startup, rig.options.live, 0);
  if (subject == nullptr) return nullptr;
  const std::vector<std::size_t>& sizes = rig.options.sizes;
  const Costs measured =
      Interleave(sizes.size(), rig.options.rounds, [&](std::size_t n) { return rig.Established(*subject, sizes[n]); });
  fmt::print("\n{:>8} {:>29} {:>7} {:>8}\n", "bytes", "established ns/frame", "Mpps", "Gbit/s");
  nlohmann::json rows = nlohmann::json::array();
  for (std::size_t n = 0; n < sizes.size(); ++n) {
    const Spread cost = Of(measured.all[n]);
    // On the wire preamble, start and gap take 20 bytes more.
    const double gbit = static_cast<double>(sizes[n] + 20) * 8 / cost.median;
    fmt::print("{:>8} {} {:7.2f} {:8.2f}\n", sizes[n], Text(cost), 1e3 / cost.median, gbit);
    rows.push_back({{"bytes", sizes[n]}, {"established_ns", Json(cost)}, {"gbit_per_s", gbit}});
  }
  rig.Check(*subject, "sizes");
  return rows;
}

nlohmann::json ScaleUndecided(Rig& rig) {
  const ScaleOptions& options = rig.options;
  const std::size_t frames = options.frames / 4;
  const auto subject = rig.Make(rig.startup, options.live, static_cast<std::uint32_t>(frames / 7 + kBurst));
  if (subject == nullptr) return nullptr;
  const Costs measured = Interleave(options.undecided.size(), options.rounds, [&](std::size_t n) {
    const double stamp = subject->Mixed(frames, options.undecided[n], rig.tls, false);
    return subject->Mixed(frames, options.undecided[n], rig.tls, true) - stamp;
  });
  fmt::print("\n{:>11} {:>29} {:>7} {:>24}\n", "undecided %", "ns/frame", "Mpps", "rate / first");
  nlohmann::json rows = nlohmann::json::array();
  for (std::size_t n = 0; n < options.undecided.size(); ++n) {
    const Spread cost = Of(measured.all[n]);
    fmt::print("{:>11.1f} {} {:7.2f} {}\n", options.undecided[n] / 10.0, Text(cost), 1e3 / cost.median,
               TextOfRatio(measured.Ratio(0, n)));
    rows.push_back({{"undecided_permille", options.undecided[n]},
                    {"ns", Json(cost)},
                    {"rate_over_first", Json(measured.Ratio(0, n))}});
  }
  rig.Check(*subject, "undecided");
  return rows;
}

}  // namespace

int RunScale(const ScaleOptions& asked) {
  ScaleOptions options = asked;
  options.frames -= options.frames % 512, options.connections -= options.connections % 512;
  std::sort(options.flows.begin(), options.flows.end());
  options.flows.erase(std::unique(options.flows.begin(), options.flows.end()), options.flows.end());
  auto startup = LoadStartup({});
  if (!startup) return 2;
  Rig rig{options, std::move(*startup), TrafficFor(0), {}};
  nlohmann::json results;
  for (const std::string& part : options.parts) {
    if (part == "rules") results[part] = ScaleRules(rig);
    if (part == "flows") results[part] = ScaleFlows(rig);
    if (part == "sizes") results[part] = ScaleSizes(rig);
    if (part == "undecided") results[part] = ScaleUndecided(rig);
    if (part == "workers") results[part] = ScaleWorkers(options, rig.startup, rig.tls);
    std::fflush(stdout);
    if (!rig.defect.empty()) return fmt::print(stderr, "weir_rig: {}: {}\n", part, rig.defect), 1;
    if (results[part].is_null()) return 2;
  }
  if (!options.json.empty() && !(std::ofstream(options.json) << results.dump(1) << "\n")) return 2;
  return 0;
}

}  // namespace weir::perf
