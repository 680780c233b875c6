#include "classifiers/metadata/metadata.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Metadata, KeepsFieldsInOrderAndByTransaction) {
  Metadata metadata;
  metadata.Add(BufferId::kHttpHost, Direction::kToServer, 0, "a.example");
  metadata.Add(BufferId::kHttpUri, Direction::kToServer, 0, "/x");
  metadata.Add(BufferId::kHttpHost, Direction::kToServer, 1, "b.example");
  EXPECT_EQ(metadata.size(), 3u);
  EXPECT_EQ(metadata.First(BufferId::kHttpHost, 0), "a.example");
  EXPECT_EQ(metadata.First(BufferId::kHttpHost, 1), "b.example");
  EXPECT_EQ(metadata.First(BufferId::kHttpHost, 2), "");
  EXPECT_EQ(metadata.value(metadata.field(1)), "/x");
}

TEST(Metadata, ForgetsOldTransactionsAndTheirBytes) {
  Metadata metadata;
  for (TxId tx = 0; tx < 100; ++tx) metadata.Add(BufferId::kDnsQuery, Direction::kToServer, tx, std::string(200, 'a'));
  metadata.DropBefore(98);
  EXPECT_EQ(metadata.size(), 2u);
  EXPECT_EQ(metadata.First(BufferId::kDnsQuery, 97), "");
  EXPECT_EQ(metadata.First(BufferId::kDnsQuery, 99), std::string(200, 'a'));
}

TEST(Metadata, HasRoomForWhatIsExpectedAndNoMore) {
  Metadata metadata;
  metadata.Expect(4, 100);
  const std::size_t expected = metadata.memory_bytes();
  EXPECT_GE(expected, 4 * sizeof(Metadata::Field) + 100);
  for (int i = 0; i < 4; ++i) metadata.Add(BufferId::kTlsAlpn, Direction::kToServer, 0, std::string(25, 'a'));
  EXPECT_EQ(metadata.memory_bytes(), expected);
  metadata.Add(BufferId::kTlsAlpn, Direction::kToServer, 0, std::string(25, 'b'));
  const std::size_t grown = metadata.memory_bytes();
  EXPECT_GT(grown, expected);
  metadata.Expect(1000, 100'000);
  EXPECT_EQ(metadata.memory_bytes(), grown) << "only the first hello makes room";
  EXPECT_EQ(metadata.value(metadata.field(4)), std::string(25, 'b'));
}

}  // namespace
}  // namespace weir
