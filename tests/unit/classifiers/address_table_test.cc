#include "classifiers/address_table.h"

#include <gtest/gtest.h>

#include <random>

namespace weir {
namespace {

class AddressTableTest : public testing::Test {
 protected:
  bool Add(const std::string& prefix) { return table.Add(*Prefix::Parse(prefix), {AppId{1}, {}, prefix}); }
  std::string Find(const std::string& address) {
    table.Seal();
    const auto parsed = Prefix::Parse(address);
    const FactEntry* found = table.Find(parsed->address, parsed->ip_version);
    return found == nullptr ? "" : found->pattern;
  }
  AddressTable table;
};

TEST_F(AddressTableTest, KnowsNothingWhileEmpty) {
  EXPECT_EQ(AddressTable().Find(IpAddress{}, 4), nullptr) << "not even sealed";
  EXPECT_EQ(Find("192.0.2.1"), "");
  EXPECT_EQ(Find("2001:db8::1"), "");
}

TEST_F(AddressTableTest, FindsTheLongestPrefix) {
  for (const char* prefix : {"192.0.2.0/24", "192.0.2.0/25", "192.0.2.64/26", "192.0.2.127/32", "192.0.2.255/32"})
    EXPECT_TRUE(Add(prefix));
  EXPECT_EQ(Find("192.0.1.255"), "");
  EXPECT_EQ(Find("192.0.2.0"), "192.0.2.0/25");
  EXPECT_EQ(Find("192.0.2.63"), "192.0.2.0/25");
  EXPECT_EQ(Find("192.0.2.64"), "192.0.2.64/26");
  EXPECT_EQ(Find("192.0.2.126"), "192.0.2.64/26");
  EXPECT_EQ(Find("192.0.2.127"), "192.0.2.127/32");
  EXPECT_EQ(Find("192.0.2.128"), "192.0.2.0/24") << "three end before it";
  EXPECT_EQ(Find("192.0.2.255"), "192.0.2.255/32");
  EXPECT_EQ(Find("192.0.3.0"), "");
}

TEST_F(AddressTableTest, KeepsTheFamiliesApart) {
  EXPECT_TRUE(Add("32.1.13.184/32"));
  EXPECT_TRUE(Add("2001:db8::/32"));
  EXPECT_EQ(Find("32.1.13.184"), "32.1.13.184/32");
  EXPECT_EQ(Find("2001:db8::"), "2001:db8::/32");
  EXPECT_EQ(Find("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"), "2001:db8::/32");
  EXPECT_EQ(Find("2001:db9::"), "");
}

TEST_F(AddressTableTest, ReachesBothEndsOfTheSpace) {
  for (const char* prefix : {"0.0.0.0/0", "255.255.255.255", "ff00::/8", "::/128"}) EXPECT_TRUE(Add(prefix));
  EXPECT_EQ(Find("0.0.0.0"), "0.0.0.0/0");
  EXPECT_EQ(Find("255.255.255.254"), "0.0.0.0/0");
  EXPECT_EQ(Find("255.255.255.255"), "255.255.255.255");
  EXPECT_EQ(Find("::"), "::/128");
  EXPECT_EQ(Find("::1"), "");
  EXPECT_EQ(Find("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), "ff00::/8");
}

TEST_F(AddressTableTest, TakesAPrefixOnce) {
  EXPECT_TRUE(Add("192.0.2.0/24"));
  EXPECT_FALSE(Add("192.0.2.7/24")) << "bits behind the length do not count";
  EXPECT_TRUE(Add("192.0.2.0/25"));
  EXPECT_TRUE(Add("c000:200::/24")) << "the same octets in the other family";
}

// By asking every prefix, one after another.
TEST_F(AddressTableTest, AgreesWithAskingEveryPrefix) {
  std::mt19937 random(3);
  std::vector<Prefix> prefixes;
  for (int i = 0; i < 300; ++i) {
    Prefix prefix;
    prefix.ip_version = random() % 2 != 0 ? 6 : 4;
    const unsigned bits = prefix.ip_version == 6 ? 128 : 32;
    // Few values of each octet, so that many nest.
    for (std::size_t octet = 0; octet < bits / 8; ++octet)
      prefix.address.octets[octet] = static_cast<std::uint8_t>(random() % 3 == 0 ? random() % 4 * 85 : 0);
    prefix.length = static_cast<std::uint8_t>(random() % (bits + 1));
    if (table.Add(prefix, {AppId{1}, {}, std::to_string(prefixes.size())})) prefixes.push_back(prefix);
  }
  table.Seal();
  std::size_t hits = 0;
  for (int i = 0; i < 20000; ++i) {
    const Prefix& near = prefixes[random() % prefixes.size()];
    IpAddress address = near.address;
    const std::size_t octets = near.ip_version == 6 ? 16 : 4;
    for (auto more = random() % 3; more > 0; --more)
      address.octets[random() % octets] ^= static_cast<std::uint8_t>(1u << random() % 8);
    std::string want;
    int longest = -1;
    for (std::size_t n = 0; n < prefixes.size(); ++n) {
      if (!prefixes[n].Contains(address, near.ip_version) || prefixes[n].length <= longest) continue;
      longest = prefixes[n].length;
      want = std::to_string(n);
    }
    const FactEntry* found = table.Find(address, near.ip_version);
    ASSERT_EQ(found == nullptr ? "" : found->pattern, want);
    hits += found != nullptr ? 1 : 0;
  }
  EXPECT_GT(hits, 1000u);
}

}  // namespace
}  // namespace weir
