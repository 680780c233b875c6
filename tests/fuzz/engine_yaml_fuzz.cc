// Input: bit 0: the rest is one KEY=VALUE of --set, else the text of a weir.yaml.
// Claims: it is taken, or every defect is one line that names its place (the key, with
// --set); what is taken lies within the ranges that the table of keys documents; a setting
// that is refused changes nothing.
#include "dataplane/control/config.h"
#include "tests/fuzz/support/input.h"

namespace weir::fuzz {
namespace {

void CheckRanges(const Config& c) {
  Require(c.engine.flow_capacity >= 1 && c.engine.flow_capacity <= 1u << 26, "flow.capacity is in its range");
  Require(c.engine.defrag.fragments_each >= 2 && c.engine.defrag.fragments_each <= 8192,
          "fragments_each is in its range");
  Require(c.run.workers >= 1 && c.run.workers <= 64, "workers.count is in its range");
  Require(c.run.max_frame >= 2048 && c.run.max_frame <= 65407, "ports.max_frame is in its range");
  Require(c.engine.timeouts.udp_new_ms >= 1000, "a timeout is in its range");
  Require(c.eve_ring_kib >= 16 && c.eve_ring_kib <= 1u << 20, "eve.ring_kib is in its range");
}

void Set(const std::string& assignment) {
  Config config;
  if (const Result<void> set = ApplySetting(config, assignment); !set) {
    Require(!set.error().what.empty(), "a refusal says why");
    const Config untouched;
    Require(config.engine.flow_capacity == untouched.engine.flow_capacity && config.run.mtu == untouched.run.mtu &&
                config.run.cpus == untouched.run.cpus && config.engine.tcp.midstream == untouched.engine.tcp.midstream,
            "what is refused changes nothing");
  }
  CheckRanges(config);
}

void Load(const std::string& text) {
  const auto loaded = LoadConfig("w.yaml", text);
  if (loaded) return CheckRanges(*loaded);
  Require(!loaded.error().empty(), "a refusal says why");
  for (const std::string& defect : loaded.error()) {
    Require(defect.starts_with("w.yaml:"), "a defect names the file");
    Require(defect.find('\n') == std::string::npos, "and is one line");
  }
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::Input input(data, std::min<std::size_t>(size, 4096));
  const bool set = (input.U8() & 1) != 0;
  const std::string text(AsText(input.Rest()));
  set ? fuzz::Set(text) : fuzz::Load(text);
  return 0;
}
