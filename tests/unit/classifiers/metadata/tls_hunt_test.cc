#include "classifiers/metadata/tls_hunt.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/classifiers/metadata/dialogue.h"

namespace weir {
namespace {

using test::HelloRecords;
using test::Hex;
using test::Octets;
using test::operator+;

struct Hunting {
  ReaderLimits limits;
  TlsHunt hunt{limits};
  Metadata found;
  Inspection result;
  void Client(const Octets& bytes, bool may_begin = true) {
    for (const std::byte b : bytes) hunt.OnClient({&b, 1}, may_begin, found, result);
  }
  void Server(const Octets& bytes) {
    for (const std::byte b : bytes) hunt.OnServer({&b, 1}, found, result);
  }
};

TEST(TlsHunt, FindsAHelloAtAnyOffset) {
  std::mt19937 random(3);
  for (std::size_t before = 0; before < 200; before += 7) {
    Octets junk(before);
    for (std::byte& b : junk) b = static_cast<std::byte>(random());
    Hunting h;
    h.Client(junk + HelloRecords("a.example"));
    EXPECT_EQ(h.found.First(BufferId::kTlsSni, 0), "a.example") << before;
    EXPECT_EQ(h.result.events, 0);
  }
}

TEST(TlsHunt, ReadsAHelloOnceHoweverSmallItsRecords) {
  for (const std::size_t size : {1u, 2u, 5u, 6u, 50u}) {
    Hunting h;
    h.Client(HelloRecords("a.example", size));
    EXPECT_EQ(h.found.First(BufferId::kTlsSni, 0), "a.example") << size;
    EXPECT_LT(h.hunt.memory_bytes(), 10'000u);
    EXPECT_EQ(h.result.events, 0);
  }
}

TEST(TlsHunt, IsNotLedAstrayByARecordThatIsNeverWhole) {
  Hunting h;
  h.Client(Hex("160301 4000 01 00fff0 0303") + HelloRecords("a.example"));
  EXPECT_EQ(h.found.First(BufferId::kTlsSni, 0), "a.example");
}

TEST(TlsHunt, IsNotLedAstrayByAMessageThatIsNeverWhole) {
  Hunting h;
  h.Client(test::Records(Hex("01 00fff0 0303")) + HelloRecords("a.example"));
  EXPECT_EQ(h.found.First(BufferId::kTlsSni, 0), "a.example");
}

TEST(TlsHunt, BeginsNothingWhereTlsMayNotBegin) {
  Hunting h;
  h.Client(HelloRecords("a.example"), false);
  h.Client(test::Text("x"));
  EXPECT_FALSE(h.hunt.found());
  EXPECT_EQ(h.found.size(), 0u);
}

TEST(TlsHunt, IsOverWithTheServersHelloAndNotWithItsRetry) {
  Hunting h;
  h.Client(HelloRecords("a.example"));
  const Octets retry = Hex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c");
  h.Server(test::Text("220 go\r\n") + test::Records(test::ServerHelloMessage(retry, test::Extension(43, Hex("0304")))));
  EXPECT_FALSE(h.hunt.over());
  h.Client(HelloRecords("b.example"));
  h.Server(test::ServerHelloRecords());
  EXPECT_TRUE(h.hunt.over());
  EXPECT_EQ(h.found.First(BufferId::kTlsSni, 0), "a.example");
  EXPECT_EQ(h.result.events, 0);
}

}  // namespace
}  // namespace weir
