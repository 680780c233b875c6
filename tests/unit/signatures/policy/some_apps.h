#pragma once
#include <gtest/gtest.h>

#include "dataplane/core/app_registry.h"

namespace weir::test {

inline AppRegistry SomeApps() {
  AppRegistry apps;
  EXPECT_TRUE(apps.Add("WhatsApp", Category::kMessaging));
  EXPECT_TRUE(apps.Add("Teams", Category::kCollaboration));
  EXPECT_TRUE(apps.Add("Box", Category::kCloudStorage));
  return apps;
}

}  // namespace weir::test
