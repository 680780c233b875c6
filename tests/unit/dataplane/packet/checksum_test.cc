#include "dataplane/packet/checksum.h"

#include <gtest/gtest.h>

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

TEST(Checksum, FoldsEveryCarry) { EXPECT_EQ(ChecksumFold(0xffffffffffffffffu), 0xffff); }

TEST(Crc32c, IsTheCheckValueOfTheCatalogue) { EXPECT_EQ(~Crc32c(test::Text("123456789")), 0xe3069283u); }

}  // namespace
}  // namespace weir
