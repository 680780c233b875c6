// Feeds a worker with the shipped rules and policy what captures become when they are cut and
// mutated; built with sanitizers by scripts/test-mutations.
//   weir_mutate truncate CAPTURE...          each packet at every length, as cut and with its lengths mended
//   weir_mutate mutate N FIRST CAPTURE...    N mutated packets in rounds, from round FIRST on
// The accounts are those of tests/support/feeder.h; what does not add up aborts. Each round is
// told before it begins and depends on its number alone.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "dataplane/control/summary.h"
#include "dataplane/io/capture.h"
#include "tests/mutate/mutation.h"
#include "tests/support/feeder.h"

namespace weir::mutate {
namespace {

constexpr std::uint64_t kRound = 4000;  // mutated packets of one worker's life
constexpr std::size_t kLargestFrame = 65535;

struct Capture {
  std::string path;
  LinkType link = LinkType::kEthernet;
  std::vector<Octets> frames;
};

Capture Load(const std::string& path) {
  Capture capture{path, {}, {}};
  auto reader = CaptureReader::Open(path);
  if (!reader) return capture;
  capture.link = (*reader)->link();
  for (;;) {
    const auto next = (*reader)->Next();
    if (!next || !next->has_value()) return capture;
    if ((*next)->bytes.size() <= kLargestFrame)
      capture.frames.emplace_back((*next)->bytes.begin(), (*next)->bytes.end());
  }
}

std::vector<Capture> LoadAll(int count, char** paths) {
  std::vector<Capture> captures;
  for (int i = 0; i < count; ++i) {
    captures.push_back(Load(paths[i]));
    if (captures.back().frames.empty()) captures.pop_back();
  }
  return captures;
}

// What the workers did, so that a run that stays on the surface shows.
void Tell(const WorkerCounters& c) {
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf("  forwarded %llu, dropped %llu, flows %llu, alerts %llu, injected %llu\n", number(c.forwarded_packets),
              number(c.dropped_total()), number(c.flows_created), number(c.alerts), number(c.injected_packets));
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    if (c.dropped_packets[i] > 0)
      std::printf("  %-18s %llu\n", std::string(kDropReasonNames[i]).c_str(), number(c.dropped_packets[i]));
  }
}

void Truncate(const std::vector<Capture>& captures, const std::shared_ptr<const Generation>& generation) {
  std::uint64_t packets = 0;
  WorkerCounters sum;
  for (const Capture& capture : captures) {
    std::fprintf(stderr, "truncate %s\n", capture.path.c_str());
    EngineSettings settings;
    settings.flow_capacity = 4096;
    test::Feeder feeder(settings, generation, false);
    for (const Octets& frame : capture.frames) {
      for (std::size_t length = 0; length < frame.size(); ++length) {
        feeder.Add(Bytes(frame).first(length), capture.link);
        feeder.Add(CutWithLengths(frame, length, capture.link), capture.link);
      }
      feeder.Add(frame, capture.link);
      packets += 2 * frame.size() + 1;
      feeder.Wait(1000);
    }
    feeder.Finish();
    AddCounters(sum, feeder.counters());
  }
  std::printf("truncate: %zu captures, %llu packets, each in exactly one counter\n", captures.size(),
              static_cast<unsigned long long>(packets));
  Tell(sum);
}

// The defaults, and now and then limits that are met.
EngineSettings SettingsOf(std::mt19937_64& random) {
  EngineSettings settings;
  settings.flow_capacity = random() % 4 == 0 ? 16 : 4096;
  settings.mirror_pending = random() % 4 == 0;
  settings.forward_malformed = random() % 4 == 0;
  if (random() % 4 == 0)
    settings.tcp = {.out_of_order_bytes = 2000, .out_of_order_segments = 4, .retained_bytes = 4000};
  if (random() % 4 == 0) settings.readers.handshake_bytes = 1000;
  if (random() % 4 == 0) settings.readers.http_head_bytes = 300;
  if (random() % 4 == 0) settings.exceptions.action.fill(static_cast<ExceptionAction>(random() % 7));
  return settings;
}

// One worker, conversations of captures in which every second packet is a mutated one.
WorkerCounters Round(std::uint64_t number, std::uint64_t mutations, const std::vector<Capture>& captures,
                     const std::shared_ptr<const Generation>& generation) {
  std::mt19937_64 random(number);
  test::Feeder feeder(SettingsOf(random), generation, false);
  while (mutations > 0) {
    const Capture& capture = captures[random() % captures.size()];
    std::size_t at = random() % 3 == 0 ? random() % capture.frames.size() : 0;
    for (std::size_t n = 0; n < 120 && at < capture.frames.size() && mutations > 0; ++n, ++at) {
      const Octets& frame = capture.frames[at];
      if (random() % 2 == 0) feeder.Add(frame, capture.link);
      const Octets& other = capture.frames[random() % capture.frames.size()];
      feeder.Add(Mutated(frame, other, capture.link, random), capture.link);
      --mutations;
      if (random() % 16 == 0) feeder.Wait(static_cast<std::int64_t>(random() % 300'000));
      if (random() % 512 == 0) feeder.Wait(static_cast<std::int64_t>(random() % 200) * 1'000'000);
    }
  }
  feeder.Finish();
  return feeder.counters();
}

void Mutate(std::uint64_t count, std::uint64_t first, const std::vector<Capture>& captures,
            const std::shared_ptr<const Generation>& generation) {
  std::uint64_t number = first;
  WorkerCounters sum;
  for (std::uint64_t left = count; left > 0; ++number) {
    const std::uint64_t now = std::min(left, kRound);
    std::fprintf(stderr, "round %llu\n", static_cast<unsigned long long>(number));
    AddCounters(sum, Round(number, now, captures, generation));
    left -= now;
  }
  std::printf("mutate: %llu packets of %zu captures in %llu rounds, each in exactly one counter\n",
              static_cast<unsigned long long>(count), captures.size(), static_cast<unsigned long long>(number - first));
  Tell(sum);
}

int Main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const int paths = mode == "mutate" ? 4 : 2;
  if ((mode != "mutate" && mode != "truncate") || argc <= paths) {
    std::fprintf(stderr, "usage: weir_mutate truncate CAPTURE... | mutate N FIRST CAPTURE...\n");
    return 2;
  }
  auto startup = LoadStartup({});
  if (!startup) {
    for (const std::string& defect : startup.error()) std::fprintf(stderr, "%s\n", defect.c_str());
    return 2;
  }
  const std::vector<Capture> captures = LoadAll(argc - paths, argv + paths);
  if (captures.empty()) {
    std::fprintf(stderr, "weir_mutate: no frames\n");
    return 2;
  }
  if (mode == "truncate") {
    Truncate(captures, startup->generation);
  } else {
    Mutate(std::strtoull(argv[2], nullptr, 10), std::strtoull(argv[3], nullptr, 10), captures, startup->generation);
  }
  return 0;
}

}  // namespace
}  // namespace weir::mutate

int main(int argc, char** argv) { return weir::mutate::Main(argc, argv); }
