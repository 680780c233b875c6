#include "tests/support/knowledge_folder.h"
#include "tests/unit/dataplane/pipeline/worker_rig.h"

namespace weir {
namespace {

using test::Be16;
using test::Hex;
using test::Octets;
using test::operator+;

constexpr const char* kResolver = "10.0.0.53";
constexpr std::array<std::uint8_t, 4> kServer = {203, 0, 113, 9};

Octets Name(std::string_view dotted) {
  Octets name;
  while (!dotted.empty()) {
    const std::string_view label = dotted.substr(0, dotted.find('.'));
    name = name + test::Sized(1, test::Text(label));
    dotted.remove_prefix(std::min(label.size() + 1, dotted.size()));
  }
  return name + Hex("00");
}
Octets Answer(std::uint16_t type, const Octets& data) {
  return Hex("c00c") + Be16({type, 1, 0, 300}) + test::Sized(2, data);
}
Octets Address() { return Answer(1, Hex("cb007109")); }
// An answer to `name`'s question, of `count` records.
Octets Message(std::string_view name, std::uint16_t count, const Octets& records) {
  return Be16({7, 0x8180, 1, count, 0, 0}) + Name(name) + Hex("0001 0001") + records;
}

class LearnDns : public testing::Test {
 protected:
  LearnDns() { rig.Publish(test::WorkerRig::kDropMessaging, test::WorkerRig::kRules, folder.path()); }

  void Told(const Octets& message, std::string_view client = test::kClient, std::uint16_t from = 53) {
    (void)Udp(5300, from, Be16({7, 0x0100, 1, 0, 0, 0}) + Name("q.example") + Hex("0001 0001"), client, kResolver);
    (void)Udp(from, 5300, message, kResolver, client);
  }
  bool Udp(std::uint16_t sport, std::uint16_t dport, const Octets& payload, std::string_view src,
           std::string_view dst) {
    return rig.Send(test::Ethernet(0x0800, test::Ipv4(17, test::Udp(sport, dport, payload, src, dst), src, dst)));
  }
  // A flow to 203.0.113.9 that says nothing of itself, to its end: what was it called?
  std::string Sealed(std::string_view client = test::kClient) {
    for (int i = 0; i < 40; ++i) (void)Udp(40000, 4000, Octets(60, std::byte{0xee}), client, "203.0.113.9");
    std::string label;
    rig.worker->Finish(rig.now, rig.out);
    rig.EachFlow([&](const FlowEvent& flow) {
      if (flow.head.dst == IpAddress::V4(kServer.data()))
        label = std::string(flow.weir.app) + " " + std::string(flow.weir.evidence);
    });
    return label;
  }

  test::KnowledgeFolder folder;
  test::WorkerRig rig;
};

TEST_F(LearnDns, AFlowWithoutANameIsCalledByWhatItsClientAskedFor) {
  Told(Message("web.chat.example", 1, Address()));
  EXPECT_EQ(Sealed(), "Chat dns web.chat.example");
}

TEST_F(LearnDns, ThePolicyStopsIt) {
  Told(Message("web.chat.example", 1, Address()));
  bool left = true;
  for (int i = 0; i < 40; ++i) left = Udp(40000, 4000, Octets(60, std::byte{0xee}), test::kClient, "203.0.113.9");
  EXPECT_FALSE(left);
}

TEST_F(LearnDns, TheQuestionsNameIsBehindItsAliases) {
  Told(Message("web.chat.example", 2, Answer(5, Name("edge.cdn.example")) + Address()));
  EXPECT_EQ(Sealed(), "Chat dns web.chat.example");
}

TEST_F(LearnDns, ANameOfNoAppThatLeadsIntoAnAppsIsNotTheApps) {
  Told(Message("files.company.example", 2, Answer(5, Name("tenant.chat.example")) + Address()));
  EXPECT_EQ(Sealed(), " ");
}

TEST_F(LearnDns, AnAddressOfTwoNamesLabelsNothing) {
  Told(Message("web.chat.example", 1, Address()));
  Told(Message("www.else.example", 1, Address()));
  EXPECT_EQ(Sealed(), " ");
}

TEST_F(LearnDns, OneClientsAnswersAreNotAnothers) {
  Told(Message("web.chat.example", 1, Address()), "10.0.0.7");
  EXPECT_EQ(Sealed(), " ");
}

TEST_F(LearnDns, OnlyAResolversPortIsBelieved) {
  Told(Message("web.chat.example", 1, Address()), test::kClient, 5353);
  EXPECT_EQ(Sealed(), " ");
}

TEST_F(LearnDns, AFlowThatNamesAnotherHostIsThatHosts) {
  Told(Message("web.chat.example", 1, Answer(1, Hex("c0000209"))));  // 192.0.2.9, kServer of the rig
  rig.Handshake();
  EXPECT_TRUE(rig.SendHello("www.else.example"));
  EXPECT_EQ(rig.Finish().verdicts.back(), ":pass");
}

TEST(LearnDnsOff, RemembersNothing) {
  const test::KnowledgeFolder folder;
  EngineSettings settings = test::WorkerRig::Small();
  settings.dns_facts = 0;
  test::WorkerRig rig(test::WorkerRig::kDropMessaging, settings);
  rig.Publish(test::WorkerRig::kDropMessaging, test::WorkerRig::kRules, folder.path());
  const auto udp = [&](std::uint16_t sport, std::uint16_t dport, const Octets& payload, std::string_view src,
                       std::string_view dst) {
    return rig.Send(test::Ethernet(0x0800, test::Ipv4(17, test::Udp(sport, dport, payload, src, dst), src, dst)));
  };
  (void)udp(5300, 53, Be16({7, 0x0100, 1, 0, 0, 0}) + Name("web.chat.example") + Hex("0001 0001"), test::kClient,
            kResolver);
  (void)udp(53, 5300, Message("web.chat.example", 1, Address()), kResolver, test::kClient);
  bool left = true;
  for (int i = 0; i < 40; ++i)
    left = udp(40000, 4000, Octets(60, std::byte{0xee}), test::kClient, "203.0.113.9") && left;
  EXPECT_TRUE(left);
}

}  // namespace
}  // namespace weir
