#include "tests/unit/dataplane/pipeline/worker_rig.h"

namespace weir {
namespace {

using test::Octets;
using test::WorkerRig;
using test::operator+;

TEST(StageParse, ForwardsWhatIsNoIpUnlessThePolicySaysOtherwise) {
  const Octets arp = test::Ethernet(0x0806, Octets(46));
  WorkerRig lenient;
  EXPECT_TRUE(lenient.Send(arp));
  EngineSettings strict_settings = WorkerRig::Small();
  strict_settings.forward_non_ip = false;
  WorkerRig strict(WorkerRig::kDropMessaging, strict_settings);
  EXPECT_FALSE(strict.Send(arp));
  EXPECT_EQ(strict.dropped(DropReason::kNonIp), 1u);
}

TEST(StageParse, DropsWhatDoesNotParseByItsReasonAndForwardsItWhereToldTo) {
  Octets broken = test::Ethernet(0x0800, test::Ipv4(6, test::Tcp({}, {})));
  broken[14 + 10] ^= std::byte{1};
  WorkerRig rig;
  EXPECT_FALSE(rig.Send(broken));
  EXPECT_EQ(rig.dropped(DropReason::kBadIpChecksum), 1u);
  EXPECT_FALSE(rig.Send(Octets(broken.begin(), broken.begin() + 20)));
  EXPECT_EQ(rig.dropped(DropReason::kTruncated), 1u);
  EngineSettings lenient = WorkerRig::Small();
  lenient.forward_malformed = true;
  EXPECT_TRUE(WorkerRig(WorkerRig::kDropMessaging, lenient).Send(broken));
  rig.ExpectConservation();
}

// A hello cut into IP fragments of 24 bytes of payload each.
std::vector<Octets> Fragments(std::string_view name) {
  const Octets segment = test::Tcp({.seq = 1, .ack = 1}, WorkerRig::Hello(name));
  std::vector<Octets> fragments;
  for (std::size_t at = 0; at < segment.size(); at += 24) {
    const std::size_t end = std::min(segment.size(), at + 24);
    const Octets part(segment.begin() + static_cast<std::ptrdiff_t>(at),
                      segment.begin() + static_cast<std::ptrdiff_t>(end));
    const auto field = static_cast<std::uint16_t>((end < segment.size() ? 0x2000 : 0) | (at / 8));
    fragments.push_back(test::Ethernet(0x0800, test::Ipv4(6, part, test::kClient, test::kServer, field)));
  }
  return fragments;
}

TEST(StageParse, HoldsFragmentsUntilWholeAndForwardsThemAsTheyCame) {
  WorkerRig rig;
  rig.Handshake();
  const std::vector<Octets> fragments = Fragments("www.innocent.example");
  for (std::size_t i = 0; i + 1 < fragments.size(); ++i) {
    EXPECT_FALSE(rig.Send(fragments[i]));
    EXPECT_EQ(rig.worker->counters().held_packets, i + 1);
    rig.ExpectConservation();
  }
  EXPECT_TRUE(rig.Send(fragments.back()));
  ASSERT_EQ(rig.out.forward.size(), fragments.size());
  for (std::size_t i = 0; i < fragments.size(); ++i) {
    EXPECT_TRUE(std::equal(fragments[i].begin(), fragments[i].end(), rig.out.forward[i].bytes().begin()));
  }
  EXPECT_EQ(rig.worker->counters().held_packets, 0u);
  rig.ExpectConservation();
}

TEST(StageParse, DropsAllFragmentsOfABarredHello) {
  WorkerRig rig;
  rig.Handshake();
  const std::vector<Octets> fragments = Fragments("a.chat.example");
  for (const Octets& fragment : fragments) EXPECT_FALSE(rig.Send(fragment));
  EXPECT_EQ(rig.dropped(DropReason::kPolicy), fragments.size());
  rig.ExpectConservation();
}

TEST(StageParse, GivesBackHeldFragmentsWhenTheRunEnds) {
  WorkerRig rig;
  rig.Send(Fragments("www.innocent.example")[0]);
  rig.Finish();
  EXPECT_EQ(rig.dropped(DropReason::kShutdown), 1u);
  EXPECT_EQ(rig.worker->counters().held_packets, 0u);
  rig.ExpectConservation();
}

}  // namespace
}  // namespace weir
