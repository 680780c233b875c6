#include "classifiers/metadata/client_hello.h"

#include <algorithm>

#include "classifiers/metadata/inspector.h"
#include "classifiers/metadata/names.h"

namespace weir {
namespace {

constexpr std::uint16_t kServerName = 0;
constexpr std::uint16_t kAlpn = 16;
constexpr std::uint16_t kEarlyData = 42;
constexpr std::uint16_t kSupportedVersions = 43;
constexpr std::uint16_t kEncryptedClientHello = 0xfe0d;
constexpr std::uint16_t kEncryptedServerName = 0xffce;  // ECH's first draft

// Of a handshake with fingerprints, without a certificate; a longer one has the vectors grow.
constexpr std::size_t kFields = 12;
constexpr std::size_t kFieldBytes = 480;

// RFC 8446 s4.1.3: the Random of a HelloRetryRequest.
constexpr std::array<std::uint8_t, 32> kRetryRandom = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                                       0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                                       0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

void ReadNames(Bytes extension, ClientHello& hello) noexcept {
  // OpenSSL 3.0.19 and GnuTLS 3.7.9 refuse a list whose length is not that of its
  // extension; a server that does not look reads the entries that stand there.
  ByteReader entries(extension);
  (void)entries.U16();
  while (!entries.empty()) {
    const std::uint8_t type = entries.U8();
    const Bytes name = entries.Take(entries.U16());
    if (!entries.ok()) return;
    // GnuTLS 3.7.9 takes the first host_name behind entries of other types.
    if (type != 0) continue;
    hello.more_names = hello.more_names || hello.name_count == ClientHello::kMaxNames;
    if (!hello.more_names) hello.names[hello.name_count++] = AsText(name);
  }
}

void ReadAlpn(Bytes extension, ClientHello& hello) noexcept {
  ByteReader list(extension);
  ByteReader entries(list.Take(list.U16()));
  while (!entries.empty()) {
    const Bytes protocol = entries.Take(entries.U8());
    if (!entries.ok()) return;
    if (hello.alpn_count < ClientHello::kMaxAlpn) hello.alpn[hello.alpn_count++] = AsText(protocol);
  }
}

}  // namespace

ClientHello ParseClientHello(Bytes body, HelloForm form) noexcept {
  ClientHello hello;
  ByteReader reader(body);
  hello.version = reader.U16();
  reader.Skip(32);
  reader.Skip(reader.U8());
  if (form == HelloForm::kDtls) reader.Skip(reader.U8());
  reader.Skip(reader.U16());
  reader.Skip(reader.U8());
  ByteReader extensions(reader.Take(reader.U16()));
  while (!extensions.empty()) {
    const std::uint16_t type = extensions.U16();
    const Bytes content = extensions.Take(extensions.U16());
    if (!extensions.ok()) break;
    if (type == kServerName) ReadNames(content, hello);
    if (type == kAlpn) ReadAlpn(content, hello);
    hello.early_data = hello.early_data || type == kEarlyData;
    hello.ech = hello.ech || type == kEncryptedClientHello || type == kEncryptedServerName;
  }
  hello.whole = reader.ok() && extensions.ok();
  return hello;
}

std::uint16_t AddClientHello(const ClientHello& hello, BufferId sni, TxId tx, Metadata& out) {
  out.Expect(kFields, kFieldBytes);
  std::uint16_t events = hello.more_names ? Bit(ReaderEvent::kTlsHandshakeBudget) : std::uint16_t{0};
  for (std::size_t i = 0; i < hello.name_count; ++i) {
    if (PlainHost plain; i == 0 && plain.Read(hello.names[i])) {
      out.Add(sni, Direction::kToServer, tx, plain.view());
      continue;
    }
    // A NUL or a blank ends the name for some.
    const HostReadings readings = ReadHost(hello.names[i]);
    if (i > 0 && readings.names.front() != NormaliseHost(hello.names[0])) events |= Bit(ReaderEvent::kSeveralNames);
    for (const std::string& name : readings.names) out.Add(sni, Direction::kToServer, tx, name);
  }
  for (std::size_t i = 0; i < hello.alpn_count; ++i)
    out.Add(BufferId::kTlsAlpn, Direction::kToServer, tx, hello.alpn[i]);
  if (hello.ech) {
    events |= Bit(ReaderEvent::kEchOffered);
    out.Add(BufferId::kEch, Direction::kToServer, tx, "offered");
  }
  return events;
}

ServerHello ParseServerHello(Bytes body) noexcept {
  ServerHello hello;
  ByteReader reader(body);
  hello.version = reader.U16();
  const Bytes random = reader.Take(32);
  hello.retry = random.size() == kRetryRandom.size() &&
                std::equal(random.begin(), random.end(), kRetryRandom.begin(),
                           [](std::byte a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
  reader.Skip(reader.U8());
  reader.Skip(3);
  hello.whole = reader.ok();
  if (reader.empty()) return hello;
  ByteReader extensions(reader.Take(reader.U16()));
  while (!extensions.empty()) {
    const std::uint16_t type = extensions.U16();
    const Bytes content = extensions.Take(extensions.U16());
    if (!extensions.ok()) break;
    if (type == kSupportedVersions && content.size() == 2) hello.version = LoadBe16(content.data());
    if (type == kAlpn && content.size() > 3) hello.alpn = AsText(content.subspan(3));
  }
  hello.whole = reader.ok() && extensions.ok();
  return hello;
}

std::string_view TlsVersionName(std::uint16_t version) noexcept {
  switch (version) {
    case 0x0304:
      return "TLS 1.3";
    case 0x0303:
      return "TLS 1.2";
    case 0x0302:
      return "TLS 1.1";
    case 0x0301:
      return "TLSv1";
    case 0x0300:
      return "SSLv3";
    default:
      return (version & 0xff00) == 0x7f00 ? "TLS 1.3" : "UNDETERMINED";
  }
}

}  // namespace weir
