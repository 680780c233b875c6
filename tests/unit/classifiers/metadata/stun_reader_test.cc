#include "classifiers/metadata/stun_reader.h"

#include <gtest/gtest.h>

#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir {
namespace {

using test::Hex;
using test::Octets;
using test::operator+;

Octets Attribute(std::uint16_t type, std::string_view value) {
  Octets padded = test::Text(value);
  padded.resize((padded.size() + 3) / 4 * 4);
  return test::Be16({type, static_cast<std::uint16_t>(value.size())}) + padded;
}
Octets Message(const Octets& attributes) {
  return test::Be16({1, static_cast<std::uint16_t>(attributes.size())}) + Hex("2112a442") + Octets(12) + attributes;
}

TEST(ReadStunMessage, ReadsSoftwareAndRealm) {
  Metadata found;
  ASSERT_TRUE(ReadStunMessage(Message(Attribute(0x8022, "client 1") + Attribute(0x0014, "turn.example")),
                              Direction::kToServer, 0, found));
  EXPECT_EQ(found.First(BufferId::kStunSoftware, 0), "client 1");
  EXPECT_EQ(found.First(BufferId::kStunRealm, 0), "turn.example");
}

TEST(ReadStunMessage, RefusesAnotherCookieOrLength) {
  Octets cookie = Message({});
  cookie[4] ^= std::byte{1};
  Octets length = Message({});
  length[3] = std::byte{4};
  for (const Octets& bytes : {cookie, length, Octets(19), Octets{}}) {
    Metadata found;
    EXPECT_FALSE(ReadStunMessage(bytes, Direction::kToServer, 0, found));
    EXPECT_EQ(found.size(), 0u);
  }
}

}  // namespace
}  // namespace weir
