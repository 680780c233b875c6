#include <pthread.h>
#include <sched.h>

#include <thread>
#include <vector>

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

TEST(LeaveCpus, LeavesTheOthersToThisThreadAndNeverNone) {
  std::thread([] {
    cpu_set_t before;
    ASSERT_EQ(pthread_getaffinity_np(pthread_self(), sizeof before, &before), 0);
    std::vector<int> all;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(static_cast<std::size_t>(cpu), &before)) all.push_back(cpu);
    }
    cpu_set_t after;
    LeaveCpus(std::vector{-1, CPU_SETSIZE});
    LeaveCpus(all);
    ASSERT_EQ(pthread_getaffinity_np(pthread_self(), sizeof after, &after), 0);
    EXPECT_TRUE(CPU_EQUAL(&before, &after));
    if (all.size() < 2) return;
    LeaveCpus(std::vector{all.front()});
    ASSERT_EQ(pthread_getaffinity_np(pthread_self(), sizeof after, &after), 0);
    EXPECT_EQ(CPU_COUNT(&after), CPU_COUNT(&before) - 1);
    EXPECT_FALSE(CPU_ISSET(static_cast<std::size_t>(all.front()), &after));
  }).join();
}

}  // namespace
}  // namespace weir
