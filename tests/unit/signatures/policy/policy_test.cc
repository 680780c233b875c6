#include "signatures/policy/policy.h"

#include <gtest/gtest.h>

#include "tests/unit/signatures/policy/some_apps.h"

namespace weir {
namespace {

constexpr const char* kPolicy = R"(version: 1
networks: {hr: [10.4.0.0/16, "2001:db8:4::/48"], guests: ["vlan:40"]}
rules:
  - {name: box-is-fine, match: {app: Box, to: 192.0.2.0/24}, action: pass}
  - name: no-messaging
    match: {category: [messaging, cloud-storage], except_app: [Teams], from: [hr, guests]}
    effective: 2026-10-31T00:00:00+08:00
    action: reject
    mirror: forensics
default: {action: pass}
pending: {forward: true, max_packets: 12, max_bytes: 4096, then: drop}
)";

struct PolicyTest : testing::Test {
  AppRegistry apps = test::SomeApps();
  std::unique_ptr<const Policy> policy = std::move(LoadPolicy("p.yaml", kPolicy, apps).value());
  FlowView flow;
  PolicyTest() {
    const std::uint8_t client[4] = {10, 4, 9, 9};
    const std::uint8_t server[4] = {192, 0, 2, 1};
    flow.client = IpAddress::V4(client);
    flow.server = IpAddress::V4(server);
    flow.now = {1'800'000'000'000'000};
  }
  Classification What(const char* app, Confidence confidence = Confidence::kCertain) {
    Classification what;
    what.app = apps.Find(app);
    what.category = apps.CategoryOf(what.app);
    what.confidence = confidence;
    return what;
  }
  std::string RuleFor(const Classification& what) {
    return std::string(policy->RuleName(policy->Judge(what, flow).rule));
  }
};

TEST_F(PolicyTest, TakesTheFirstRuleThatMatches) {
  EXPECT_EQ(RuleFor(What("Box")), "box-is-fine");
  EXPECT_EQ(RuleFor(What("WhatsApp")), "no-messaging");
  EXPECT_EQ(RuleFor(What("Teams")), "default");
  EXPECT_EQ(RuleFor({}), "default");
}

TEST_F(PolicyTest, StopsOnlyWhoComesFromTheNamedNetworks) {
  flow.client.octets[1] = 5;
  EXPECT_EQ(RuleFor(What("WhatsApp")), "default");
  flow.vlan = 40;
  EXPECT_EQ(RuleFor(What("WhatsApp")), "no-messaging");
}

TEST_F(PolicyTest, NeverActsOnAGuessUnlessTold) { EXPECT_EQ(RuleFor(What("WhatsApp", Confidence::kGuess)), "default"); }

TEST_F(PolicyTest, OnlyWouldRejectBeforeTheEffectiveDate) {
  const Timestamp edge{1'793'376'000'000'000};  // 2026-10-30T16:00:00Z
  flow.now = {edge.us - 1};
  const Verdict before = policy->Judge(What("WhatsApp"), flow);
  EXPECT_TRUE(before.would);
  EXPECT_EQ(before.effective(), Action::kPass);
  EXPECT_EQ(policy->NextEdge(flow.now), edge);
  flow.now = edge;
  EXPECT_EQ(policy->Judge(What("WhatsApp"), flow).effective(), Action::kReject);
  EXPECT_TRUE(policy->Judge(What("WhatsApp"), flow).mirror);
  EXPECT_EQ(policy->NextEdge(edge).us, INT64_MAX);
}

TEST_F(PolicyTest, KeepsWhatPassesWhilePending) {
  EXPECT_EQ(policy->pending().max_packets, 12u);
  EXPECT_EQ(policy->pending().then, Action::kDrop);
}

TEST(JudgeUnknown, AsksTheRulesThenDefaultThenPending) {
  const AppRegistry apps = test::SomeApps();
  FlowView guest;
  guest.client.octets = {10, 99, 0, 1};
  FlowView other;
  other.client.octets = {10, 4, 0, 1};
  const auto load = [&](const std::string& rest) {
    return std::move(
        LoadPolicy("p.yaml", "version: 1\nrules: [{name: free, match: {from: [10.99.0.0/16]}, action: pass}]\n" + rest,
                   apps)
            .value());
  };
  const auto drops = load("pending: {then: drop}\n");
  EXPECT_EQ(drops->RuleName(drops->JudgeUnknown(guest).rule), "free");
  EXPECT_EQ(drops->JudgeUnknown(guest).action, Action::kPass);
  EXPECT_EQ(drops->RuleName(drops->JudgeUnknown(other).rule), "pending");
  EXPECT_EQ(drops->JudgeUnknown(other).action, Action::kDrop);
  const auto closed = load("default: {action: reject}\npending: {then: drop}\n");
  EXPECT_EQ(closed->JudgeUnknown(other).action, Action::kReject);
  EXPECT_EQ(load("")->JudgeUnknown(other).action, Action::kPass);
}

}  // namespace
}  // namespace weir
