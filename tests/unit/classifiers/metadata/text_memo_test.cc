#include "classifiers/metadata/text_memo.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

using Memo = TextMemo<8, 16, 4>;
using Words = std::vector<std::uint16_t>;

template <class M>
void Keep(M& memo, const Words& words, std::string_view text) {
  memo.Put(words, text);
  memo.Put(words, text);
}

// One hash in 65,536 is taken for seen at once: of 100 keys hardly one.
TEST(TextMemo, KeepsWhatIsPutASecondTime) {
  TextMemo<8, 16, 256> memo;
  std::size_t at_once = 0;
  for (std::uint16_t i = 0; i < 100; ++i) {
    memo.Put(Words{i, 9}, "x");
    at_once += memo.Find(Words{i, 9}).empty() ? 0 : 1;
    memo.Put(Words{i, 9}, "y");
    EXPECT_EQ(memo.Find(Words{i, 9}), "y");
  }
  EXPECT_LE(at_once, 2u);
}

// What comes once, however much of it, leaves what is known where it is.
TEST(TextMemo, IsNotFloodedByWhatComesOnce) {
  TextMemo<8, 16, 256> memo;
  std::size_t left = 0;
  for (std::uint16_t i = 0; i < 8; ++i) Keep(memo, {i, 2}, "known");
  for (std::uint16_t i = 0; i < 2000; ++i) memo.Put(Words{i, 3}, "x");
  for (std::uint16_t i = 0; i < 8; ++i) left += memo.Find(Words{i, 2}) == "known" ? 1 : 0;
  EXPECT_GE(left, 6u) << "each is lost once in 8000 runs, and two may share a place";
}

TEST(TextMemo, FindsWhatWasPutAndNothingElse) {
  Memo memo;
  EXPECT_EQ(memo.Find(Words{}), "") << "nothing was put";
  EXPECT_EQ(memo.Find(Words{1, 2, 3}), "");
  Keep(memo, Words{1, 2, 3}, "abc");
  EXPECT_EQ(memo.Find(Words{1, 2, 3}), "abc");
  EXPECT_EQ(memo.Find(Words{1, 2}), "");
  EXPECT_EQ(memo.Find(Words{1, 2, 3, 0}), "");
  EXPECT_EQ(memo.Find(Words{3, 2, 1}), "");
  Keep(memo, Words{1, 2, 3}, "d");
  EXPECT_EQ(memo.Find(Words{1, 2, 3}), "d") << "nothing of the longer text is left";
}

TEST(TextMemo, KeepsNothingThatIsLongerThanItsRoom) {
  Memo memo;
  Keep(memo, Words(9, 7), "abc");
  EXPECT_EQ(memo.Find(Words(9, 7)), "");
  Keep(memo, Words(8, 7), std::string(17, 'x'));
  EXPECT_EQ(memo.Find(Words(8, 7)), "");
  Keep(memo, Words(8, 7), std::string(16, 'x'));
  EXPECT_EQ(memo.Find(Words(8, 7)), std::string(16, 'x'));
}

// More keys than places: whatever is found is that key's own, and the newest is.
TEST(TextMemo, OverwritesButNeverMixesUp) {
  Memo memo;
  std::size_t kept = 0;
  for (std::uint16_t i = 0; i < 1000; ++i) {
    Keep(memo, Words{i, 5}, std::to_string(i));
    EXPECT_EQ(memo.Find(Words{i, 5}), std::to_string(i));
  }
  for (std::uint16_t i = 0; i < 1000; ++i) {
    const std::string_view found = memo.Find(Words{i, 5});
    EXPECT_TRUE(found.empty() || found == std::to_string(i)) << i << " " << found;
    kept += found.empty() ? 0 : 1;
  }
  EXPECT_GE(kept, 1u);
  EXPECT_LE(kept, 4u);
}

// Keys that would share a place in one memo are spread otherwise in the next.
TEST(TextMemo, HasPlacesOfItsOwn) {
  const auto survivors = [] {
    TextMemo<8, 16, 64> memo;
    for (std::uint16_t i = 0; i < 256; ++i) Keep(memo, Words{i}, "x");
    std::vector<bool> found;
    for (std::uint16_t i = 0; i < 256; ++i) found.push_back(!memo.Find(Words{i}).empty());
    return found;
  };
  EXPECT_NE(survivors(), survivors());
}

}  // namespace
}  // namespace weir
