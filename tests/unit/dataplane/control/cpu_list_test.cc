#include "dataplane/control/cpu_list.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(ParseCpuList, ReadsNumbersAndRanges) {
  EXPECT_EQ(ParseCpuList("").value(), std::vector<int>{});
  EXPECT_EQ(ParseCpuList("3").value(), std::vector<int>{3});
  EXPECT_EQ(ParseCpuList("1,4-6,0").value(), (std::vector<int>{1, 4, 5, 6, 0}));
  for (const char* wrong : {"x", "1,", ",1", "1-", "-1", "3-1", "1 2", "99999"})
    EXPECT_FALSE(ParseCpuList(wrong)) << wrong;
}

}  // namespace
}  // namespace weir
