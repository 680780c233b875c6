#include "dataplane/control/replay.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "dataplane/io/capture.h"
#include "tests/support/packet_builder.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

class ReplayFiles : public testing::Test {
 protected:
  fs::path folder_ = fs::temp_directory_path() / ("weir-replay-" + std::to_string(getpid()));
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  // A capture of `frames` SYNs, each of another flow, `step_us` apart.
  std::string Capture(const std::string& name, int frames, std::int64_t step_us, int dlt = 1) {
    auto writer = CaptureWriter::Create(folder_ / name, dlt, false);
    for (int i = 0; i < frames; ++i) {
      const auto packet = test::Ipv4(6, test::Tcp({.sport = static_cast<std::uint16_t>(2000 + i), .flags = 2}, {}));
      const auto frame = dlt == 1 ? test::Ethernet(0x0800, packet) : packet;
      EXPECT_TRUE((*writer)->Write(frame, 1'700'000'000'000'000'000 + i * step_us * 1000,
                                   static_cast<std::uint32_t>(frame.size())));
    }
    EXPECT_TRUE((*writer)->Close());
    return folder_ / name;
  }
  ReplayOptions Options(std::vector<std::string> captures) {
    ReplayOptions options;
    options.captures = std::move(captures);
    options.log_dir = folder_ / "log";
    options.out = folder_ / "out.pcap";
    options.startup.policy = "none";
    return options;
  }
  static Result<ReplayResult> Run(const ReplayOptions& options) {
    return Replay(options, *LoadStartup(options.startup));
  }
};

TEST_F(ReplayFiles, CountsAtItsEdgesAndGivesEveryFrameBack) {
  for (const std::uint32_t workers : {1u, 3u}) {
    ReplayOptions options = Options({Capture("a.pcap", 70, 1000)});
    options.workers = workers;
    const auto result = Run(options);
    ASSERT_TRUE(result) << result.error().what;
    EXPECT_EQ(result->frames_read, 70u);
    EXPECT_EQ(result->frames_written, 70u);
    EXPECT_EQ(result->counters.flows_created, 70u);
    EXPECT_EQ(result->events_lost, 0u);
  }
}

TEST_F(ReplayFiles, TimeNeverRunsBackwards) {
  const auto result = Run(Options({Capture("a.pcap", 10, -1000)}));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->times_clamped, 9u);
  EXPECT_EQ(result->capture_seconds, 0);
}

TEST_F(ReplayFiles, FlowsTimeOutInTheCapturesTime) {
  ASSERT_TRUE(Run(Options({Capture("a.pcap", 3, 100'000'000)})));
  std::ifstream eve(folder_ / "log" / "eve.json");
  int timeouts = 0;
  for (std::string line; std::getline(eve, line);)
    timeouts += line.find("\"reason\":\"timeout\"") != std::string::npos ? 1 : 0;
  EXPECT_EQ(timeouts, 2);  // the third ends with the run
}

TEST_F(ReplayFiles, RefusesInputsThatDoNotFit) {
  const std::string ethernet = Capture("a.pcap", 1, 1);
  const std::string raw = Capture("b.pcap", 1, 1, 12);
  const auto mixed = Run(Options({ethernet, raw}));
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code, Errc::kInvalidArgument);
  EXPECT_NE(mixed.error().what.find("link type"), std::string::npos);
  ReplayOptions without_out = Options({ethernet, raw});
  without_out.out.clear();
  EXPECT_TRUE(Run(without_out));
  EXPECT_FALSE(Run(Options({(folder_ / "none.pcap").string()})));
}

TEST_F(ReplayFiles, SaysThatACaptureIsCutOffAfterAllBeforeItWasJudged) {
  const std::string path = Capture("a.pcap", 10, 1000);
  fs::resize_file(path, fs::file_size(path) - 5);
  const auto result = Run(Options({path}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kCorrupt) << result.error().what;
  std::ifstream eve(folder_ / "log" / "eve.json");
  int flows = 0;
  for (std::string line; std::getline(eve, line);)
    flows += line.find("\"event_type\":\"flow\"") != std::string::npos ? 1 : 0;
  EXPECT_EQ(flows, 9);
  auto out = CaptureReader::Open(folder_ / "out.pcap");
  int frames = 0;
  while (out && *(*out)->Next()) ++frames;
  EXPECT_EQ(frames, 9);
}

}  // namespace
}  // namespace weir
