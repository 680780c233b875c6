#include "dataplane/control/config.h"

#include <gtest/gtest.h>

#include <fstream>

namespace weir {
namespace {

constexpr const char* kGood = R"(version: 1
instance: edge-a
ports:
  pairs:
    - {inside: "0000:03:00.0", outside: "0000:03:00.1"}
    - {inside: "net_af_packet0,iface=a", outside: "net_af_packet1,iface=b"}
  mirror: "0000:04:00.0"
  mtu: 9000
workers: {count: 4, cpus: "2-5", distribute: software}
flow: {capacity: 1000000, key: {vlan: false}, timeouts: {tcp_established_ms: 60000}}
exceptions: {flow_table_full: pass-packet}
telemetry: {eve: {enabled: false}}
)";

TEST(LoadConfig, ReadsEachKindOfValue) {
  const auto config = LoadConfig("weir.yaml", kGood);
  ASSERT_TRUE(config) << config.error()[0];
  EXPECT_EQ(config->run.name, "edge-a");
  ASSERT_EQ(config->run.pairs.size(), 2u);
  EXPECT_EQ(config->run.pairs[1].outside, "net_af_packet1,iface=b");
  EXPECT_EQ(config->run.mirror, "0000:04:00.0");
  EXPECT_EQ(config->run.workers, 4u);
  EXPECT_EQ(config->run.distribute, Distribute::kSoftware);
  EXPECT_EQ(config->engine.flow_capacity, 1'000'000u);
  EXPECT_FALSE(config->engine.key_has_vlan);
  EXPECT_EQ(config->engine.timeouts.tcp_established_ms, 60'000u);
  EXPECT_EQ(config->engine.exceptions[ExceptionTrigger::kFlowTableFull], ExceptionAction::kPassPacket);
  EXPECT_FALSE(config->eve_enabled);
}

TEST(LoadConfig, TellsAllDefectsWithTheirPlaces) {
  const auto config =
      LoadConfig("weir.yaml",
                 "version: 2\nflow: {capacity: 0, colour: red}\nworkers: {distribute: maybe}\n"
                 "ports: {pairs: [{inside: a, outside: a}, {inside: b}]}\nexceptions: {flow_table_full: cry}\n");
  ASSERT_FALSE(config);
  const std::vector<std::string>& d = config.error();
  ASSERT_EQ(d.size(), 7u);
  EXPECT_EQ(d[0].rfind("weir.yaml:1:10:", 0), 0u) << d[0];
  EXPECT_EQ(d[1].rfind("weir.yaml:2:18: flow.capacity: '0' is no number in 1..", 0), 0u) << d[1];
  EXPECT_EQ(d[2].rfind("weir.yaml:2:21: unknown key 'flow.colour'", 0), 0u) << d[2];
  EXPECT_NE(d[3].find("none of auto, rss, software"), std::string::npos) << d[3];
  EXPECT_NE(d[4].find("two different devices"), std::string::npos) << d[4];
  EXPECT_NE(d[6].find("no exception policy"), std::string::npos) << d[6];
}

TEST(ApplySetting, SetsAnyKeyByItsFullName) {
  Config config;
  EXPECT_TRUE(ApplySetting(config, "defrag.bytes=1000000"));
  EXPECT_EQ(config.engine.defrag.bytes, 1'000'000u);
  EXPECT_TRUE(ApplySetting(config, "ports.mirror=net_null0"));
  EXPECT_EQ(config.run.mirror, "net_null0");
  for (const char* wrong : {"defrag.bytes", "defrag.bites=1", "defrag.bytes=", "defrag.bytes=1k", "ndpi.enabled=yes"}) {
    const auto set = ApplySetting(config, wrong);
    ASSERT_FALSE(set) << wrong;
    EXPECT_EQ(set.error().code, Errc::kInvalidArgument);
  }
}

// docs/weir.yaml.md has one row a key, "| `key` | values | default | ...", and no other.
TEST(DescribeKeys, IsWhatTheManualLists) {
  std::ifstream manual(WEIR_SOURCE_ROOT "/docs/weir.yaml.md");
  std::vector<std::string> rows;
  for (std::string line; std::getline(manual, line);) {
    if (line.rfind("| `", 0) == 0 && line.find("ports.pairs") == std::string::npos) rows.push_back(line);
  }
  std::vector<KeyText> keys = DescribeKeys();
  ASSERT_EQ(rows.size(), keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string row = "| `" + keys[i].name + "` | " + keys[i].values + " | " + keys[i].value + " |";
    EXPECT_EQ(rows[i].rfind(row, 0), 0u) << row << "\n" << rows[i];
  }
}

}  // namespace
}  // namespace weir
