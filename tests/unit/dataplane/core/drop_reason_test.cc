#include "dataplane/core/drop_reason.h"

#include <gtest/gtest.h>

#include <set>

namespace weir {
namespace {

TEST(DropReason, EachHasItsOwnNameFitForACounter) {
  std::set<std::string_view> names(kDropReasonNames.begin(), kDropReasonNames.end());
  EXPECT_EQ(names.size(), kDropReasonCount);
  for (const std::string_view name : names)
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string_view::npos) << name;
  EXPECT_EQ(Name(DropReason::kNone), "none");
  EXPECT_EQ(Name(DropReason::kTxFull), "tx_full");
}

}  // namespace
}  // namespace weir
