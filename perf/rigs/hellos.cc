#include "perf/rigs/hellos.h"

#include <algorithm>
#include <array>
#include <random>

#include "perf/limits/frames.h"
#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir::perf {
namespace {

using test::Extension;
using test::Hex;
using test::Octets;
using test::Sized;
using test::operator+;

constexpr std::array<std::string_view, 8> kBarred = {"whatsapp.com", "telegram.org",   "dropbox.com", "box.com",
                                                     "mega.nz",      "mail.yahoo.com", "signal.org",  "wechat.com"};
constexpr std::array<std::string_view, 10> kInnocent = {"example.com",  "example.net",  "example.org", "shop.example",
                                                        "news.example", "bank.test",    "campus.test", "media.invalid",
                                                        "cdn.example",  "intranet.test"};

Octets Bytes(std::mt19937& random, std::size_t count) {
  Octets out(count);
  for (std::byte& each : out) each = static_cast<std::byte>(random());
  return out;
}

Octets Grease(std::mt19937& random) {
  const auto half = static_cast<std::byte>((random() & 0xf0) | 0x0a);
  return {half, half};
}

Octets KeyShare(const Octets& group, std::size_t size, std::mt19937& random) {
  return group + Sized(2, Bytes(random, size));
}

std::vector<Octets> ChromeExtensions(const std::string& name, bool quic, std::mt19937& random) {
  const Octets grease = quic ? Octets{} : Grease(random);
  const Octets share = quic ? Octets{} : KeyShare(grease, 1, random);
  std::vector<Octets> all = {
      test::ServerName(name),
      Extension(10, Sized(2, grease + Hex("001d 0017 0018"))),
      Extension(16, Sized(2, quic ? Sized(1, test::Text("h3"))
                                  : Sized(1, test::Text("h2")) + Sized(1, test::Text("http/1.1")))),
      Extension(13, Sized(2, Hex("0403 0804 0401 0503 0805 0501 0806 0601"))),
      Extension(51, Sized(2, share + KeyShare(Hex("001d"), 32, random))),
      Extension(45, Hex("01 01")),
      Extension(43, Sized(1, grease + Hex("0304") + (quic ? Octets{} : Hex("0303")))),
      Extension(27, Hex("02 0002")),
      Extension(17513, Sized(2, Sized(1, test::Text(quic ? "h3" : "h2")))),
  };
  if (quic) {
    all.push_back(
        Extension(57, Hex("01 04 80007530 03 02 45c0 04 04 80f00000 05 04 80600000 06 04 80600000 07 04 80600000"
                          "08 02 4064 09 02 4067 0f 00")));
  } else {
    for (const Octets& each : {Extension(23, {}), Extension(0xff01, Hex("00")), Extension(11, Hex("01 00")),
                               Extension(35, {}), Extension(5, Hex("01 0000 0000")), Extension(18, {})})
      all.push_back(each);
  }
  std::shuffle(all.begin(), all.end(), random);
  if (!quic) all.insert(all.begin(), Extension(0x0a0a, {})), all.push_back(Extension(0x1a1a, Hex("00")));
  return all;
}

std::vector<Octets> FirefoxExtensions(const std::string& name, bool quic, std::mt19937& random) {
  std::vector<Octets> all = {test::ServerName(name), Extension(23, {}), Extension(0xff01, Hex("00")),
                             Extension(10, Sized(2, Hex("001d 0017 0018 0019 0100 0101")))};
  if (!quic) all.push_back(Extension(11, Hex("01 00"))), all.push_back(Extension(35, {}));
  all.push_back(Extension(
      16, Sized(2, quic ? Sized(1, test::Text("h3")) : Sized(1, test::Text("h2")) + Sized(1, test::Text("http/1.1")))));
  all.push_back(Extension(5, Hex("01 0000 0000")));
  all.push_back(Extension(34, Sized(2, Hex("0403 0503 0603 0203"))));
  all.push_back(Extension(51, Sized(2, KeyShare(Hex("001d"), 32, random) + KeyShare(Hex("0017"), 65, random))));
  all.push_back(Extension(43, Sized(1, quic ? Hex("0304") : Hex("0304 0303"))));
  all.push_back(Extension(13, Sized(2, Hex("0403 0503 0603 0804 0805 0806 0401 0501 0601 0203 0201"))));
  all.push_back(Extension(45, Hex("01 01")));
  all.push_back(Extension(28, Hex("4001")));
  if (quic)
    all.push_back(Extension(57, Hex("01 04 80007530 04 04 81800000 05 04 80c00000 06 04 80100000 07 04 80100000"
                                    "08 01 10 09 01 10 0e 01 08")));
  return all;
}

// A ClientHello message; `padded`: of that many bytes with extension 21 (RFC 7685), 0: as it comes.
Octets Message(Shape shape, const std::string& name, bool quic, std::size_t padded, const Octets& hello_random,
               std::mt19937& random) {
  Octets suites = Hex("1301 1302 1303");
  if (!quic && shape == Shape::kChrome)
    suites = Grease(random) + suites + Hex("c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035");
  if (shape == Shape::kFirefox) suites = Hex("1301 1303 1302");
  if (!quic && shape == Shape::kFirefox)
    suites = suites + Hex("c02b c02f cca9 cca8 c02c c030 c00a c009 c013 c014 009c 009d 002f 0035");
  const auto extensions =
      shape == Shape::kChrome ? ChromeExtensions(name, quic, random) : FirefoxExtensions(name, quic, random);
  Octets joined;
  for (const Octets& each : extensions) joined = joined + each;
  const Octets head =
      Hex("0303") + hello_random + Sized(1, quic ? Octets{} : Bytes(random, 32)) + Sized(2, suites) + Hex("0100");
  const std::size_t without = 4 + head.size() + 2 + joined.size() + 4;
  if (padded > without) joined = joined + Extension(21, Octets(padded - without));
  return Hex("01") + Sized(3, head + Sized(2, joined));
}

// A CRYPTO frame (RFC 9000 s19.6) of a part of `message`.
Octets Crypto(const Octets& message, std::size_t from, std::size_t to) {
  const auto at = [&](std::size_t n) { return message.begin() + static_cast<std::ptrdiff_t>(n); };
  return Hex("06") +
         test::Be16({static_cast<std::uint16_t>(0x4000 | from), static_cast<std::uint16_t>(0x4000 | (to - from))}) +
         Octets(at(from), at(to));
}

}  // namespace

std::vector<Name> MakeNames(std::size_t count) {
  std::vector<Name> names;
  for (std::size_t i = 0; i < count; ++i) {
    const bool barred = i % 5 == 0;
    const std::string_view domain = barred ? kBarred[i / 5 % kBarred.size()] : kInnocent[i % kInnocent.size()];
    names.push_back({"host" + std::to_string(i) + "." + std::string(domain), barred});
  }
  return names;
}

Octets TlsHello(Shape shape, const std::string& name, std::uint32_t seed) {
  std::mt19937 random(seed);
  return test::Records(Message(shape, name, false, 512, Octets(32), random));
}

Octets QuicHello(Shape shape, const std::string& name, std::uint32_t seed) {
  std::mt19937 random(seed);
  const Octets message = Message(shape, name, true, 0, Bytes(random, 32), random);
  Octets frames;
  if (shape == Shape::kFirefox) {
    frames = Crypto(message, 0, message.size());
  } else {
    constexpr std::size_t kPieces = 5;
    std::array<std::size_t, kPieces> order = {0, 1, 2, 3, 4};
    std::shuffle(order.begin(), order.end(), random);
    const std::size_t piece = message.size() / kPieces;
    for (const std::size_t n : order)
      frames = frames + Crypto(message, n * piece, n + 1 == kPieces ? message.size() : (n + 1) * piece) + Hex("01") +
               Octets(random() % 40);
  }
  return QuicInitial((std::uint64_t{random()} << 32) | seed, frames);
}

}  // namespace weir::perf
