#include "classifiers/metadata/der.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builder.h"

namespace weir {
namespace {

using test::Hex;
using test::Octets;
using test::operator+;

TEST(Take, TakesOneElementAndLeavesTheRest) {
  const Octets bytes = Hex("0403 616263 020107");
  Bytes from(bytes);
  der::Element element;
  ASSERT_TRUE(der::Take(from, der::kOctets, element));
  EXPECT_EQ(AsText(element.content), "abc");
  EXPECT_EQ(element.whole.size(), 5u);
  ASSERT_TRUE(der::Take(from, element));
  EXPECT_EQ(element.tag, der::kInteger);
  EXPECT_TRUE(from.empty());
  EXPECT_FALSE(der::Take(from, element));
}

TEST(Take, ReadsLengthsOfSeveralOctetsWithZerosInFront) {
  for (const char* head : {"0481c8", "048200c8", "048300 00c8", "0488 00000000000000c8"}) {
    const Octets bytes = Hex(head) + Octets(200);
    Bytes from(bytes);
    der::Element element;
    ASSERT_TRUE(der::Take(from, element)) << head;
    EXPECT_EQ(element.content.size(), 200u);
  }
}

TEST(Take, RefusesWhatIsCutOrHasNoDefiniteLength) {
  for (const char* bad : {"", "04", "0403 6162", "0480 0000", "0482 01", "0489 000000000000000001 61",
                          "0488 ffffffffffffffff 61", "0484 ffffffff 61"}) {
    const Octets bytes = Hex(bad);
    Bytes from(bytes);
    der::Element element;
    EXPECT_FALSE(der::Take(from, element)) << bad;
  }
}

}  // namespace
}  // namespace weir
