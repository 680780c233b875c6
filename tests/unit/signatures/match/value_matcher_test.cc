#include "signatures/match/value_matcher.h"

#include <gtest/gtest.h>

#include <chrono>

namespace weir {
namespace {

ContentTest Content(const std::string& bytes) {
  ContentTest test;
  test.bytes = bytes;
  return test;
}
ContentTest After(const std::string& bytes, std::int64_t distance, std::int64_t within) {
  ContentTest test = Content(bytes);
  test.distance = distance;
  test.within = within;
  return test;
}

bool Matches(const std::vector<ValueTest>& tests, std::string_view value,
             const std::vector<Transform>& transforms = {}) {
  BufferTests buffer;
  buffer.tests = tests;
  buffer.transforms = transforms;
  std::vector<PcreCode> pcre(tests.size());
  ValueMatcher matcher;
  return matcher.Matches(buffer, pcre, value);
}

TEST(ValueMatcher, SendsAnEarlierContentOnWhenALaterOneFails) {
  EXPECT_TRUE(Matches({Content("ab"), After("cd", 0, 2)}, "ab..abcd"));
  EXPECT_FALSE(Matches({Content("ab"), After("cd", 0, 2)}, "ab..abc."));
}

TEST(ValueMatcher, MeasuresDistanceFromTheEndOfTheContentBefore) {
  EXPECT_TRUE(Matches({Content("ab"), After("cd", 2, 4)}, "ab--cd"));
  EXPECT_FALSE(Matches({Content("ab"), After("cd", 3, 9)}, "ab--cd"));
}

TEST(ValueMatcher, TransformsBeforeItLooks) {
  EXPECT_TRUE(Matches({Content(".a.example")}, "a.example", {Transform::kDotPrefix}));
  EXPECT_TRUE(Matches({Content("abc")}, "A b\tC", {Transform::kToLower, Transform::kStripWhitespace}));
  EXPECT_TRUE(Matches({Content("ABC")}, "abc", {Transform::kToUpper}));
}

TEST(ValueMatcher, JudgesSizesAndWhatLiesBehind) {
  EXPECT_TRUE(Matches({SizeTest{3, 3, false}}, "abc"));
  EXPECT_FALSE(Matches({SizeTest{3, 3, false}}, "abcd"));
  EXPECT_TRUE(Matches({SizeTest{3, 3, true}}, "abcd"));
  EXPECT_TRUE(Matches({DataAtTest{3, false, false}}, "abcd"));
  EXPECT_TRUE(Matches({DataAtTest{4, true, false}}, "abcd"));
}

// Contents that could be placed in exponentially many ways: the work is bounded and
// the answer is no.
TEST(ValueMatcher, BoundsItsWork) {
  std::vector<ValueTest> tests;
  for (int i = 0; i < 40; ++i) tests.emplace_back(i == 0 ? Content("a") : After("a", 0, 4000));
  tests.emplace_back(After("b", 0, 4000));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_FALSE(Matches(tests, std::string(4000, 'a')));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));  // not for ever
}

}  // namespace
}  // namespace weir
