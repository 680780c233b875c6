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

}  // namespace
}  // namespace weir
