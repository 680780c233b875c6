// The summary of a replay, for a person and for a program.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dataplane/control/replay.h"

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

std::string SummaryTable(const ReplayResult& result) {
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
  text += fmt::format("\n{:.3f} s of traffic in {:.3f} s\n", result.capture_seconds, result.wall_seconds);
  return text;
}

std::string SummaryJson(const ReplayResult& result) {
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
  const json all = {{"packets",
                     {{"received", c.rx_packets},
                      {"forwarded", c.forwarded_packets},
                      {"dropped", dropped},
                      {"held", c.held_packets},
                      {"injected", c.injected_packets},
                      {"mirrored", c.mirrored_packets}}},
                    {"bytes", {{"received", c.rx_bytes}, {"forwarded", c.forwarded_bytes}}},
                    {"flows", {{"created", c.flows_created}, {"ended", c.flows_ended}, {"evicted", c.flows_evicted}}},
                    {"alerts", c.alerts},
                    {"events", {{"written", result.events_written}, {"lost", result.events_lost}}},
                    {"times_clamped", result.times_clamped},
                    {"generation", result.generation},
                    {"seconds", {{"capture", result.capture_seconds}, {"wall", result.wall_seconds}}},
                    {"apps", apps}};
  return all.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace weir
