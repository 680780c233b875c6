#include "dataplane/core/inline_text.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(InlineText, KeepsWhatFitsAndCutsTheRest) {
  InlineText<8> text("tls.");
  text.Append("sni");
  EXPECT_EQ(text.view(), "tls.sni");
  text.Append(" web");
  EXPECT_EQ(text.view(), "tls.sni ");
  text.Append("more");
  EXPECT_EQ(text.view(), "tls.sni ");
}

TEST(InlineText, IsEqualByTextAndEmptyAfterClear) {
  InlineText<8> a("abc");
  InlineText<8> b("abcd");
  EXPECT_FALSE(a == b);
  b.Clear();
  EXPECT_TRUE(b.empty());
  b.Append("abc");
  EXPECT_TRUE(a == b);
}

}  // namespace
}  // namespace weir
