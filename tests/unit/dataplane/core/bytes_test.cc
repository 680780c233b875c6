#include "dataplane/core/bytes.h"

#include <gtest/gtest.h>

#include <array>

namespace weir {
namespace {

constexpr std::array kEight = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4},
                               std::byte{5}, std::byte{6}, std::byte{7}, std::byte{8}};

TEST(ByteReader, ReadsBigEndianIntegers) {
  ByteReader reader(kEight);
  EXPECT_EQ(reader.U8(), 0x01);
  EXPECT_EQ(reader.U16(), 0x0203);
  EXPECT_EQ(reader.U24(), 0x040506u);
  EXPECT_EQ(reader.remaining(), 2u);
  EXPECT_TRUE(reader.ok());
}

TEST(ByteReader, ReadsSixtyFourBits) { EXPECT_EQ(ByteReader(kEight).U64(), 0x0102030405060708u); }

TEST(ByteReader, StaysBadAfterAReadPastTheEnd) {
  ByteReader reader(kEight);
  reader.Skip(7);
  EXPECT_EQ(reader.U16(), 0);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.U8(), 0) << "a byte is left, but the structure is already known to be cut";
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, TakesARangeOrNothing) {
  ByteReader reader(kEight);
  EXPECT_EQ(reader.Take(3).size(), 3u);
  EXPECT_EQ(reader.Take(6).size(), 0u);
  EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace weir
