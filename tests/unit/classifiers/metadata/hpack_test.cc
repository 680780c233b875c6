#include "classifiers/metadata/hpack.h"

#include <gtest/gtest.h>

#include "tests/unit/classifiers/metadata/http2_builder.h"

namespace weir {
namespace {

using test::Hex;
using test::HpackEncoder;
using test::Octets;
using test::operator+;

// RFC 7541 appendix C.4: three requests with Huffman and a shared dynamic table.
TEST(Hpack, ReadsTheExamplesOfTheRfc) {
  Hpack hpack;
  std::vector<Hpack::Header> fields;
  std::size_t budget = 10'000;
  EXPECT_EQ(hpack.Decode(Hex("828684418cf1e3c2e5f23a6ba0ab90f4ff"), budget, fields), Hpack::Outcome::kWhole);
  EXPECT_EQ(fields.back(), Hpack::Header(":authority", "www.example.com"));
  EXPECT_EQ(hpack.Decode(Hex("828684be5886a8eb10649cbf"), budget, fields), Hpack::Outcome::kWhole);
  EXPECT_EQ(fields.back(), Hpack::Header("cache-control", "no-cache"));
  EXPECT_EQ(hpack.Decode(Hex("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"), budget, fields),
            Hpack::Outcome::kWhole);
  EXPECT_EQ(fields.back(), Hpack::Header("custom-key", "custom-value"));
  EXPECT_EQ(fields.size(), 4u + 5u + 5u);
}

TEST(Hpack, TakesAnEmptyBlockAndOneThatOnlyChangesTheTable) {
  Hpack hpack;
  std::vector<Hpack::Header> fields;
  std::size_t budget = 100;
  EXPECT_EQ(hpack.Decode({}, budget, fields), Hpack::Outcome::kWhole);
  EXPECT_EQ(hpack.Decode(Hex("20"), budget, fields), Hpack::Outcome::kWhole);
  EXPECT_TRUE(fields.empty());
}

TEST(Hpack, StopsAtItsBudget) {
  Hpack hpack;
  std::vector<Hpack::Header> fields;
  std::size_t budget = 100;
  EXPECT_EQ(hpack.Decode(Hex("82 82 82"), budget, fields), Hpack::Outcome::kOverBudget);  // 7 + 3 + 32 each
  EXPECT_EQ(fields.size(), 2u);
  EXPECT_EQ(budget, 16u);
}

TEST(Hpack, LeavesCookiesOut) {
  Hpack hpack;
  HpackEncoder encoder;
  std::vector<Hpack::Header> fields;
  std::size_t budget = 200;
  EXPECT_EQ(hpack.Decode(encoder.Block({{"cookie", std::string(3000, 'c')}, {"a", "b"}}), budget, fields),
            Hpack::Outcome::kWhole);
  EXPECT_EQ(fields, (std::vector<Hpack::Header>{{"a", "b"}}));
}

TEST(Hpack, HoldsNoMoreThanItsTable) {
  Hpack hpack;
  HpackEncoder encoder(Hpack::kMaxTable);
  std::vector<Hpack::Header> fields;
  for (int i = 0; i < 1000; ++i) {
    std::size_t budget = 10'000;
    ASSERT_EQ(hpack.Decode(encoder.Block({{"x-" + std::to_string(i), std::string(500, 'v')}}), budget, fields),
              Hpack::Outcome::kWhole);
  }
  EXPECT_GT(hpack.memory_bytes(), Hpack::kMaxTable - 1000);
  EXPECT_LE(hpack.memory_bytes(), Hpack::kMaxTable + 4096);
}

}  // namespace
}  // namespace weir
