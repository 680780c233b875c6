#include "classifiers/metadata/names.h"

#include <gtest/gtest.h>

#include <random>

#include <array>

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
      std::pair{"2001:db8::1", "2001:db8::1"},
      std::pair{"a.example:000443", "a.example"},
      std::pair{"a.example:", "a.example"},
      std::pair{"a.example:x:y", "a.example"},
      std::pair{"%61.ex%61mple%2e", "a.example"},
      std::pair{"a%3a80", "a"},
      std::pair{"100%", "100%"},
      std::pair{"xn--BCHER-kva.example", "xn--bcher-kva.example"},
      std::pair{"b\xc3\xbc"
                "cher.example",
                "xn--bcher-kva.example"},
      std::pair{"B\xc3\x9c"
                "CHER.example",
                "xn--bcher-kva.example"},
      std::pair{"b%C3%BCcher.example", "xn--bcher-kva.example"},
      std::pair{"\xef\xbd\x82locked\xe3\x80\x82"
                "example",
                "blocked.example"},  // full-width b, ideographic dot
      std::pair{"www.blocked\xef\xbc\x8e"
                "example",
                "www.blocked.example"},
      std::pair{"\xff"
                "A.\xef\xbd\x82"
                "locked.example",
                "\xff"
                "a.blocked.example"},
  };
  for (const auto& [written, kept] : kCases) EXPECT_EQ(NormaliseHost(written), kept) << written;
}

TEST(NormaliseHost, IsNotTrappedByLengthOrNul) {
  const std::string longer = std::string(5000, 'A') + "\xc3\xbc";
  EXPECT_EQ(NormaliseHost(longer), std::string(5000, 'a') + "\xc3\xbc");
  EXPECT_EQ(NormaliseHost(std::string("a\0\xc3\xbc", 4)), std::string("a\0\xc3\xbc", 4));
}

TEST(ReadHost, TakesTheWholeAndThePiecesOfWhatIsNoHost) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(ReadHost("a_b-c.example:80").names, Names{"a_b-c.example"});
  EXPECT_TRUE(ReadHost("a_b-c.example:80").well_formed);
  EXPECT_EQ(ReadHost("[::1]:80").names, Names{"[::1]"});
  for (const char* text : {"a.example b.example", "a.example,b.example", "a.example/b.example",
                           "a.example\x01"
                           "b.example",
                           "a.example@b.example", "a.example%00b.example"}) {
    const HostReadings readings = ReadHost(text);
    EXPECT_FALSE(readings.well_formed) << text;
    EXPECT_EQ(Names(readings.names.begin() + 1, readings.names.end()), (Names{"a.example", "b.example"})) << text;
  }
}

TEST(PlainHost, IsTheOneReadingOfWhatItTakes) {
  std::mt19937 random(1);
  PlainHost plain;
  const auto check = [&](const std::string& name) {
    if (!plain.Read(name)) return false;
    const HostReadings readings = ReadHost(name);
    EXPECT_TRUE(readings.well_formed) << name;
    EXPECT_EQ(readings.names, std::vector<std::string>{std::string(plain.view())}) << name;
    return true;
  };
  for (int byte = 0; byte < 256; ++byte) {
    for (const std::string& name :
         {std::string(1, static_cast<char>(byte)), "a" + std::string(1, static_cast<char>(byte)) + "b"})
      check(name);
  }
  constexpr std::string_view kBytes = "abXYZ09.-_~*.%[]: \xc3\xbc@";
  std::size_t taken = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string name(random() % 6, ' ');
    for (char& c : name) c = kBytes[random() % kBytes.size()];
    taken += check(name) ? 1 : 0;
  }
  EXPECT_GT(taken, 2000u);
  for (const char* name : {"", ".", "..", "WWW.Example.COM.", "a-b_c.example", "xn--bcher-kva.example"})
    EXPECT_TRUE(check(name)) << name;
  for (const char* name : {"a%2eb", "a:80", "[::1]", "a b", "a@b", "b\xc3\xbc.example"})
    EXPECT_FALSE(plain.Read(name)) << name;
  EXPECT_TRUE(check(std::string(255, 'a')));
  EXPECT_FALSE(plain.Read(std::string(256, 'a')));
}

}  // namespace
}  // namespace weir
