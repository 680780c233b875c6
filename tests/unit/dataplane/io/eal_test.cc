#include "tests/unit/dataplane/io/dpdk_environment.h"

namespace weir {
namespace {

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new DpdkEnvironment());

TEST(DeviceText, IsNamedTypedAndSized) {
  EXPECT_EQ(DeviceName("net_af_packet0,iface=x"), "net_af_packet0");
  EXPECT_EQ(DeviceName("0000:03:00.0"), "0000:03:00.0");
  EXPECT_TRUE(IsPciAddress("0000:03:00.0,arg=1"));
  EXPECT_TRUE(IsPciAddress("03:00.0"));
  EXPECT_FALSE(IsPciAddress("net_tap0"));
  EXPECT_FALSE(IsPciAddress("net_null"));
  EXPECT_NE(WithRingSizes("net_af_packet0,iface=x").find("framesz=10240"), std::string::npos);
  EXPECT_EQ(WithRingSizes("net_af_packet0,iface=x,framesz=4096"), "net_af_packet0,iface=x,framesz=4096");
  EXPECT_EQ(WithRingSizes("net_tap0"), "net_tap0");
}

}  // namespace
}  // namespace weir
