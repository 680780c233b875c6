#include "dataplane/packet/checksum.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/packet_builder.h"

namespace weir {
namespace {

TEST(Checksum, IsTheExampleOfRfc1071) {
  EXPECT_EQ(ChecksumFold(ChecksumAdd(test::Hex("0001 f203 f4f5 f6f7"))), 0xddf2);
}

TEST(Checksum, PadsAnyTailWithZero) {
  for (std::size_t n = 1; n <= 9; ++n) {
    test::Octets data(n, std::byte{0xab});
    test::Octets padded = data;
    padded.resize(16);
    EXPECT_EQ(ChecksumFold(ChecksumAdd(data)), ChecksumFold(ChecksumAdd(padded))) << n;
  }
}

// RFC 1071 s1 word by word, for each length that takes another way through the loops.
TEST(Checksum, IsTheSumOfWordsAtAnyLength) {
  std::mt19937 random(5);
  for (std::size_t n = 0; n <= 300; ++n) {
    test::Octets data(n);
    for (std::byte& each : data) each = static_cast<std::byte>(n % 7 == 0 ? 0xff : random());
    std::uint64_t words = 0;
    for (std::size_t i = 0; i < n; ++i) words += std::uint64_t{LoadU8(&data[i])} << (i % 2 == 0 ? 8 : 0);
    ASSERT_EQ(ChecksumFold(ChecksumAdd(data)), ChecksumFold(words)) << n;
    ASSERT_EQ(ChecksumFold(ChecksumAdd(data, 0x12345)), ChecksumFold(words + 0x12345)) << n;
    ASSERT_EQ(__builtin_bswap16(ChecksumFold(ChecksumAddNative(data.data(), n))), ChecksumFold(words)) << n;
  }
}

TEST(Checksum, FoldsEveryCarry) { EXPECT_EQ(ChecksumFold(0xffffffffffffffffu), 0xffff); }

TEST(Crc32c, IsTheCheckValueOfTheCatalogue) { EXPECT_EQ(~Crc32c(test::Text("123456789")), 0xe3069283u); }

}  // namespace
}  // namespace weir
