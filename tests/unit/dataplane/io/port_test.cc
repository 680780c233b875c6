#include "dataplane/io/port.h"
#include "tests/unit/dataplane/io/dpdk_environment.h"

namespace weir {
namespace {

TEST_F(Dpdk, APortGivesBackWhatItWasSentAndCountsIt) {
  auto port = Port::Find("net_ring0");  // its transmit ring is its receive ring
  ASSERT_TRUE(port) << port.error().what;
  ASSERT_TRUE((*port)->Start({}, *pool_));
  EXPECT_TRUE((*port)->link_up());
  std::vector<FrameRef> sent;
  for (std::size_t i = 0; i < 40; ++i) sent.push_back(pool_->Make(Counting(60 + i)));
  ASSERT_EQ((*port)->Transmit(QueueId{0}, sent), 40u);
  std::array<FrameRef, 32> got;
  std::size_t seen = 0;
  while (const std::size_t n = (*port)->Receive(QueueId{0}, Timestamp{3}, got)) {
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(got[i].len, 60 + seen++);
      EXPECT_EQ(got[i].in_port, (*port)->id());
      Free(got[i]);
    }
  }
  EXPECT_EQ((*port)->counters().tx_packets, 40u);
  EXPECT_EQ((*port)->counters().rx_packets, 40u);
  (*port)->Stop();
}

TEST_F(Dpdk, APortSaysWhatItLacks) {
  EXPECT_NE(Port::Find("net_nowhere3").error().what.find("no port 'net_nowhere3'"), std::string::npos);
  auto port = Port::Find("net_null0,copy=1");
  ASSERT_TRUE(port);
  PortOptions options;
  options.rx_queues = 4000;
  const auto started = (*port)->Start(options, *pool_);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::kUnsupported);
  EXPECT_NE(started.error().what.find("4000 receive"), std::string::npos) << started.error().what;
}

}  // namespace
}  // namespace weir
