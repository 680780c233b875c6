#include "dataplane/core/app_registry.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(AppRegistry, GivesOneIdAName) {
  AppRegistry apps;
  const AppId whatsapp = apps.Add("WhatsApp", Category::kMessaging).value();
  EXPECT_EQ(apps.Add("WhatsApp", Category::kMessaging).value(), whatsapp);
  EXPECT_NE(apps.Add("WeChat", Category::kMessaging).value(), whatsapp);
  EXPECT_EQ(apps.NameOf(whatsapp), "WhatsApp");
  EXPECT_EQ(apps.CategoryOf(whatsapp), Category::kMessaging);
}

TEST(AppRegistry, RefusesOneAppInTwoCategories) {
  AppRegistry apps;
  ASSERT_TRUE(apps.Add("Box", Category::kCloudStorage));
  const auto again = apps.Add("Box", Category::kWebmail);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::kInvalidArgument);
}

TEST(AppRegistry, UnknownNamesAreIdZero) {
  AppRegistry apps;
  EXPECT_EQ(apps.Find("Nothing"), AppId{});
  EXPECT_EQ(apps.NameOf(AppId{77}), "");
}

TEST(CategoryNames, RoundTrip) {
  EXPECT_EQ(CategoryFromName("cloud-storage"), Category::kCloudStorage);
  EXPECT_EQ(CategoryFromName(""), Category::kNone);
  EXPECT_EQ(CategoryFromName("games"), Category::kNone);
  EXPECT_EQ(ConfidenceFromName("probable"), Confidence::kProbable);
}

}  // namespace
}  // namespace weir
