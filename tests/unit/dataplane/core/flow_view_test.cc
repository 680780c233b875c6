#include "dataplane/core/flow_view.h"

#include <gtest/gtest.h>

#include <set>

namespace weir {
namespace {

TEST(AppProtoName, IsSuricatasAndAnothersIsNot) {
  EXPECT_EQ(Name(AppProto::kUnknown), "");
  EXPECT_EQ(Name(AppProto::kTls), "tls");
  EXPECT_EQ(Name(AppProto::kQuic), "quic");
  EXPECT_EQ(Name(AppProto::kHttp), "http");
  EXPECT_EQ(Name(AppProto::kDns), "dns");
  EXPECT_EQ(Name(AppProto::kFailed), "failed");
  std::set<std::string_view> names;
  for (int proto = 0; proto <= static_cast<int>(AppProto::kFailed); ++proto)
    EXPECT_TRUE(names.insert(Name(static_cast<AppProto>(proto))).second) << proto;
}

}  // namespace
}  // namespace weir
