#include "dataplane/core/prefix.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

IpAddress Address(const char* text) {
  IpAddress a;
  inet_pton(std::string_view(text).find(':') == std::string_view::npos ? AF_INET : AF_INET6, text, a.octets.data());
  return a;
}

struct Case {
  const char* prefix;
  const char* inside;
  const char* outside;
  std::uint8_t version;
};
constexpr std::array kCases = {
    Case{"10.4.0.0/16", "10.4.255.255", "10.5.0.0", 4},
    Case{"10.4.0.0/15", "10.5.0.1", "10.6.0.0", 4},
    Case{"192.0.2.7", "192.0.2.7", "192.0.2.6", 4},
    Case{"192.0.2.128/25", "192.0.2.255", "192.0.2.127", 4},
    Case{"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::", 6},
    Case{"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::", 6},
    Case{"::1", "::1", "::2", 6},
};

TEST(Prefix, HoldsWhatSharesItsBitsAndNothingElse) {
  for (const Case& c : kCases) {
    const auto prefix = Prefix::Parse(c.prefix);
    ASSERT_TRUE(prefix) << c.prefix;
    EXPECT_TRUE(prefix->Contains(Address(c.inside), c.version)) << c.prefix;
    EXPECT_FALSE(prefix->Contains(Address(c.outside), c.version)) << c.prefix;
  }
}

TEST(Prefix, OfLengthZeroHoldsAllOfItsFamilyOnly) {
  EXPECT_TRUE(Prefix::Parse("0.0.0.0/0")->Contains(Address("255.1.2.3"), 4));
  EXPECT_FALSE(Prefix::Parse("0.0.0.0/0")->Contains(Address("::"), 6));
}

TEST(Prefix, RefusesWhatIsNone) {
  for (const char* text : {"", "10.4.0.0/33", "10.4.0/16", "10.4.0.0/", "10.4.0.0/-1", "10.4.0.0/1x", "::/129", "x",
                           "/8", "10.4.0.0/16/2", "10.4.0.0 /16"}) {
    EXPECT_FALSE(Prefix::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace weir
