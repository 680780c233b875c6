#include "signatures/compile/payload_depth.h"

#include <gtest/gtest.h>

#include <string>

#include "signatures/compile/compiler.h"

namespace weir {
namespace {

template <class Of>
auto OfRule(const std::string& tests, Of of) {
  const CompileInput input{"r.rules", "alert tcp any any -> any any (" + tests + " sid:1;)"};
  const auto compiled = CompileRules({&input, 1}, AppRegistry{});
  EXPECT_TRUE(compiled) << tests;
  return of((*compiled)->impl().rules[0]);
}
std::uint32_t Depth(const std::string& tests) { return OfRule(tests, PayloadDepth); }
std::uint32_t Least(const std::string& tests) { return OfRule(tests, LeastStream); }

TEST(PayloadDepth, IsWhereContentsEnd) {
  EXPECT_EQ(Depth(R"(content:"abc"; startswith;)"), 3u);
  EXPECT_EQ(Depth(R"(content:"abc"; offset:2; depth:10; content:"x"; depth:4;)"), 12u);
}

TEST(PayloadDepth, IsTheWidthOfAnAnchoredPatternAndAByte) {
  EXPECT_EQ(Depth(R"(content:"WA|06|"; startswith; pcre:"/^WA\x06[\x00-\x0f]/s";)"), 5u);
  EXPECT_EQ(Depth(R"(content:"ab"; depth:9; pcre:"/^ab{2,30}(c|dd)/i";)"), 34u);
}

TEST(PayloadDepth, HasNoEndWhereMoreBytesMayChangeTheAnswer) {
  for (const char* anywhere :
       {R"(content:"ab";)", R"(content:"ab"; depth:9; content:"c"; distance:1;)",
        R"(content:"ab"; depth:9; pcre:"/ab/";)", R"(content:"ab"; depth:9; pcre:"/^ab.*c/s";)",
        R"(content:"ab"; depth:9; pcre:"/^abc$/";)", R"(content:"ab"; depth:9; pcre:"/^ab/m";)",
        R"(content:"ab"; depth:9; pcre:"/^ab|c/";)", R"(content:"ab"; depth:9; pcre:"/b/R";)",
        R"(content:"ab"; startswith; endswith;)", R"(strip_whitespace; content:"ab"; startswith;)"}) {
    EXPECT_EQ(Depth(anywhere), UINT32_MAX) << anywhere;
  }
}

TEST(LeastStream, IsWhatTheDeniedNeedsToStand) {
  EXPECT_EQ(Least(R"(content:"abc"; startswith;)"), 0u);
  EXPECT_EQ(Least(R"(content:!"|16 03|"; startswith;)"), 2u);
  EXPECT_EQ(Least(R"(content:!"|16 03|"; depth:2;)"), 2u);
  EXPECT_EQ(Least(R"(content:"USER"; startswith; content:!"anonymous"; depth:200;)"), 9u);
  EXPECT_EQ(Least(R"(content:!"ab"; offset:5; depth:10;)"), 7u);
  EXPECT_EQ(Least(R"(content:"x"; pcre:!"/^SSH-[12]/";)"), 5u);
  EXPECT_EQ(Least(R"(content:!"ab"; offset:60000; depth:60010;)"), kStreamDepth);
}

}  // namespace
}  // namespace weir
