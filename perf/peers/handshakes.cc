#include "perf/peers/handshakes.h"

#include <random>

#include "perf/peers/certificates.h"
#include "perf/rigs/hellos.h"
#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir::perf {
namespace {

using test::Extension;
using test::Hex;
using test::Octets;
using test::Sized;
using test::operator+;

constexpr std::uint8_t kChangeCipherSpec = 20, kHandshake = 22, kData = 23;
constexpr std::size_t kSessionIdAt = 5 + 4 + 2 + 32;  // behind record and handshake header, version, random

Octets Record(std::uint8_t type, const Octets& body) {
  return Octets{static_cast<std::byte>(type)} + Hex("0303") + Sized(2, body);
}

Octets Message(std::uint8_t type, const Octets& body) { return Octets{static_cast<std::byte>(type)} + Sized(3, body); }

Octets Random(std::mt19937& random, std::size_t count) {
  Octets out(count);
  for (std::byte& each : out) each = static_cast<std::byte>(random() >> 24);
  return out;
}

Octets SessionIdOf(const Octets& hello) {
  const auto at = hello.begin() + kSessionIdAt;
  return Octets(at + 1, at + 1 + std::to_integer<std::ptrdiff_t>(*at));
}

void Speak13(TlsTalk& talk, std::mt19937& random) {
  const Octets share = Extension(51, Hex("001d") + Sized(2, Random(random, 32)));
  const Octets hello = Message(2, Hex("0303") + Random(random, 32) + Sized(1, SessionIdOf(talk.hello)) +
                                      Hex("1301 00") + Sized(2, share + Extension(43, Hex("0304"))));
  const Octets change = Record(kChangeCipherSpec, Hex("01"));
  // EncryptedExtensions, Certificate, CertificateVerify and Finished in one record; a Finished is 36 bytes and 17 of
  // AEAD.
  talk.flight = Record(kHandshake, hello) + change + Record(kData, Random(random, 2400));
  talk.client_first = change + Record(kData, Random(random, 53)) + Record(kData, Random(random, 300));
  talk.server_first = Record(kData, Random(random, 1200));
}

bool Speak12(TlsTalk& talk, const std::string& name, std::mt19937& random) {
  // Renegotiation info (RFC 5746), point formats, extended master secret (RFC 7627).
  const Octets extensions = Extension(0xff01, Hex("00")) + Extension(11, Hex("01 00")) + Extension(23, {});
  const Octets hello = Message(
      2, Hex("0303") + Random(random, 32) + Sized(1, Random(random, 32)) + Hex("c02b 00") + Sized(2, extensions));
  const std::vector<Octets> certificates = CertificatesFor(name);
  Octets chain;
  for (const Octets& certificate : certificates) chain = chain + Sized(3, certificate);
  const Octets key = Hex("03 001d") + Sized(1, Random(random, 32)) + Hex("0807") + Sized(2, Random(random, 64));
  talk.flight = Record(kHandshake, hello) + Record(kHandshake, Message(11, Sized(3, chain))) +
                Record(kHandshake, Message(12, key)) + Record(kHandshake, Message(14, {}));
  // A Finished is 16 bytes and 24 of AEAD.
  const Octets finish = Record(kChangeCipherSpec, Hex("01")) + Record(kHandshake, Random(random, 40));
  talk.client_first = Record(kHandshake, Message(16, Sized(1, Random(random, 32)))) + finish;
  talk.server_first = finish;
  return !certificates.empty();
}

}  // namespace

std::optional<TlsTalk> MakeTalk(TlsVersion version, const std::string& name, std::uint32_t seed) {
  std::mt19937 random(seed);
  TlsTalk talk;
  talk.hello = TlsHello(seed % 2 == 0 ? Shape::kChrome : Shape::kFirefox, name, seed);
  if (version == TlsVersion::k13) Speak13(talk, random);
  if (version == TlsVersion::k12 && !Speak12(talk, name, random)) return std::nullopt;
  talk.client_data = Record(kData, Random(random, 300));
  talk.server_data = Record(kData, Random(random, 1200));
  return talk;
}

}  // namespace weir::perf
