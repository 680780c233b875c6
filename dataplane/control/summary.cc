// The summary of a replay or a run, for a person and for a program.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <tuple>

#include "dataplane/control/summary.h"

namespace weir {
namespace {

std::string Bytes_(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1000 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string Verdicts(const FlowSummary::Row& row) {
  std::string text;
  for (const auto& [verdict, n] : row.verdicts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", verdict, n);
  return text;
}

}  // namespace

void AddCounters(WorkerCounters& sum, const WorkerCounters& worker) noexcept {
  for (const auto member :
       {&WorkerCounters::rx_packets, &WorkerCounters::rx_bytes, &WorkerCounters::forwarded_packets,
        &WorkerCounters::forwarded_bytes, &WorkerCounters::held_packets, &WorkerCounters::injected_packets,
        &WorkerCounters::injected_dropped_packets, &WorkerCounters::mirrored_packets,
        &WorkerCounters::mirror_dropped_packets, &WorkerCounters::flows_created, &WorkerCounters::flows_ended,
        &WorkerCounters::flows_evicted, &WorkerCounters::undecided_bytes, &WorkerCounters::alerts,
        &WorkerCounters::tcp_urgent_cleared, &WorkerCounters::busy_cycles}) {
    sum.*member += worker.*member;
  }
  const auto add = [](auto& to, const auto& from) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i];
  };
  add(sum.dropped_packets, worker.dropped_packets);
  add(sum.dropped_bytes, worker.dropped_bytes);
  add(sum.reader_events, worker.reader_events);
  add(sum.exceptions, worker.exceptions);
}

std::string SummaryTable(const Summary& result) {
  using Entry = std::pair<std::string, const FlowSummary::Row*>;
  std::vector<Entry> rows;
  for (const auto& [app, row] : result.flows.rows()) rows.emplace_back(app, &row);
  std::sort(rows.begin(), rows.end(), [](const Entry& a, const Entry& b) {
    if (a.first.empty() != b.first.empty()) return b.first.empty();  // what is unknown stands last
    return std::tie(b.second->bytes, a.first) < std::tie(a.second->bytes, b.first);
  });
  std::string text = fmt::format("{:<18} {:<14} {:>6} {:>9}  {:<22} {}\n", "app", "category", "flows", "bytes",
                                 "verdicts", "evidence");
  for (const auto& [app, row] : rows) {
    text += fmt::format("{:<18} {:<14} {:>6} {:>9}  {:<22} {}\n", app.empty() ? "(unknown)" : app, Name(row->category),
                        row->flows, Bytes_(row->bytes), Verdicts(*row), row->evidence);
  }
  const WorkerCounters& c = result.counters;
  text +=
      fmt::format("\n{} packets in = {} forwarded + {} dropped", c.rx_packets, c.forwarded_packets, c.dropped_total());
  for (std::size_t i = 1; i < kDropReasonCount; ++i) {
    if (c.dropped_packets[i] > 0) text += fmt::format("\n  {:>10} {}", c.dropped_packets[i], kDropReasonNames[i]);
  }
  text += fmt::format("\n{} injected, {} mirrored, {} alerts, {} flows, {} events", c.injected_packets,
                      c.mirrored_packets, c.alerts, c.flows_created, result.events_written);
  if (result.ports.empty()) {
    return text + fmt::format("\n{:.3f} s of traffic in {:.3f} s\n", result.capture_seconds, result.wall_seconds);
  }
  text += fmt::format("\n\n{:<34} {:>10} {:>10} {:>8} {:>8} {:>8} {:>8}", "port", "received", "sent", "missed",
                      "no frame", "rx error", "tx error");
  for (const PortReport& port : result.ports) {
    const PortCounters& p = port.counters;
    text += fmt::format("\n{:<34.34} {:>10} {:>10} {:>8} {:>8} {:>8} {:>8}", port.device, p.rx_packets, p.tx_packets,
                        p.rx_missed, p.rx_no_frame, p.rx_errors + p.rx_unusable, p.tx_errors);
  }
  return text + fmt::format("\nran {:.3f} s\n", result.wall_seconds);
}

std::string SummaryJson(const Summary& result) {
  using nlohmann::json;
  const WorkerCounters& c = result.counters;
  json dropped = json::object();
  for (std::size_t i = 1; i < kDropReasonCount; ++i) dropped[std::string(kDropReasonNames[i])] = c.dropped_packets[i];
  json apps = json::array();
  for (const auto& [app, row] : result.flows.rows()) {
    apps.push_back({{"app", app.empty() ? json() : json(app)},
                    {"category", row.category == Category::kNone ? json() : json(std::string(Name(row.category)))},
                    {"flows", row.flows},
                    {"packets", row.packets},
                    {"bytes", row.bytes},
                    {"verdicts", row.verdicts},
                    {"evidence", row.evidence}});
  }
  json ports = json::array();
  for (const PortReport& port : result.ports) {
    const PortCounters& p = port.counters;
    ports.push_back({{"device", port.device},
                     {"received", p.rx_packets},
                     {"sent", p.tx_packets},
                     {"driver_received", p.driver_rx_packets},
                     {"driver_sent", p.driver_tx_packets},
                     {"missed", p.rx_missed},
                     {"no_frame", p.rx_no_frame},
                     {"rx_errors", p.rx_errors},
                     {"tx_errors", p.tx_errors},
                     {"unusable", p.rx_unusable}});
  }
  json all = {{"packets",
               {{"received", c.rx_packets},
                {"forwarded", c.forwarded_packets},
                {"dropped", dropped},
                {"held", c.held_packets},
                {"injected", c.injected_packets},
                {"injected_dropped", c.injected_dropped_packets},
                {"mirrored", c.mirrored_packets},
                {"mirror_dropped", c.mirror_dropped_packets}}},
              {"bytes", {{"received", c.rx_bytes}, {"forwarded", c.forwarded_bytes}}},
              {"flows", {{"created", c.flows_created}, {"ended", c.flows_ended}, {"evicted", c.flows_evicted}}},
              {"alerts", c.alerts},
              {"events", {{"written", result.events_written}, {"lost", result.events_lost}}},
              {"times_clamped", result.times_clamped},
              {"generation", result.generation},
              {"seconds", {{"capture", result.capture_seconds}, {"wall", result.wall_seconds}}},
              {"apps", apps}};
  if (!ports.empty()) all["ports"] = ports;
  return all.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace weir
