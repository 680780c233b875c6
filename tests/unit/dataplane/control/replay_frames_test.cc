#include "dataplane/control/replay_frames.h"

#include <gtest/gtest.h>

#include <vector>

#include "dataplane/core/sanitizer.h"

namespace weir {
namespace {

std::vector<std::byte> Filled(std::size_t size, unsigned char with) { return std::vector(size, std::byte{with}); }

TEST(ReplayFrames, AreCopiesThatStayUntilTheyAreGivenBack) {
  ReplayFrames frames;
  std::vector<ReplayFrame*> out;
  const std::vector<std::size_t> sizes = {0, 1, 60, 2048, 2049, 9000};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto bytes = Filled(sizes[i], static_cast<unsigned char>(i + 1));
    out.push_back(frames.Make(bytes, static_cast<std::int64_t>(i), static_cast<std::uint32_t>(sizes[i] + 4)));
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const Bytes kept(out[i]->bytes, out[i]->size);
    EXPECT_EQ(std::vector(kept.begin(), kept.end()), Filled(sizes[i], static_cast<unsigned char>(i + 1)));
    EXPECT_EQ(out[i]->time_ns, static_cast<std::int64_t>(i));
    EXPECT_EQ(out[i]->wire_len, sizes[i] + 4);
    frames.GiveBack(out[i]);
  }
}

TEST(ReplayFrames, UseABlockAgainForAFrameOfAnotherSize) {
  if (kAddressSanitizer) GTEST_SKIP() << "each frame is a block of its own under a sanitizer";
  ReplayFrames frames;
  ReplayFrame* first = frames.Make(Filled(1500, 1), 1, 1500);
  frames.GiveBack(first);
  ReplayFrame* second = frames.Make(Filled(60, 2), 2, 60);
  EXPECT_EQ(second, first);
  EXPECT_EQ(second->size, 60u);
  ReplayFrame* third = frames.Make(Filled(60, 3), 3, 60);
  EXPECT_NE(third, second);
  frames.GiveBack(second);
  frames.GiveBack(third);
}

}  // namespace
}  // namespace weir
