#include <gtest/gtest.h>

#include "signatures/rule/option.h"

namespace weir {
namespace {

IpAddress Address(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  IpAddress address;
  address.octets = {a, b, c, d};
  return address;
}

TEST(ParseAddresses, UnderstandsListsNegationAndNesting) {
  AddressSpec spec;
  ASSERT_EQ(ParseAddresses("[10.0.0.0/8,![10.1.0.0/16,10.2.0.0/16],192.0.2.1]", spec), "");
  EXPECT_TRUE(spec.Contains(Address(10, 3, 0, 1), 4));
  EXPECT_TRUE(spec.Contains(Address(192, 0, 2, 1), 4));
  EXPECT_FALSE(spec.Contains(Address(10, 1, 0, 1), 4));
  EXPECT_FALSE(spec.Contains(Address(192, 0, 2, 2), 4));
  AddressSpec negated;
  ASSERT_EQ(ParseAddresses("!10.0.0.0/8", negated), "");
  EXPECT_TRUE(negated.Contains(Address(11, 0, 0, 1), 4));
  EXPECT_FALSE(negated.Contains(Address(10, 0, 0, 1), 4));
}

TEST(ParsePorts, UnderstandsRangesListsAndNegation) {
  PortSpec spec;
  ASSERT_EQ(ParsePorts("[80,1000:2000,!1500,60000:]", spec), "");
  for (const std::uint16_t in : std::initializer_list<std::uint16_t>{80, 1000, 2000, 60000, 65535})
    EXPECT_TRUE(spec.Contains(in)) << in;
  for (const std::uint16_t out : std::initializer_list<std::uint16_t>{81, 999, 1500, 2001})
    EXPECT_FALSE(spec.Contains(out)) << out;
}

TEST(RuleHeaders, RefuseWhatIsNone) {
  AddressSpec addresses;
  PortSpec ports;
  RuleHeader header;
  for (const char* text : {"", "10.0.0.0/33", "[10.0.0.1", "$NOT_SET", "[,]"})
    EXPECT_NE(ParseAddresses(text, addresses), "") << text;
  for (const char* text : {"", "65536", "20:10", "x", "[80"}) EXPECT_NE(ParsePorts(text, ports), "") << text;
  EXPECT_NE(ParseProtocol("tcpp", header), "");
}

}  // namespace
}  // namespace weir
