#include "dataplane/pipeline/decision_table.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

Decision Drop(std::string_view evidence) {
  Decision d;
  d.what.app = AppId{3};
  d.what.evidence = evidence;
  d.verdict.action = Action::kDrop;
  return d;
}

TEST(DecisionTable, GivesEqualDecisionsOneHandle) {
  DecisionTable table;
  const Handle a = table.Intern(Drop("tls.sni a.example"));
  EXPECT_EQ(table.Intern(Drop("tls.sni a.example")), a);
  EXPECT_NE(table.Intern(Drop("tls.sni b.example")), a);
  EXPECT_EQ(table.size(), 2u);
}

TEST(DecisionTable, TellsAWouldDropFromADrop) {
  DecisionTable table;
  Decision would = Drop("x");
  would.verdict.would = true;
  EXPECT_NE(table.Intern(Drop("x")), table.Intern(would));
}

TEST(DecisionTable, ForgetsADecisionWithItsLastFlow) {
  DecisionTable table;
  const Handle a = table.Intern(Drop("x"));
  table.Intern(Drop("x"));
  table.Release(a);
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table[a].what.evidence.view(), "x");
  table.Release(a);
  EXPECT_EQ(table.size(), 0u);
}

}  // namespace
}  // namespace weir
