#include "tests/unit/dataplane/pipeline/worker_rig.h"

#include <random>

namespace weir {
namespace {

using test::Octets;
using test::WorkerRig;

TEST(Worker, PutsEachFrameOfABurstIntoExactlyOnePlaceInOrder) {
  WorkerRig rig;
  std::vector<Octets> bytes;
  for (std::uint16_t port = 0; port < 32; ++port) {
    const test::TcpHeader syn{.sport = static_cast<std::uint16_t>(40000 + port),
                              .flags = static_cast<std::uint8_t>(port % 4 == 3 ? 0 : 2)};
    bytes.push_back(test::Ethernet(0x0800, test::Ipv4(6, test::Tcp(syn, {}))));
  }
  std::vector<FrameRef> frames;
  for (Octets& b : bytes) {
    FrameRef frame;
    frame.data = b.data();
    frame.len = static_cast<std::uint32_t>(b.size());
    frame.number = frames.size() + 1;
    frames.push_back(frame);
  }
  rig.worker->Process(frames, rig.out);
  EXPECT_EQ(rig.out.forward.size(), 24u);
  EXPECT_EQ(rig.dropped(DropReason::kTcpBadFlags), 8u);  // a segment without any flag
  for (std::size_t i = 1; i < rig.out.forward.size(); ++i)
    EXPECT_LT(rig.out.forward[i - 1].number, rig.out.forward[i].number);
  rig.ExpectConservation();
}

TEST(Worker, JudgesEachFrameOfABurstAtItsOwnTime) {
  WorkerRig rig(
      "version: 1\nrules:\n  - name: barred\n    match: {category: [messaging]}\n"
      "    effective: 2023-11-14T22:14:20Z\n    action: drop\n");
  std::vector<Octets> bytes;
  std::vector<FrameRef> frames;
  for (const std::uint16_t port : {std::uint16_t{40000}, std::uint16_t{40001}}) {
    rig.Handshake(port);
    const test::TcpHeader header{.sport = port, .dport = 443, .seq = 1, .ack = 1};
    bytes.push_back(test::Ethernet(0x0800, test::Ipv4(6, test::Tcp(header, WorkerRig::Hello("a.chat.example")))));
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    FrameRef frame;
    frame.data = bytes[i].data();
    frame.len = static_cast<std::uint32_t>(bytes[i].size());
    frame.time = {rig.now.us + (i == 0 ? 59'000'000 : 61'000'000)};
    frame.number = i;
    frames.push_back(frame);
  }
  rig.out.Clear();
  rig.worker->Process(frames, rig.out);
  ASSERT_EQ(rig.out.forward.size(), 1u) << "the first came before the rule was in effect";
  EXPECT_EQ(rig.out.forward[0].number, 0u);
}

TEST(Worker, RefusesATableThatCannotBe) {
  EngineSettings settings = WorkerRig::Small();
  settings.flow_capacity = 0;
  auto generation = std::make_shared<Generation>();
  EXPECT_FALSE(Worker::Create(WorkerId{0}, settings, generation, nullptr, {1, 2}));
}

TEST(Worker, SurvivesFramesCutAtEveryLength) {
  WorkerRig rig;
  const Octets hello = WorkerRig::Hello("a.chat.example");
  const std::array frames = {
      test::Ethernet(0x0800, test::Ipv4(6, test::Tcp({.flags = 2, .options = test::Hex("020405b4")}, {}))),
      test::Ethernet(0x0800, test::Ipv4(6, test::Tcp({.seq = 2, .ack = 1}, hello))),
      test::Ethernet(0x86dd, test::Ipv6(6, test::Tcp({.seq = 2}, hello, test::kClient6, test::kServer6))),
      test::Ethernet(0x0800,
                     test::Ipv4(17, test::Udp(4000, 53, test::Hex("1234010000010000000000000377777700000100 01")))),
      test::Ethernet(0x0800, test::Ipv4(17, test::Udp(4000, 443, Octets(1200, std::byte{0xc3})))),
      test::Ethernet(0x0800, test::Ipv4(1, test::Hex("0800 0000 0001 0001"))),
  };
  std::uint64_t sent = 0;
  for (const Octets& frame : frames) {
    for (std::size_t n = 0; n <= frame.size(); ++n, ++sent)
      rig.Send(Octets(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(n)));
  }
  EXPECT_EQ(rig.worker->counters().rx_packets, sent);
  rig.ExpectConservation();
  rig.Finish();
  rig.ExpectConservation();
}

// WEIR_MUTATIONS: how many, where the default is too few.
TEST(Worker, SurvivesMutatedConversations) {
  const char* wanted = std::getenv("WEIR_MUTATIONS");
  const int rounds = wanted != nullptr ? std::atoi(wanted) : 20'000;
  EngineSettings settings = WorkerRig::Small();
  settings.parse.verify_checksums = false;  // else most changes end at the checksum
  std::mt19937 random(11);
  std::unique_ptr<WorkerRig> rig;
  const Octets hello = WorkerRig::Hello("a.chat.example");
  const std::array<Octets, 6> frames = {
      test::Ethernet(0x0800, test::Ipv4(6, test::Tcp({.seq = 0, .flags = 2}, {}))),
      test::Ethernet(0x0800, test::Ipv4(6,
                                        test::Tcp({.sport = 443, .dport = 40000, .seq = 0, .ack = 1, .flags = 0x12}, {},
                                                  test::kServer, test::kClient),
                                        test::kServer, test::kClient)),
      test::Ethernet(0x0800, test::Ipv4(6, test::Tcp({.seq = 1, .ack = 1}, hello))),
      test::Ethernet(0x0800,
                     test::Ipv4(6, Octets(hello.begin(), hello.begin() + 64), test::kClient, test::kServer, 0x2000)),
      test::Ethernet(0x86dd, test::Ipv6(17, test::Udp(4000, 53, test::Text("query"), test::kClient6, test::kServer6))),
      test::Ethernet(0x8100, test::Hex("0028 0800")),
  };
  for (int round = 0; round < rounds; ++round) {
    if (round % 500 == 0) {
      if (rig) {
        rig->Finish();
        rig->ExpectConservation();
      }
      rig = std::make_unique<WorkerRig>(WorkerRig::kDropMessaging, settings);
    }
    Octets frame = frames[random() % frames.size()];
    for (std::uint32_t changes = random() % 4; changes > 0; --changes)
      frame[random() % frame.size()] = static_cast<std::byte>(random());
    if (random() % 8 == 0) frame.resize(random() % (frame.size() + 1));
    rig->now.us += random() % 100'000;
    rig->Send(frame);
  }
  rig->Finish();
  rig->ExpectConservation();
}

}  // namespace
}  // namespace weir
