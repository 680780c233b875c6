#include "dataplane/io/af_packet_fanout.h"

#include <linux/if_packet.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>

namespace weir {
namespace {

std::atomic<bool> keep_apart = false;

}  // namespace

void KeepFragmentsApart() noexcept { keep_apart.store(true, std::memory_order_relaxed); }

}  // namespace weir

// In front of the C library's, for the driver's shared object too (meson.build exports it).
extern "C" int setsockopt(int socket, int level, int option, const void* value, socklen_t length) noexcept {
  std::uint32_t fanout = 0;  // id, then type and flags in the upper half
  const bool is_fanout = level == SOL_PACKET && option == PACKET_FANOUT && length == sizeof fanout;
  if (is_fanout && weir::keep_apart.load(std::memory_order_relaxed)) {
    std::memcpy(&fanout, value, sizeof fanout);
    fanout &= ~(std::uint32_t{PACKET_FANOUT_FLAG_DEFRAG} << 16);
    value = &fanout;
  }
  return static_cast<int>(syscall(SYS_setsockopt, socket, level, option, value, length));
}
