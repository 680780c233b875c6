#include "dataplane/io/handoff.h"
#include "tests/unit/dataplane/io/dpdk_environment.h"

namespace weir {
namespace {

TEST_F(Dpdk, AHandoffKeepsTheOrderAndRefusesWhenFull) {
  auto ring = Handoff::Create("ring" + std::to_string(number_), 64);
  ASSERT_TRUE(ring) << ring.error().what;
  std::vector<FrameRef> sent;
  for (;;) {
    const FrameRef frame = pool_->Make(Counting(60 + sent.size()));
    if (!(*ring)->Push(frame)) {
      Free(frame);
      break;
    }
    sent.push_back(frame);
  }
  EXPECT_EQ(sent.size(), 63u);
  std::array<FrameRef, 32> got;
  std::size_t seen = 0;
  while (const std::size_t n = (*ring)->Pop(Timestamp{9}, got)) {
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(got[i].handle, sent[seen++].handle);
      EXPECT_EQ(got[i].time, Timestamp{9});
      Free(got[i]);
    }
  }
  EXPECT_EQ(seen, sent.size());
}

}  // namespace
}  // namespace weir
