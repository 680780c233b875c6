// Input: settings (1 byte), then records, by the low 2 bits of their head: 0, 1 a frame (2
// bytes of length, bytes; bit 4: a link type comes first); 2 an earlier frame again, edited
// (number, count of edits, each position and byte; bit 5 mends the checksums); 3 a pause
// (units of 250 ms).
// Claims: those of tests/support/feeder.h (each frame ends in exactly one of forwarded,
// dropped, held; bytes go on unchanged; counters agree; nothing stays at the end), and that
// bursts of 32 and single frames give each frame the same fate and the same events.
#include "tests/fuzz/support/input.h"
#include "tests/support/feeder.h"
#include "tests/support/mend.h"

namespace weir::fuzz {
namespace {

std::shared_ptr<const Generation> Load(const std::string& policy) {
  StartupOptions options;
  options.policy = policy;
  auto startup = LoadStartup(options);
  if (!startup) {
    for (const std::string& defect : startup.error()) std::fprintf(stderr, "%s\n", defect.c_str());
    std::abort();
  }
  return startup->generation;
}

EngineSettings SettingsOf(std::uint8_t bits) {
  EngineSettings settings;
  settings.use_ndpi = false;
  settings.flow_capacity = (bits & 1) != 0 ? 4 : 256;
  settings.parse.verify_checksums = (bits & 2) != 0;
  settings.mirror_pending = (bits & 4) != 0;
  settings.forward_malformed = (bits & 8) != 0;
  settings.defrag = {.datagrams = 8, .per_source = 4, .fragments_each = 64, .bytes = 1u << 17, .timeout_ms = 5000};
  if ((bits & 16) != 0) settings.tcp = {.out_of_order_bytes = 256, .out_of_order_segments = 4, .retained_bytes = 512};
  if ((bits & 32) != 0) settings.readers.handshake_bytes = 128;
  const auto action = static_cast<ExceptionAction>(bits >> 6 & 3);
  if ((bits & 48) != 0) settings.exceptions.action.fill(action);
  if ((bits & 48) == 16) settings.exceptions.action.fill(ExceptionAction::kReject);
  return settings;
}

struct Step {
  std::vector<std::byte> frame;
  LinkType link = LinkType::kEthernet;
  std::int64_t pause_us = 0;  // instead of a frame
};

Step Edited(Input& input, std::uint8_t head, const std::vector<Step>& steps) {
  Step step = steps[input.U8() % steps.size()];
  for (unsigned edits = input.U8() % 8; edits > 0 && !step.frame.empty(); --edits) {
    const std::size_t at = input.U16() % step.frame.size();
    step.frame[at] = static_cast<std::byte>(input.U8());
  }
  if ((head & 64) != 0) step.frame.resize(input.U16() % (step.frame.size() + 1));
  if ((head & 32) != 0) test::MendChecksums(step.frame, step.link);
  return step;
}

std::vector<Step> Script(Input& input) {
  std::vector<Step> steps;
  while (!input.empty() && steps.size() < 200) {
    const std::uint8_t head = input.U8();
    Step step;
    if ((head & 3) == 3) {
      step.pause_us = input.U8() * std::int64_t{250'000};
    } else if ((head & 3) == 2 && !steps.empty()) {
      step = Edited(input, head, steps);
    } else {
      if ((head & 16) != 0)
        step.link = static_cast<LinkType>(input.U8() % (static_cast<unsigned>(LinkType::kUnsupported) + 1));
      const Bytes bytes = input.Take(input.U16());
      step.frame.assign(bytes.begin(), bytes.end());
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

void Play(test::Feeder& feeder, const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    step.pause_us > 0 ? feeder.Wait(step.pause_us) : feeder.Add(step.frame, step.link);
  }
  feeder.Finish();
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  static const auto kShipped = fuzz::Load("");
  fuzz::Input input(data, size);
  const EngineSettings settings = fuzz::SettingsOf(input.U8());
  const auto steps = fuzz::Script(input);
  test::Feeder bursts(settings, kShipped, true);
  test::Feeder singles(settings, kShipped, true);
  singles.BurstOf(1);
  fuzz::Play(bursts, steps);
  fuzz::Play(singles, steps);
  fuzz::Require(bursts.fates() == singles.fates(), "the size of a burst changes no frame's fate");
  fuzz::Require(bursts.events() == singles.events(), "and no event");
  return 0;
}
