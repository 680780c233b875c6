#pragma once
#include <gtest/gtest.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <unistd.h>

#include <cstring>

#include "dataplane/io/eal.h"
#include "dataplane/io/frame_pool.h"

namespace weir {

// A real DPDK environment, without huge pages and with virtual devices only: one for
// all tests of this program, as a process may have one.
class DpdkEnvironment : public testing::Environment {
 public:
  static inline std::unique_ptr<Eal> eal;
  static inline std::string error;
  void SetUp() override {
    EalOptions options;
    options.name = "weir-eal-test-" + std::to_string(getpid());
    options.devices = {"net_ring0", "net_null0,copy=1"};
    options.memory_mb = 128;
    options.huge_pages = false;
    auto started = Eal::Start(options);
    if (started)
      eal = std::move(*started);
    else
      error = started.error().what;
  }
  void TearDown() override { eal.reset(); }
};
inline std::vector<std::byte> Counting(std::size_t n) {
  std::vector<std::byte> bytes(n);
  for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::byte>(i * 7);
  return bytes;
}

class Dpdk : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(DpdkEnvironment::eal, nullptr) << DpdkEnvironment::error;
    auto made = FramePool::Create({"pool" + std::to_string(++number_), 1024, 2048, 9728});
    ASSERT_TRUE(made) << made.error().what;
    pool_ = std::move(*made);
  }
  void TearDown() override {
    ASSERT_EQ(pool_->in_use(), 0u) << "a frame was not given back";
    pool_.reset();
  }
  // An mbuf chain of segments of `each` bytes.
  rte_mbuf* Chain(const std::vector<std::byte>& bytes, std::size_t each) {
    rte_mbuf* head = nullptr;
    for (std::size_t at = 0; at < bytes.size(); at += each) {
      const std::size_t n = std::min(each, bytes.size() - at);
      rte_mbuf* segment = rte_pktmbuf_alloc(pool_->get());
      std::memcpy(rte_pktmbuf_append(segment, static_cast<std::uint16_t>(n)), bytes.data() + at, n);
      if (head == nullptr)
        head = segment;
      else
        EXPECT_EQ(rte_pktmbuf_chain(head, segment), 0);
    }
    return head;
  }
  std::unique_ptr<FramePool> pool_;
  static inline int number_ = 0;
};

}  // namespace weir
