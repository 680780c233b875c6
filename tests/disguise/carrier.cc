#include "tests/disguise/carrier.h"

#include <algorithm>
#include <cctype>

#include "tests/disguise/quic_seal.h"
#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir::disguise {
namespace {

using test::Be16;
using test::Extension;
using test::Hex;
using test::Sized;
using test::Text;
using test::operator+;

// RFC 8446 s4.1.3: the random that makes a ServerHello a HelloRetryRequest.
const char* const kRetryRandom = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";
constexpr std::string_view kNeutral = "front.neutral.example";

std::string Spelled(const CarrierShape& shape, std::string_view name) {
  std::string out = (shape.subdomain ? "www." : "") + std::string(name) + (shape.dot ? "." : "");
  if (shape.upper) {
    for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return out;
}

Octets Hello(const CarrierShape& shape, std::string_view name) {
  Octets extensions;
  if (shape.grease) extensions = extensions + Extension(0x3a3a, {});
  const bool modern = shape.carrier == Carrier::kTls13 || IsQuic(shape.carrier);
  // X25519MLKEM768 (1216 bytes) before the name.
  if (modern)
    extensions = extensions + Extension(51, Sized(2, Be16({0x11ec}) + Sized(2, Octets(1216, std::byte{0x5a}))));
  if (modern) extensions = extensions + Extension(43, Sized(1, Be16({0x0304})));
  if (shape.padding > 0) extensions = extensions + Extension(21, Octets(std::min<std::size_t>(shape.padding, 63'000)));
  extensions = extensions + test::ServerName(name) + test::Alpn(IsQuic(shape.carrier) ? "h3" : "http/1.1");
  if (shape.grease) extensions = extensions + Extension(0x7a7a, Hex("00"));
  return test::ClientHelloMessage(extensions);
}

Octets Prefix(Prelude prelude) {
  switch (prelude) {
    case Prelude::kChangeCipherSpec:
      return Hex("14 0303 0001 01");
    case Prelude::kWarning:
      return Hex("15 0303 0002 01 5a");  // user_canceled
    case Prelude::kHelloRequest:
      return Hex("16 0303 0004 00 000000");
    case Prelude::kEmptyRecord:
      return Hex("17 0303 0000");
    case Prelude::kNone:
      break;
  }
  return {};
}

std::size_t RecordSize(const CarrierShape& shape, std::size_t total) {
  if (shape.record == 0) return 16384;
  return std::max(shape.record, total / 600);  // what 1-byte records would make of 64 kB is no conversation
}

std::vector<Message> TalkTls(const CarrierShape& shape, const std::string& name) {
  const auto records = [&](const Octets& hello) { return test::Records(hello, RecordSize(shape, hello.size())); };
  const Octets named = records(Hello(shape, name));
  const Octets answer = test::Records(test::ServerHelloMessage(Octets(32, std::byte{9}), {}));
  if (!shape.second) return {{true, Prefix(shape.prelude) + named}, {false, answer}};
  const Octets retry = test::Records(test::ServerHelloMessage(Hex(kRetryRandom), Extension(51, Be16({0x0017}))));
  return {
      {true, Prefix(shape.prelude) + records(Hello(shape, kNeutral))}, {false, retry}, {true, named}, {false, answer}};
}

std::vector<Message> TalkHttp(const CarrierShape& shape, const std::string& name) {
  const auto request = [&](std::string_view host, std::size_t padding) {
    std::string pad;
    for (std::size_t left = std::min<std::size_t>(padding, 40'000); left > 0;) {
      const std::size_t n = std::min<std::size_t>(left, 4000);
      pad += "X-Pad: " + std::string(n, 'p') + "\r\n";
      left -= n;
    }
    return Text("GET /index.html HTTP/1.1\r\n" + pad + "Host: " + std::string(host) + "\r\nAccept: */*\r\n\r\n");
  };
  const Octets answer = Text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  if (!shape.second) return {{true, request(name, shape.padding)}, {false, answer}};
  return {{true, request(kNeutral, 0)}, {false, answer}, {true, request(name, shape.padding)}, {false, answer}};
}

Octets Varint(std::size_t value) {
  return value < 0x4000 ? Be16({static_cast<std::uint16_t>(0x4000 | value)})
                        : Be16({static_cast<std::uint16_t>(0x8000 | value >> 16), static_cast<std::uint16_t>(value)});
}

}  // namespace

std::vector<Message> Talk(const CarrierShape& shape, std::string_view name) {
  const std::string spelled = Spelled(shape, name);
  if (shape.carrier == Carrier::kHttp) return TalkHttp(shape, spelled);
  std::vector<Message> tls = TalkTls(shape, spelled);
  if (shape.carrier != Carrier::kConnect) return tls;
  std::vector<Message> out = {
      {true, Text("CONNECT front.neutral.example:443 HTTP/1.1\r\nHost: front.neutral.example:443\r\n\r\n")},
      {false, Text("HTTP/1.1 200 Connection established\r\n\r\n")}};
  out.insert(out.end(), tls.begin(), tls.end());
  return out;
}

std::vector<Octets> QuicFlight(const CarrierShape& shape, std::string_view name, Random& random) {
  const Octets hello = Hello(shape, Spelled(shape, name));
  const std::size_t most = 1000;
  const std::size_t size = shape.record == 0 ? most : std::min(most, std::max(shape.record, hello.size() / 300));
  std::vector<Octets> pieces;
  for (std::size_t at = 0; at < hello.size(); at += size) {
    const std::size_t end = std::min(hello.size(), at + size);
    const Octets part(hello.begin() + static_cast<std::ptrdiff_t>(at),
                      hello.begin() + static_cast<std::ptrdiff_t>(end));
    pieces.push_back(Hex("06") + Varint(at) + Varint(part.size()) + part);
  }
  Arrange(pieces, shape.crypto, random);
  std::vector<Octets> flight;
  if (shape.junk_first) flight.emplace_back(64, std::byte{0x17});
  Octets frames;
  std::uint8_t number = 0;
  const std::uint32_t version = shape.carrier == Carrier::kQuicV1 ? 1 : 0x6b3343cf;
  const auto flush = [&] {
    frames.resize(std::max<std::size_t>(frames.size(), 1170));  // PADDING: 1200 bytes in all
    flight.push_back(test::SealedInitial(version, Hex("8394c8f03e515708"), number++, frames));
    frames.clear();
  };
  for (const Octets& piece : pieces) {
    if (frames.size() + piece.size() > 1170) flush();
    frames = frames + piece;
    if (shape.grease) frames.push_back(std::byte{1});  // PING
  }
  flush();
  return flight;
}

}  // namespace weir::disguise
