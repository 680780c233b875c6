#include "classifiers/fusion.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

Classification Voice(Source source, Confidence confidence, std::uint16_t app = 1) {
  return {AppId{app}, Category::kMessaging, confidence, source, RuleId{}, {}};
}

TEST(Fuse, AHigherSourceWinsWhateverItsConfidence) {
  constexpr std::array kRising = {Source::kAddress, Source::kDns, Source::kNdpi, Source::kMetadata, Source::kSignature};
  Classification current;
  for (const Source source : kRising) {
    EXPECT_TRUE(Fuse(current, Voice(source, Confidence::kGuess)));
    EXPECT_EQ(current.source, source);
  }
  for (const Source source : {Source::kAddress, Source::kNdpi, Source::kMetadata}) {
    EXPECT_FALSE(Fuse(current, Voice(source, Confidence::kCertain)));
    EXPECT_EQ(current.source, Source::kSignature);
  }
}

TEST(Fuse, WithinASourceTheMoreConfidentWinsAndTheFirstStays) {
  Classification current = Voice(Source::kMetadata, Confidence::kProbable, 1);
  EXPECT_FALSE(Fuse(current, Voice(Source::kMetadata, Confidence::kProbable, 2)));
  EXPECT_EQ(current.app, AppId{1});
  EXPECT_FALSE(Fuse(current, Voice(Source::kMetadata, Confidence::kGuess, 2)));
  EXPECT_TRUE(Fuse(current, Voice(Source::kMetadata, Confidence::kCertain, 2)));
  EXPECT_EQ(current.app, AppId{2});
}

TEST(Fuse, AVoiceThatKnowsNothingChangesNothing) {
  Classification current;
  EXPECT_FALSE(Fuse(current, {}));
  EXPECT_FALSE(current.known());
}

}  // namespace
}  // namespace weir
