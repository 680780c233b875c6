#include "classifiers/metadata/names.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(NormaliseHost, IsHowNamesStandInBuffers) {
  constexpr std::array kCases = {
      std::pair{"Web.WhatsApp.COM", "web.whatsapp.com"},
      std::pair{"a.example.", "a.example"},
      std::pair{"a.example:8443", "a.example"},
      std::pair{"A.Example.:80", "a.example"},
      std::pair{"", ""},
      std::pair{".", ""},
      std::pair{"192.0.2.1:80", "192.0.2.1"},
      std::pair{"[2001:DB8::1]:443", "[2001:db8::1]"},
  };
  for (const auto& [written, kept] : kCases) EXPECT_EQ(NormaliseHost(written), kept) << written;
}

}  // namespace
}  // namespace weir
