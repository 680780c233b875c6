#include "perf/wire/connections.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>
#include <thread>

#include "perf/peers/handshakes.h"
#include "perf/wire/headers.h"
#include "perf/wire/reflector.h"

namespace weir::perf {
namespace {

constexpr std::uint16_t kSlots = 256;

Talks MakeTalks() {
  const auto talk = MakeTalk(TlsVersion::k13, "www.example.org", 1);
  return {TlsConnectionOf(false, talk.value(), 1), TlsConnectionOf(true, talk.value(), 1)};
}

struct Wire {
  std::vector<MemifLink> client, server;
  Talks talks = MakeTalks();
  std::optional<Connections> connections;

  Wire() {
    for (const char* side : {"in", "out"}) {
      const std::string socket = testing::TempDir() + "weir-connect-" + std::to_string(getpid()) + side;
      std::optional<Result<MemifLink>> served;
      std::thread serving([&] { served.emplace(MemifLink::Serve(socket)); });
      auto connected = MemifLink::Connect({socket, 8, 2048, 2 * kSlots * Connections::kSlot});
      serving.join();
      client.push_back(std::move(connected.value())), server.push_back(std::move(served->value()));
    }
    connections.emplace(std::array{&client[0], &client[1]}, talks, 100, MeasureTicksPerSecond());
  }
};

// Carries frames one by one and lets `meddle` change them; false: it is lost.
template <class Meddle>
class Relay {
 public:
  Relay(Wire& wire, Meddle meddle)
      : thread_([this, &wire, meddle]() mutable {
          while (!stop_)
            for (const std::size_t from : {0u, 1u}) Carry(wire.server[from], wire.server[1 - from], meddle);
        }) {}
  ~Relay() { stop_ = true, thread_.join(); }

 private:
  static void Carry(MemifLink& in, MemifLink& out, Meddle& meddle) {
    const std::uint16_t tail = in.to_server->tail;
    if (in.to_server->Load(&MemifRing::head) == tail) return std::this_thread::yield();
    const MemifDescriptor& source = in.to_server->descriptors()[tail & (kSlots - 1u)];
    const std::uint16_t put = out.to_client->tail;
    MemifDescriptor& target = out.to_client->descriptors()[put & (kSlots - 1u)];
    target.length = source.length;
    std::memcpy(out.region() + target.offset, in.region() + source.offset, source.length);
    if (meddle(target)) out.to_client->Store(&MemifRing::tail, static_cast<std::uint16_t>(put + 1));
    in.to_server->Store(&MemifRing::tail, static_cast<std::uint16_t>(tail + 1));
  }

  std::atomic<bool> stop_{false};
  std::thread thread_;
};

ConnectionTrial Trial(double rate, double seconds, std::uint32_t at_once) {
  ConnectionTrial trial;
  trial.rate = rate, trial.seconds = seconds, trial.at_once = at_once;
  return trial;
}

TEST(Connections, ComeThroughWholeAtARateAndAsFastAsTheyGo) {
  Wire wire;
  Relay relay(wire, [](MemifDescriptor&) { return true; });
  for (const double rate : {500.0, 0.0}) {
    const std::uint32_t first = wire.connections->next();
    const ConnectionResult result = wire.connections->Run(Trial(rate, 0.2, 64));
    EXPECT_GT(result.completed, 20u);
    EXPECT_EQ(result.completed + result.refused, result.offered);
    EXPECT_EQ(wire.connections->next() - first, result.completed);
    EXPECT_EQ(result.damaged + result.late, 0u);
    EXPECT_GT(result.latency.Quantile(0.5), 0u);
  }
}

TEST(Connections, OfWhichAFrameIsLostAreLost) {
  Wire wire;
  std::uint32_t hellos = 0;
  Relay relay(wire,
              [&](MemifDescriptor& frame) { return frame.length < 560 || frame.length > 620 || ++hellos % 2 != 0; });
  const ConnectionResult result = wire.connections->Run(Trial(200, 0.5, 64));
  EXPECT_EQ(result.refused, 0u);
  EXPECT_GT(result.completed, 10u);
  EXPECT_NEAR(static_cast<double>(result.completed), static_cast<double>(result.offered) / 2, 1);
  EXPECT_EQ(result.damaged, 0u);
}

TEST(Connections, TellFramesOfAnotherLength) {
  Wire wire;
  Relay relay(wire, [](MemifDescriptor& frame) { return frame.length -= frame.length > 500 ? 1 : 0, true; });
  const ConnectionResult result = wire.connections->Run(Trial(200, 0.1, 64));
  EXPECT_EQ(result.completed, 0u);
  EXPECT_EQ(result.damaged, result.offered);
}

}  // namespace
}  // namespace weir::perf
