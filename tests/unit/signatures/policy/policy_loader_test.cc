#include <gtest/gtest.h>

#include "signatures/policy/policy.h"

#include "tests/unit/signatures/policy/some_apps.h"

namespace weir {
namespace {

struct Bad {
  std::string name;
  std::string text;
  std::string want;
};
class PolicyDefects : public testing::TestWithParam<Bad> {};

TEST_P(PolicyDefects, AreNamedByLineAndColumn) {
  const AppRegistry apps = test::SomeApps();
  const auto loaded = LoadPolicy("p.yaml", GetParam().text, apps);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error()[0].substr(0, GetParam().want.size()), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    All, PolicyDefects,
    testing::Values(
        Bad{"NameOfTwoLines", "version: 1\nrules: [{name: \"a\\nb\", action: drop}]",
            "p.yaml:2:9: a rule's name holds a control character"},
        Bad{"Syntax", "version: [1", "p.yaml:1:"}, Bad{"NoVersion", "rules: []", "p.yaml:1:1: the policy must say"},
        Bad{"UnknownKey", "version: 1\nrulez: []", "p.yaml:2:1: unknown key 'rulez'"},
        Bad{"UnknownApp", "version: 1\nrules: [{name: x, action: drop, match: {app: Whatsup}}]",
            "p.yaml:2:46: unknown app 'Whatsup'"},
        Bad{"UnknownCategory", "version: 1\nrules: [{name: x, action: drop, match: {category: chat}}]",
            "p.yaml:2:51: unknown category 'chat'"},
        Bad{"BadPrefix", "version: 1\nnetworks: {a: [10.0.0.0/33]}", "p.yaml:2:16: '10.0.0.0/33' is no address range"},
        Bad{"BadVlan", "version: 1\nnetworks: {a: [\"vlan:4095\"]}", "p.yaml:2:16: 'vlan:4095' is no VLAN"},
        Bad{"BadDate", "version: 1\nrules: [{name: x, action: drop, effective: soon}]",
            "p.yaml:2:44: 'soon' is no instant"},
        Bad{"BadAction", "version: 1\nrules: [{name: x, action: block}]", "p.yaml:2:27: unknown action 'block'"},
        Bad{"NotForwarding", "version: 1\npending: {forward: false}", "p.yaml:2:20: forward: false cannot be"},
        Bad{"SameNameTwice", "version: 1\nrules: [{name: x, action: drop}, {name: x, action: pass}]",
            "p.yaml:2:34: a rule named 'x'"}),
    [](const testing::TestParamInfo<Bad>& test_case) { return test_case.param.name; });

}  // namespace
}  // namespace weir
