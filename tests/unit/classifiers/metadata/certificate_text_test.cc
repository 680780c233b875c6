#include "classifiers/metadata/certificate_text.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/x509.h>

#include <array>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace weir {
namespace {

using Octets = std::vector<std::byte>;

Octets Wrap(unsigned tag, const Octets& content) {
  Octets out;
  const auto add = [&out](std::size_t octet) { out.push_back(std::byte{static_cast<unsigned char>(octet)}); };
  const std::size_t n = content.size();
  add(tag);
  if (n >= 128) add(0x82), add(n >> 8);
  add(n & 255);
  for (const std::byte octet : content) out.push_back(octet);
  return out;
}
Octets Text(std::string_view text) {
  const auto* at = reinterpret_cast<const std::byte*>(text.data());
  return {at, at + text.size()};
}
void Append(Octets& to, const Octets& more) { to.insert(to.end(), more.begin(), more.end()); }

der::Element Parsed(const Octets& whole) {
  der::Element element;
  Bytes from(whole);
  EXPECT_TRUE(der::Take(from, element));
  return element;
}

std::string NameByOpenSsl(const Octets& whole) {
  const auto* at = reinterpret_cast<const unsigned char*>(whole.data());
  const std::unique_ptr<X509_NAME, decltype(&X509_NAME_free)> name(
      d2i_X509_NAME(nullptr, &at, static_cast<long>(whole.size())), X509_NAME_free);
  if (name == nullptr) return {};
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  X509_NAME_print_ex(out.get(), name.get(), 0, XN_FLAG_SEP_CPLUS_SPC);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string TimeByOpenSsl(const Octets& whole) {
  const auto* at = reinterpret_cast<const unsigned char*>(whole.data());
  const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> time(
      d2i_ASN1_TIME(nullptr, &at, static_cast<long>(whole.size())), ASN1_TIME_free);
  std::tm parts{};
  std::array<char, 32> text{};
  if (time == nullptr || ASN1_TIME_to_tm(time.get(), &parts) != 1) return {};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts)};
}

std::string SerialByOpenSsl(const Octets& whole) {
  const auto* at = reinterpret_cast<const unsigned char*>(whole.data());
  const std::unique_ptr<ASN1_INTEGER, decltype(&ASN1_INTEGER_free)> serial(
      d2i_ASN1_INTEGER(nullptr, &at, static_cast<long>(whole.size())), ASN1_INTEGER_free);
  if (serial == nullptr) return {};
  std::string text;
  for (int i = 0; i < ASN1_STRING_length(serial.get()); ++i) {
    std::array<char, 4> pair{};
    std::snprintf(pair.data(), pair.size(), "%02X", ASN1_STRING_get0_data(serial.get())[i]);
    text += (i > 0 ? ":" : "") + std::string(pair.data());
  }
  return text;
}

TEST(NameText, IsWhatOpenSslPrintsOfRandomNames) {
  const std::vector<std::string> types = {"\x55\x04\x03",
                                          "\x55\x04\x06",
                                          "\x55\x04\x0a",
                                          "\x55\x04\x0b",
                                          "\x55\x04\x08",
                                          "\x55\x04\x61",
                                          "\x55\x04\x05",
                                          "\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03",
                                          "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01",
                                          "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19",
                                          "\x2a\x03\x04",
                                          "\x55\x04\x2d"};
  constexpr std::array<unsigned, 9> kTags = {0x0c, 0x0c, 0x13, 0x13, 0x16, 0x14, 0x1e, 0x1c, 0x04};
  const std::vector<std::string> values = {
      "US",        "Example, Inc.",        "*.chat.example", "",       "M\xc3\xbcller",
      "M\xfcller", std::string("a\0b", 3), "x=y+z,\"q\"\\",  "\t\x7f", std::string(200, 'n')};
  std::mt19937 random(7);
  const auto pick = [&](const auto& of) { return of[random() % of.size()]; };
  std::size_t not_empty = 0;
  for (int round = 0; round < 20000; ++round) {
    Octets rdns;
    for (std::size_t n = random() % 5; n > 0; --n) {
      Octets set;
      for (std::size_t k = random() % 8 == 0 ? 2 : 1; k > 0; --k) {
        Octets attribute = Wrap(0x06, Text(pick(types)));
        Append(attribute, Wrap(pick(kTags), Text(pick(values))));
        if (random() % 32 == 0) attribute.push_back(std::byte(random() & 255));
        Append(set, Wrap(0x30, attribute));
      }
      Append(rdns, Wrap(0x31, set));
    }
    Octets name = Wrap(0x30, rdns);
    if (random() % 4 == 0) name[random() % name.size()] ^= std::byte{1};
    der::Element element;
    Bytes from(name);
    if (!der::Take(from, element) || element.tag != der::kSequence) continue;
    const std::string text = NameText(element);
    not_empty += text.empty() ? 0 : 1;
    ASSERT_EQ(text, NameByOpenSsl({element.whole.begin(), element.whole.end()})) << round;
  }
  EXPECT_GT(not_empty, 5000u);
}

TEST(TimeText, IsWhatOpenSslReadsOfRandomTimes) {
  std::mt19937 random(8);
  std::size_t not_empty = 0;
  for (int round = 0; round < 20000; ++round) {
    const bool utc = random() % 2 == 0;
    std::array<char, 32> text{};
    const auto two = [&](unsigned most) { return static_cast<unsigned>(random() % (most + 1)); };
    const int size = std::snprintf(text.data(), text.size(), "%0*u%02u%02u%02u%02u%02uZ", utc ? 2 : 4,
                                   utc ? two(99) : 1900 + two(200), two(13), two(32), two(24), two(60), two(61));
    std::string value(text.data(), static_cast<std::size_t>(size));
    if (random() % 8 == 0) value[random() % value.size()] = "09Z+-. A"[random() % 8];
    const Octets whole = Wrap(utc != (random() % 64 == 0) ? 0x17 : 0x18, Text(value));
    const std::string said = TimeText(Parsed(whole));
    not_empty += said.empty() ? 0 : 1;
    ASSERT_EQ(said, TimeByOpenSsl(whole)) << value;
  }
  EXPECT_GT(not_empty, 5000u);
}

TEST(SerialText, IsWhatOpenSslReadsOfRandomNumbers) {
  std::mt19937 random(9);
  constexpr std::array<unsigned, 7> kEdges = {0, 0, 1, 0x7f, 0x80, 0xff, 0x2a};
  for (int round = 0; round < 20000; ++round) {
    Octets number;
    for (std::size_t n = random() % 5; n > 0; --n) number.push_back(std::byte(kEdges[random() % kEdges.size()]));
    const Octets whole = Wrap(random() % 32 == 0 ? 0x04 : 0x02, number);
    ASSERT_EQ(SerialText(Parsed(whole)), SerialByOpenSsl(whole)) << round;
  }
}

}  // namespace
}  // namespace weir
