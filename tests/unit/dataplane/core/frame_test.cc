#include "dataplane/core/frame.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace weir {
namespace {

TEST(CopyFrame, KeepsAllThatIsSaidOfTheFrameAndOutlivesItsBytes) {
  std::array<std::byte, 60> bytes;
  bytes.fill(std::byte{7});
  FrameRef frame;
  frame.handle = &bytes;
  frame.data = bytes.data();
  frame.len = static_cast<std::uint32_t>(bytes.size());
  frame.in_port = PortId{3};
  frame.number = 9;
  const FrameRef copy = CopyFrame(frame);
  bytes.fill(std::byte{0});
  EXPECT_TRUE(copy.copied);
  EXPECT_EQ(copy.handle, nullptr);
  EXPECT_EQ(copy.in_port, frame.in_port);
  EXPECT_EQ(copy.number, 9u);
  ASSERT_EQ(copy.len, 60u);
  EXPECT_TRUE(std::all_of(copy.data, copy.data + copy.len, [](std::byte b) { return b == std::byte{7}; }));
  FreeCopy(copy);
}

}  // namespace
}  // namespace weir
