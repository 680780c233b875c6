#include "dataplane/pipeline/handle_pool.h"

#include <gtest/gtest.h>

#include <memory>

namespace weir {
namespace {

TEST(HandlePool, GivesEachObjectItsOwnHandleAndAStableAddress) {
  HandlePool<int> pool;
  const Handle first = pool.Acquire(7);
  int* const at = &pool[first];
  for (int i = 0; i < 1000; ++i) EXPECT_NE(pool.Acquire(i), first);
  EXPECT_EQ(at, &pool[first]);
  EXPECT_EQ(*at, 7);
  EXPECT_EQ(pool.live(), 1001u);
}

TEST(HandlePool, NeverNamesAnythingByNone) {
  HandlePool<int> pool;
  EXPECT_NE(pool.Acquire(), Handle::kNone);
}

TEST(HandlePool, GivesBackWhatAnObjectOwnsAtOnceAndUsesItsPlaceAgain) {
  HandlePool<std::shared_ptr<int>> pool;
  auto owned = std::make_shared<int>(1);
  const Handle handle = pool.Acquire(owned);
  EXPECT_EQ(owned.use_count(), 2);
  pool.Release(handle);
  EXPECT_EQ(owned.use_count(), 1);
  EXPECT_EQ(pool.live(), 0u);
  EXPECT_EQ(pool.Acquire(), handle);
  EXPECT_EQ(pool[handle], nullptr);
}

TEST(HandlePool, LetsASanitizerSeeWhatIsReadPastAnObjectOrAfterItsRelease) {
  if (!kAddressSanitizer) GTEST_SKIP() << "not a sanitizer build (scripts/test-mutations runs it in one)";
  HandlePool<std::uint64_t> pool;
  const Handle handle = pool.Acquire(1u);
  (void)pool.Acquire(2u);
  const volatile std::uint64_t* const at = &pool[handle];
  EXPECT_DEATH((void)at[1], "heap-buffer-overflow");
  pool.Release(handle);
  EXPECT_DEATH((void)at[0], "heap-use-after-free");
}

}  // namespace
}  // namespace weir
