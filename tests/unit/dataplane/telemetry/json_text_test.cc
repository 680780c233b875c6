#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dataplane/telemetry/eve_format.h"

namespace weir {
namespace {

std::string Quoted(std::string_view text) {
  JsonBuffer out;
  AppendJsonString(text, out);
  return {out.data(), out.size()};
}

TEST(AppendJsonString, IsValidJsonForAnyBytes) {
  for (int length = 1; length < 5; ++length) {
    std::uint32_t random = 5;
    for (int i = 0; i < 20'000; ++i) {
      std::string bytes(static_cast<std::size_t>(length), '\0');
      for (char& c : bytes) c = static_cast<char>((random = random * 1664525 + 1013904223) >> 24);
      ASSERT_TRUE(nlohmann::json::accept(Quoted(bytes)));
    }
  }
}

TEST(AppendJsonString, KeepsUtf8AndEscapesWhatMustBe) {
  EXPECT_EQ(Quoted("caf\xc3\xa9"), "\"caf\xc3\xa9\"");
  EXPECT_EQ(nlohmann::json::parse(Quoted("a\"b\\c\n\x01")), "a\"b\\c\n\x01");
  EXPECT_EQ(Quoted("\xff"), "\"\\u00ff\"");
  EXPECT_EQ(Quoted("\xc0\x80"), "\"\\u00c0\\u0080\"");  // overlong: no UTF-8
}

TEST(AppendTimestamp, IsRfc3339WithMicrosecondsAndZone) {
  const auto text = [](std::int64_t us) {
    JsonBuffer out;
    AppendTimestamp({us}, out);
    return std::string(out.data(), out.size());
  };
  EXPECT_EQ(text(0), "1970-01-01T00:00:00.000000+0000");
  EXPECT_EQ(text(1'709'164'799'999'999), "2024-02-28T23:59:59.999999+0000");
  EXPECT_EQ(text(1'709'164'800'000'001), "2024-02-29T00:00:00.000001+0000");
}

}  // namespace
}  // namespace weir
