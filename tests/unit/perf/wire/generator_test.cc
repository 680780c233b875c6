#include "perf/wire/generator.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "perf/wire/reflector.h"

namespace weir::perf {
namespace {

constexpr std::uint32_t kFlows = 300;
constexpr std::uint16_t kSlots = 256;

// Both ends of two links in one process.
struct Wire {
  std::vector<MemifLink> client, server;
  std::optional<Generator> generator;

  Wire() {
    for (const char* side : {"in", "out"}) {
      const std::string socket = testing::TempDir() + "weir-wire-" + std::to_string(getpid()) + side;
      std::optional<Result<MemifLink>> served;
      std::thread serving([&] { served.emplace(MemifLink::Serve(socket)); });
      auto connected = MemifLink::Connect({socket, 8, 2048, Generator::RoomFor(kFlows, kSlots)});
      serving.join();
      client.push_back(std::move(connected.value())), server.push_back(std::move(served->value()));
    }
    generator.emplace(std::array{&client[0], &client[1]}, kFlows, MeasureTicksPerSecond());
  }
};

// A device of its own thread for as long as it lives.
class Reflecting {
 public:
  explicit Reflecting(Wire& wire) : thread_([this, &wire] { Reflect({&wire.server[0], &wire.server[1]}, stop_); }) {}
  ~Reflecting() { stop_ = true, thread_.join(); }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

TrialOptions Frames(std::uint32_t size, std::uint64_t frames, double rate) {
  TrialOptions options;
  options.size = size, options.frames = frames, options.rate = rate;
  return options;
}

TEST(Generator, CountsEachFrameThatComesBackOnceAtEverySize) {
  Wire wire;
  const Reflecting device(wire);
  ASSERT_TRUE(wire.generator->Establish());
  for (const std::uint32_t size : {64u, 594u, 1518u, 64u}) {
    const TrialResult result = wire.generator->Run(Frames(size, 3000, 20'000));
    EXPECT_EQ(result.offered, 3000u);
    EXPECT_EQ(result.received + result.refused, 3000u);  // refused only where this machine kept the device waiting
    EXPECT_GT(result.received, 0u);
    EXPECT_EQ(result.damaged + result.reordered, 0u);
    EXPECT_GT(result.latency.Quantile(0.5), 0u);
    EXPECT_LE(result.latency.Quantile(0.5), result.latency.most());
  }
}

TEST(Generator, FillsTheRingsOfADeviceThatTakesNothingAndCountsTheRestRefused) {
  Wire wire;
  const TrialResult result = wire.generator->Run(Frames(64, 10'000, 0));
  EXPECT_EQ(result.offered, 10'000u);
  EXPECT_EQ(result.refused, 10'000u - 2 * kSlots);
  EXPECT_EQ(result.received, 0u);
}

TEST(Generator, LetsTheClockStandWhileTheDeviceHasNoCpu) {
  Wire wire;
  std::optional<Reflecting> device;
  std::thread starting([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    device.emplace(wire);
  });
  const TrialResult result = wire.generator->Run(Frames(64, 3000, 100'000));  // the rings are full after 5 ms
  starting.join();
  EXPECT_GE(result.pauses, 1u);
  EXPECT_GT(result.paused, 0.015);
  EXPECT_EQ(result.refused, 0u);
  EXPECT_EQ(result.offered, 3000u);
  EXPECT_EQ(result.received, 3000u);
}

TEST(Generator, CountsWhatADeviceRefusesThatIsSlowAndNotStandingStill) {
  Wire wire;
  std::atomic<bool> stop{false};
  std::thread slow([&] {
    for (std::uint32_t round = 0; !stop; ++round) {
      MemifRing& ring = *wire.server[round % 2].to_server;
      if (ring.Load(&MemifRing::head) != ring.tail)
        ring.Store(&MemifRing::tail, static_cast<std::uint16_t>(ring.tail + 1));
      for (int i = 0; i < 50; ++i) __builtin_ia32_pause();
    }
  });
  std::uint64_t refused = 0;  // most of a trial, where this machine lets the device run at all
  for (int tries = 0; tries < 20 && refused < 10'000; ++tries)
    refused = wire.generator->Run(Frames(64, 100'000, 10'000'000)).refused;
  stop = true;
  slow.join();
  EXPECT_GE(refused, 10'000u);
}

TEST(Generator, TellsFramesOfAnEarlierTrialAndDamagedOnesFromItsOwn) {
  Wire wire;
  EXPECT_EQ(wire.generator->Run(Frames(64, 64, 0)).received, 0u);  // 32 lie in each ring when the next one starts
  const MemifDescriptor frame = wire.server[0].to_server->descriptors()[3];
  wire.server[0].region()[frame.offset + frame.length - 1] ^= std::byte{1};
  std::optional<Reflecting> device;
  std::thread starting([&] {
    while (wire.server[0].to_server->Load(&MemifRing::head) == 32) std::this_thread::yield();
    device.emplace(wire);  // the trial has begun, and sends for a second
  });
  const TrialResult result = wire.generator->Run(Frames(64, 320, 320));
  starting.join();
  EXPECT_EQ(result.received + result.refused, 320u);
  EXPECT_EQ(result.late, 63u);
  EXPECT_EQ(result.damaged, 1u);
}

TEST(Generator, KeepsTheChecksumsOfWhatItSends) {
  Wire wire;
  (void)wire.generator->Run(Frames(594, 64, 0));
  for (MemifLink& link : wire.server) {
    ASSERT_EQ(link.to_server->head, 32);
    for (std::size_t i = 0; i < 32; ++i) {
      const MemifDescriptor& slot = link.to_server->descriptors()[i];
      ASSERT_EQ(slot.length, 590u);
      const std::byte* frame = link.region() + slot.offset;
      const bool ipv6 = LoadBe16(frame + 12) == 0x86dd;
      // pseudo header: addresses, length, protocol (RFC 9293 s3.1)
      const std::size_t addresses = 14 + (ipv6 ? 8 : 12), tcp = 14 + (ipv6 ? 40 : 20);
      std::uint32_t sum = 6 + slot.length - static_cast<std::uint32_t>(tcp);
      for (std::size_t at = addresses; at < slot.length; at += 2) sum += LoadBe16(frame + at);
      while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
      EXPECT_EQ(sum, 0xffffu);
    }
  }
}

TEST(Histogram, TellsQuantilesWithinThreePercent) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 1'000'000; ++value) histogram.Add(value, 1);
  for (const double share : {0.00001, 0.5, 0.99, 0.999}) {
    const double exact = share * 1e6;
    EXPECT_GE(static_cast<double>(histogram.Quantile(share)), exact);
    EXPECT_LE(static_cast<double>(histogram.Quantile(share)), exact * 1.032 + 1);
  }
  EXPECT_EQ(histogram.Quantile(1), 1'000'000u);
  EXPECT_EQ(histogram.most(), 1'000'000u);
  Histogram wide;
  wide.Add(UINT64_MAX, 2);
  EXPECT_EQ(wide.Quantile(0.5), UINT64_MAX);
  EXPECT_EQ(Histogram().Quantile(0.99), 0u);
}

}  // namespace
}  // namespace weir::perf
