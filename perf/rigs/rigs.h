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

}  // namespace weir::perf
