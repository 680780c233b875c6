#include "dataplane/flow/siphash.h"

#include <gtest/gtest.h>

#include <set>

namespace weir {
namespace {

TEST(SipHash13, DependsOnTheKeyOnTheLengthAndOnEachByte) {
  std::set<std::uint64_t> seen;
  std::array<unsigned char, 24> bytes{};
  for (std::size_t n = 0; n <= bytes.size(); ++n) seen.insert(SipHash13({1, 2}, bytes.data(), n));
  for (auto& byte : bytes) {
    byte = 1;
    seen.insert(SipHash13({1, 2}, bytes.data(), bytes.size()));
    byte = 0;
  }
  seen.insert(SipHash13({1, 3}, bytes.data(), bytes.size()));
  EXPECT_EQ(seen.size(), 25u + 24u + 1u);
}

}  // namespace
}  // namespace weir
