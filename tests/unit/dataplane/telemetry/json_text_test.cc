#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

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

TEST(AppendAddress, WritesWhatInetNtopWrites) {
  std::mt19937 random(5);
  for (int round = 0; round < 50000; ++round) {
    IpAddress address{};
    for (std::size_t group = 0; group < 8; ++group) {
      const unsigned kind = static_cast<unsigned>(random() % 4);
      const unsigned value = kind == 0 ? 0xffffu : kind == 1 ? static_cast<unsigned>(random() & 0xffff) : 0u;
      address.octets[2 * group] = static_cast<std::uint8_t>(value >> 8);
      address.octets[2 * group + 1] = static_cast<std::uint8_t>(value);
    }
    for (const std::uint8_t version : {std::uint8_t{4}, std::uint8_t{6}}) {
      std::array<char, INET6_ADDRSTRLEN> wanted{};
      inet_ntop(version == 4 ? AF_INET : AF_INET6, address.octets.data(), wanted.data(), INET6_ADDRSTRLEN);
      JsonBuffer out;
      AppendAddress(address, version, out);
      ASSERT_EQ(std::string(out.data(), out.size()), wanted.data());
    }
  }
}

TEST(AppendTimestamp, WritesAnyOrderOfTimes) {
  const auto text = [](std::int64_t us) {
    JsonBuffer out;
    AppendTimestamp({us}, out);
    return std::string(out.data(), out.size());
  };
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(text(0), "1970-01-01T00:00:00.000000+0000");
    EXPECT_EQ(text(999'999), "1970-01-01T00:00:00.999999+0000");
    EXPECT_EQ(text(1'700'000'000'000'001), "2023-11-14T22:13:20.000001+0000");
    EXPECT_EQ(text(1'700'000'000'120'000), "2023-11-14T22:13:20.120000+0000");
    EXPECT_EQ(text(1'700'000'059'999'999), "2023-11-14T22:14:19.999999+0000");
  }
}

}  // namespace
}  // namespace weir
