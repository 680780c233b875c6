#include "classifiers/metadata/dns_reader.h"

#include <gtest/gtest.h>

#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir {
namespace {

using test::Hex;
using test::Octets;
using test::operator+;

const Octets kName = Hex("03") + test::Text("www") + Hex("07") + test::Text("example") + Hex("00");

// Header with counts, one question for www.example of type A, then `rest`.
Octets Message(std::uint16_t flags, std::uint16_t questions, std::uint16_t answers, const Octets& rest = {}) {
  return test::Be16({0x1234, flags, questions, answers, 0, 0}) + kName + test::Be16({1, 1}) + rest;
}

std::vector<std::string> All(const Metadata& found, BufferId id) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found.field(i).id == id) values.emplace_back(found.value(found.field(i)));
  }
  return values;
}

TEST(ReadDnsMessage, ReadsTheQuestion) {
  Metadata found;
  ASSERT_TRUE(ReadDnsMessage(Message(0x0100, 1, 0), Direction::kToServer, 3, found));
  EXPECT_EQ(found.First(BufferId::kDnsQuery, 3), "www.example");
  EXPECT_EQ(found.First(BufferId::kDnsRrtype, 3), "1");
}

// Z and a code in a query are not looked at by servers (RFC 1035 s4.1.1, RFC 2535 s6.1).
TEST(ReadDnsMessage, ReadsAQueryWithFlagsThatServersIgnore) {
  const Octets opt = Hex("00 0029 04d0 00000000 0000");
  for (const std::uint16_t flags : std::initializer_list<std::uint16_t>{0x0140, 0x0101, 0x014f}) {
    for (const Octets& rest : {Octets{}, opt}) {
      Metadata found;
      EXPECT_TRUE(ReadDnsMessage(Message(flags, 1, 0, rest), Direction::kToServer, 0, found));
      EXPECT_EQ(found.First(BufferId::kDnsQuery, 0), "www.example");
    }
    Metadata found;
    EXPECT_FALSE(ReadDnsMessage(Message(flags, 1, 0, test::Text("something else")), Direction::kToServer, 0, found));
    EXPECT_TRUE(MayNameSomething(Message(flags, 1, 0))) << "also on a flow that is decided";
  }
}

TEST(ReadDnsMessage, FollowsPointersInAnswersOfEachKind) {
  const Octets a = Hex("c00c") + test::Be16({1, 1, 0, 60, 4}) + Hex("c0000201");
  const Octets aaaa = Hex("c00c") + test::Be16({28, 1, 0, 60, 16}) + Hex("20010db8000000000000000000000001");
  const Octets cname = Hex("c00c") + test::Be16({5, 1, 0, 60, 6}) + Hex("03636e61c010");
  Metadata found;
  ASSERT_TRUE(ReadDnsMessage(Message(0x8180, 1, 3, a + aaaa + cname), Direction::kToClient, 0, found));
  EXPECT_EQ(All(found, BufferId::kDnsAnswer), (std::vector<std::string>{"192.0.2.1", "2001:db8::1", "cna.example"}));
  EXPECT_EQ(found.First(BufferId::kDnsRcode, 0), "0");
}

TEST(ReadDnsMessage, RefusesWhatIsNoDnsAndAddsNothing) {
  const Octets whole = Message(0x0100, 1, 0);
  std::vector<Octets> wrong = {{}, test::Text("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Message(0x0100, 0, 0), Octets(40)};
  for (std::size_t n = 0; n < whole.size(); ++n)
    wrong.emplace_back(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
  Octets loop = test::Be16({1, 0x0100, 1, 0, 0, 0}) + Hex("c00c") + test::Be16({1, 1});  // a name that points at itself
  wrong.push_back(loop);
  for (const Octets& bytes : wrong) {
    Metadata found;
    EXPECT_FALSE(ReadDnsMessage(bytes, Direction::kToServer, 0, found)) << bytes.size();
    EXPECT_EQ(found.size(), 0u);
  }
}

}  // namespace
}  // namespace weir
