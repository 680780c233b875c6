#include "perf/wire/generator.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "perf/peers/handshakes.h"
#include "perf/wire/reflector.h"

namespace weir::perf {
namespace {

constexpr std::uint32_t kFlows = 300;
constexpr std::uint16_t kSlots = 256;

// Whole handshakes, as of one name for each family.
Talks MakeTalks() {
  const auto talk = MakeTalk(TlsVersion::k13, "www.example.org", 1);
  return {TlsConnectionOf(false, talk.value(), 1), TlsConnectionOf(true, talk.value(), 1)};
}

// Both ends of two links in one process.
struct Wire {
  std::vector<MemifLink> client, server;
  std::optional<Generator> generator;

  explicit Wire(bool whole = false) {
    for (const char* side : {"in", "out"}) {
      const std::string socket = testing::TempDir() + "weir-wire-" + std::to_string(getpid()) + side;
      std::optional<Result<MemifLink>> served;
      std::thread serving([&] { served.emplace(MemifLink::Serve(socket)); });
      auto connected = MemifLink::Connect({socket, 8, 2048, Generator::RoomFor(kFlows, kSlots)});
      serving.join();
      client.push_back(std::move(connected.value())), server.push_back(std::move(served->value()));
    }
    const std::array links = {&client[0], &client[1]};
    whole ? generator.emplace(links, kFlows, MeasureTicksPerSecond(), MakeTalks())
          : generator.emplace(links, kFlows, MeasureTicksPerSecond());
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

// Sum over pseudo header and segment (RFC 9293 s3.1): 0xffff where the checksum is right.
std::uint32_t TcpSum(const std::byte* frame, std::size_t length) {
  const bool ipv6 = LoadBe16(frame + 12) == 0x86dd;
  const std::size_t addresses = 14 + (ipv6 ? 8 : 12), tcp = 14 + (ipv6 ? 40 : 20);
  const std::size_t end = 14 + (ipv6 ? 40u + LoadBe16(frame + 18) : LoadBe16(frame + 16));
  if (end > length) return 0;
  std::uint32_t sum = 6 + static_cast<std::uint32_t>(end - tcp);
  for (std::size_t at = addresses; at < end; at += 2) sum += LoadBe16(frame + at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

TEST(Generator, KeepsTheChecksumsOfWhatItSends) {
  for (const bool whole : {false, true}) {
    for (const std::uint32_t size : {kImix, 64u, 594u, 1518u}) {
      Wire wire(whole);
      {
        const Reflecting device(wire);
        ASSERT_TRUE(wire.generator->Establish());
        ASSERT_GT(wire.generator->Run(Frames(594, 640, 20'000)).received, 0u);  // so that numbers have gone on
      }
      (void)wire.generator->Run(Frames(size, 64, 0));
      for (MemifLink& link : wire.server) {
        const std::uint16_t head = link.to_server->head;
        for (std::uint16_t at = static_cast<std::uint16_t>(head - 32); at != head; ++at) {
          const MemifDescriptor& slot = link.to_server->descriptors()[at & (kSlots - 1u)];
          EXPECT_EQ(TcpSum(link.region() + slot.offset, slot.length), 0xffffu) << whole << " " << size;
        }
      }
    }
  }
}

// What came out is acknowledged, and what each side says next begins where it ended.
TEST(Generator, GoesOnInSequenceFromTheHandshake) {
  Wire wire(true);
  const auto talks = MakeTalks();
  const std::uint32_t start = LoadBe32(talks[0][8].bytes.data() + 34 + 4);
  {
    const Reflecting device(wire);
    ASSERT_TRUE(wire.generator->Establish());
    // Each flow says two of the frames that a turn of all of them has.
    ASSERT_EQ(wire.generator->Run(Frames(594, 4 * kFlows, 20'000)).received, 4 * kFlows);
  }
  (void)wire.generator->Run(Frames(594, 32, 0));
  const MemifLink& link = wire.server[0];
  const auto at = static_cast<std::uint16_t>(link.to_server->head - 32);
  const MemifDescriptor& slot = link.to_server->descriptors()[at & (kSlots - 1u)];
  const StampedFrame frame{link.region() + slot.offset};
  ASSERT_FALSE(frame.ipv6());
  EXPECT_EQ(LoadBe32(frame.tcp() + 4), start + 2 * 536);
  EXPECT_EQ(LoadBe32(frame.tcp() + 8), LoadBe32(talks[0][8].bytes.data() + 34 + 8) + 2 * 536);
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
