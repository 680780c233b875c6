#include "dataplane/io/af_packet_fanout.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>

namespace weir {
namespace {

using SetSockOpt = int (*)(int, int, int, const void*, socklen_t);

// A socket on the loopback device, as the driver makes it; the one that a shared object finds sets its options.
int MakeSocket(std::uint32_t fanout) {
  const auto set = reinterpret_cast<SetSockOpt>(dlsym(RTLD_DEFAULT, "setsockopt"));
  const int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  if (fd < 0) return fd;
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex("lo"));
  EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(set(fd, SOL_PACKET, PACKET_FANOUT, &fanout, sizeof fanout), 0);
  return fd;
}

std::uint32_t Fanout(int fd) {
  std::uint32_t value = 0;
  socklen_t length = sizeof value;
  EXPECT_EQ(getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, &length), 0);
  return value;
}

TEST(AfPacketFanout, ASocketJoinsWithoutTheKernelsReassemblyAndWithAllElseAsked) {
  const std::uint32_t id = static_cast<std::uint32_t>(getpid()) & 0xffff;
  const std::uint32_t flags = PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_ROLLOVER;
  KeepFragmentsApart();
  const int fd = MakeSocket(id | (flags | PACKET_FANOUT_FLAG_DEFRAG) << 16);
  if (fd < 0) GTEST_SKIP() << "needs CAP_NET_RAW";
  EXPECT_EQ(Fanout(fd), id | flags << 16);
  close(fd);
}

TEST(AfPacketFanout, OtherOptionsArriveAsTheyWere) {
  KeepFragmentsApart();
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  int on = 1;
  ASSERT_EQ(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on), 0);
  int got = 0;
  socklen_t length = sizeof got;
  ASSERT_EQ(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &got, &length), 0);
  EXPECT_EQ(got, 1);
  EXPECT_EQ(setsockopt(-1, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on), -1);
  close(fd);
}

}  // namespace
}  // namespace weir
