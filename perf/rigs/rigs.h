#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace weir::perf {

struct PipelineSize {
  std::string name;
  std::vector<std::size_t> lengths;  // on the wire with FCS; three: 7:4:1
};

struct PipelineOptions {
  std::vector<std::uint32_t> flows = {10'000, 100'000, 1'000'000};
  std::vector<PipelineSize> sizes = {{"64", {64}}, {"imix", {64, 594, 1518}}, {"1518", {1518}}};
  unsigned rounds = 9;
  std::string json;  // empty: none
};

// Prints a table; 0 when all was forwarded, 1 when not, 2 when it could not run.
[[nodiscard]] int RunPipeline(const PipelineOptions& options);

struct ConnectionsOptions {
  std::vector<std::string> kinds = {"tls", "quic"};
  std::uint32_t flows = 1u << 16;   // a round
  std::size_t names = 200;          // one in five barred
  std::size_t initials = 1u << 14;  // sealed in advance, each with a connection id of its own
  std::uint32_t live = 200'000;     // passed flows in the table whose end is yet to come
  unsigned rounds = 7;
  std::string eve;   // empty: a file in /dev/shm that is removed
  std::string json;  // empty: none
};

// Prints a table; 0 when each frame's fate and each flow's events were right, 1 when not, 2 when it could not run.
[[nodiscard]] int RunConnections(const ConnectionsOptions& options);

struct ScaleOptions {
  std::vector<std::string> parts = {"rules", "flows", "sizes", "undecided", "workers"};
  std::vector<std::uint32_t> rules = {0, 100, 1'000, 10'000};       // on server names
  std::vector<std::uint32_t> flows = {10'000, 100'000, 1'000'000};  // that passed
  std::vector<std::size_t> sizes = {64, 594, 1518};                 // bytes on the wire with FCS
  std::vector<std::uint32_t> undecided = {0, 10, 100, 1000};        // permille of packets
  std::uint32_t live = 100'000;                                     // flows that passed, of all parts but `flows`
  std::uint32_t frames = 1u << 19;                                  // a turn
  std::uint32_t connections = 1u << 13;                             // new ones a turn
  unsigned rounds = 7;
  std::string json;  // empty: none
};

// Prints a table a part; 0 when each frame left and each alert was told, 1 when not, 2 when it could not run.
[[nodiscard]] int RunScale(const ScaleOptions& options);

}  // namespace weir::perf
