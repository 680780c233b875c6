#include "classifiers/metadata/fingerprint.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <random>

#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir {
namespace {

using test::Hex;
using test::Octets;
using test::operator+;

Octets Words(std::initializer_list<std::uint16_t> words) { return test::Be16(words); }

Octets Words(const std::vector<std::uint16_t>& words) {
  Octets out;
  for (const std::uint16_t word : words) out = out + test::Be16({word});
  return out;
}

Octets Body(std::uint16_t version, const Octets& ciphers, const Octets& extensions, bool with_extensions = true) {
  const Octets head = Words({version}) + Octets(32) + Hex("00") + test::Sized(2, ciphers) + Hex("0100");
  return with_extensions ? head + test::Sized(2, extensions) : head;
}

// The two examples of JA3's README.
TEST(Ja3, IsThatOfItsAuthors) {
  const Octets ciphers = Words({47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4});
  const Octets extensions = test::ServerName("a.example") + test::Extension(10, test::Sized(2, Words({23, 24, 25}))) +
                            test::Extension(11, test::Sized(1, Hex("00")));
  const std::string text = Ja3Text(Body(769, ciphers, extensions));
  EXPECT_EQ(text, "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0");
  EXPECT_EQ(Md5Hex(text), "ada70206e40642a3e4461f35503241d5");
  const std::string bare = Ja3Text(Body(769, Words({4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99}), {}, false));
  EXPECT_EQ(bare, "769,4-5-10-9-100-98-3-6-19-18-99,,,");
  EXPECT_EQ(Md5Hex(bare), "de350869b8c85de67a350c8d186f11e6");
}

// A Chrome hello as JA4's specification takes it for its example: GREASE in each list,
// ciphers and extensions in another order than sorted.
Octets Chrome() {
  const Octets ciphers = Words({0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013,
                                0xc014, 0x009c, 0x009d, 0x002f, 0x0035});
  const Octets signatures = Words({0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601});
  Octets extensions = test::Extension(0x2a2a, {});
  for (const int type : {0x001b, 0x0012, 0x0033, 0x0023, 0x4469, 0x0017, 0xff01, 0x0005, 0x002d, 0x0015, 0x000b})
    extensions = extensions + test::Extension(static_cast<std::uint16_t>(type), Hex("00"));
  extensions = extensions + test::ServerName("a.example") + test::Alpn("h2") +
               test::Extension(0x000d, test::Sized(2, signatures)) +
               test::Extension(0x002b, test::Sized(1, Words({0x3a3a, 0x0304, 0x0303}))) +
               test::Extension(0x000a, test::Sized(2, Words({0x4a4a, 29, 23, 24})));
  return Body(0x0303, ciphers, extensions);
}

TEST(Ja4, IsTheExampleOfItsSpecification) {
  EXPECT_EQ(Ja4Text(Chrome(), HelloTransport::kTcp), "t13d1516h2_8daaf6152771_e5627efa2ab1");
  EXPECT_EQ(Ja4Text(Chrome(), HelloTransport::kQuic)[0], 'q');
}

TEST(Ja4, SaysWhatIsNotThere) {
  const std::string bare = Ja4Text(Body(0x0301, {}, {}, false), HelloTransport::kTcp);
  EXPECT_EQ(bare, "t10i000000_000000000000_000000000000");
  const std::string odd = Ja4Text(Body(0x0303, Words({0x1301}),
                                       test::Alpn("\xab"
                                                  "x")),
                                  HelloTransport::kTcp);
  EXPECT_EQ(odd.substr(0, 10), "t12i0101a8");  // 0xab .. 0x78
}

TEST(Ja3s, ReadsVersionCipherAndExtensionsOfTheServer) {
  const Octets hello =
      test::ServerHelloMessage(Octets(32), test::Extension(43, Hex("0304")) + test::Extension(51, Hex("00")));
  EXPECT_EQ(Ja3sText(Bytes(hello).subspan(4)), "771,4865,43-51");
}

TEST(Fingerprints, AreNoneOfAHelloThatIsCut) {
  const Octets whole = Chrome();
  for (std::size_t n = 0; n < whole.size(); n += 3) {
    EXPECT_EQ(Ja3Text(Bytes(whole).first(n)), "") << n;
    EXPECT_EQ(Ja4Text(Bytes(whole).first(n), HelloTransport::kTcp), "") << n;
  }
}

// What a hello says, written down by somebody else than the code under test.
struct Model {
  using List = std::vector<std::uint16_t>;
  List ciphers, extensions, groups, signatures;

  static std::string Joined(List list, const char* format, char between) {
    std::string text;
    for (const std::uint16_t value : list) {
      if ((value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff)) continue;
      char piece[8];
      std::snprintf(piece, sizeof piece, format, value);
      text += (text.empty() ? "" : std::string(1, between)) + piece;
    }
    return text;
  }
  static std::string Digest(const std::string& text, const EVP_MD* kind, std::size_t bytes) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_Digest(text.data(), text.size(), digest, nullptr, kind, nullptr);
    std::string hex;
    for (std::size_t i = 0; i < bytes; ++i) {
      char piece[3];
      std::snprintf(piece, sizeof piece, "%02x", digest[i]);
      hex += piece;
    }
    return hex;
  }
  [[nodiscard]] std::string Ja3() const {
    return "771," + Joined(ciphers, "%d", '-') + "," + Joined(extensions, "%d", '-') + "," + Joined(groups, "%d", '-') +
           ",";
  }
  [[nodiscard]] std::string Ja4Tail() const {
    List sorted = ciphers, rest;
    std::sort(sorted.begin(), sorted.end());
    for (const std::uint16_t type : extensions)
      if (type != 0 && type != 16) rest.push_back(type);
    std::sort(rest.begin(), rest.end());
    const std::string first = Joined(sorted, "%04x", ','), second = Joined(rest, "%04x", ',');
    const std::string names = Joined(signatures, "%04x", ',');
    const std::string none(12, '0');
    return "_" + (first.empty() ? none : Digest(first, EVP_sha256(), 6)) + "_" +
           (second.empty() ? none : Digest(second + (names.empty() ? "" : "_" + names), EVP_sha256(), 6));
  }
  [[nodiscard]] Octets Bytes() const {
    Octets all;
    for (const std::uint16_t type : extensions) {
      const bool list = type == 10 || type == 13;
      all = all + test::Extension(type, list ? test::Sized(2, Words(type == 10 ? groups : signatures)) : Octets{});
    }
    return Body(0x0303, Words(ciphers), all);
  }
};

Model RandomModel(std::mt19937& random) {
  const auto list = [&](std::size_t most) {
    Model::List values(random() % most);
    for (std::uint16_t& value : values) {
      const auto grease = ((random() & 0xf0u) | 0x0au) * 0x101u;
      const auto other = random() % 2 != 0 ? random() % 40 : random();
      value = static_cast<std::uint16_t>(random() % 8 == 0 ? grease : other);
    }
    return values;
  };
  const bool long_one = random() % 8 == 0;  // longer than what is remembered
  Model model{list(long_one ? 300 : 20), list(20), list(long_one ? 200 : 8), list(12)};
  std::erase_if(model.extensions, [](std::uint16_t type) { return type == 11 || type == 43; });
  if (std::count(model.extensions.begin(), model.extensions.end(), 10) == 0) model.groups.clear();
  if (std::count(model.extensions.begin(), model.extensions.end(), 13) == 0) model.signatures.clear();
  return model;
}

// Whatever hellos came before, the same one again or one that is almost the same.
TEST(Fingerprints, AreThoseOfTheHelloAtHand) {
  std::mt19937 random(7);
  std::vector<Model> earlier;
  for (int i = 0; i < 6000; ++i) {
    Model model = RandomModel(random);
    if (!earlier.empty() && i % 3 != 0) model = earlier[random() % earlier.size()];
    if (i % 3 == 1 && !model.ciphers.empty()) ++model.ciphers[random() % model.ciphers.size()];
    if (i % 9 == 1 && model.extensions.size() > 1) std::swap(model.extensions.front(), model.extensions.back());
    earlier.resize(std::min<std::size_t>(earlier.size() + 1, 500));
    earlier[static_cast<std::size_t>(i) % earlier.size()] = model;
    Metadata found;
    AddClientFingerprints(model.Bytes(), HelloTransport::kTcp, 0, false, found);
    ASSERT_EQ(found.First(BufferId::kJa3String, 0), model.Ja3());
    ASSERT_EQ(found.First(BufferId::kJa3, 0), Model::Digest(model.Ja3(), EVP_md5(), 16));
    ASSERT_EQ(found.First(BufferId::kJa4, 0).substr(10), model.Ja4Tail());
    Metadata shape;
    AddClientFingerprints(model.Bytes(), HelloTransport::kTcp, 0, true, shape);
    ASSERT_EQ(shape.size(), 1u);
    const std::string value(shape.First(BufferId::kHelloShape, 0));
    const ClientFingerprints made = FingerprintsOf(value);
    ASSERT_EQ(made.ja3, found.First(BufferId::kJa3, 0));
    ASSERT_EQ(made.ja3_text, found.First(BufferId::kJa3String, 0));
    ASSERT_EQ(made.ja4, found.First(BufferId::kJa4, 0));
    const std::size_t cut = random() % value.size();
    ASSERT_EQ(FingerprintsOf(std::string_view(value).substr(0, cut)).ja4, "") << cut;
  }
}

TEST(Fingerprints, MadeLaterAreThoseOfTheHelloItsProtocolToo) {
  for (const char* alpn : {"h2", "x", "\xff\x01", ""}) {
    for (const auto transport : {HelloTransport::kTcp, HelloTransport::kQuic}) {
      const Octets message = test::ClientHelloMessage(test::ServerName("a.example") + test::Alpn(alpn));
      const Bytes body = Bytes(message).subspan(4);
      Metadata shape;
      AddClientFingerprints(body, transport, 0, true, shape);
      EXPECT_EQ(FingerprintsOf(shape.First(BufferId::kHelloShape, 0)).ja4, Ja4Text(body, transport)) << alpn;
    }
  }
}

// A client's and a server's hello of the same numbers, and lists cut elsewhere.
TEST(Fingerprints, OfOtherHellosWithTheSameNumbersDiffer) {
  const auto ja4 = [](const Octets& ciphers, const Octets& extensions) {
    return Ja4Text(Body(0x0303, ciphers, extensions), HelloTransport::kTcp).substr(10);
  };
  const Octets sent = test::Extension(13, test::Sized(2, Words({13, 14})));
  EXPECT_NE(ja4({}, test::Extension(13, test::Sized(2, Words({14}))) + test::Extension(13, {})), ja4({}, sent));
  EXPECT_EQ(ja4(Words({1, 2}), sent).substr(0, 13), ja4(Words({2, 1}), sent).substr(0, 13));
  EXPECT_EQ(Ja3Text(Body(0x0303, Words({4865}), test::Extension(51, Hex("00")))), "771,4865,51,,");
  EXPECT_EQ(Ja3sText(Bytes(test::ServerHelloMessage(Octets(32), test::Extension(51, Hex("00")))).subspan(4)),
            "771,4865,51");
}

}  // namespace
}  // namespace weir
