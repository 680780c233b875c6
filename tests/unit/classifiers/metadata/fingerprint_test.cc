#include "classifiers/metadata/fingerprint.h"

#include <gtest/gtest.h>

#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir {
namespace {

using test::Hex;
using test::Octets;
using test::operator+;

Octets Words(std::initializer_list<std::uint16_t> words) { return test::Be16(words); }

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

}  // namespace
}  // namespace weir
