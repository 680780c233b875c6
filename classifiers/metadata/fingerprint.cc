#include "classifiers/metadata/fingerprint.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace weir {
namespace {

enum Extension : std::uint16_t {
  kServerName = 0,
  kSupportedGroups = 10,
  kPointFormats = 11,
  kSignatureAlgorithms = 13,
  kAlpn = 16,
  kSupportedVersions = 43,
};

bool IsGrease(std::uint16_t value) noexcept { return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff); }

using Values = std::vector<std::uint16_t>;

struct Hello {
  bool whole = false;
  std::uint16_t version = 0;
  Values ciphers, extensions, groups, formats, signatures, versions;
  std::string_view alpn;  // the first
};

Values Words(Bytes bytes) {
  Values values;
  values.reserve(bytes.size() / 2);
  ByteReader reader(bytes);
  while (reader.remaining() >= 2) {
    if (const std::uint16_t value = reader.U16(); !IsGrease(value)) values.push_back(value);
  }
  return values;
}

void ReadExtension(std::uint16_t type, Bytes content, Hello& hello) {
  ByteReader reader(content);
  switch (type) {
    case kSupportedGroups:
      hello.groups = Words(reader.Take(reader.U16()));
      break;
    case kSignatureAlgorithms:
      hello.signatures = Words(reader.Take(reader.U16()));
      break;
    case kSupportedVersions:
      hello.versions = Words(reader.Take(reader.U8()));
      break;
    case kPointFormats:
      for (const std::byte format : reader.Take(reader.U8()))
        hello.formats.push_back(static_cast<std::uint8_t>(format));
      break;
    case kAlpn: {
      ByteReader list(reader.Take(reader.U16()));
      hello.alpn = AsText(list.Take(list.U8()));
      break;
    }
    default:
      break;
  }
}

bool ReadExtensions(ByteReader& reader, Hello& hello, bool with_contents) {
  if (reader.empty()) return reader.ok();  // none at all (TLS 1.0)
  ByteReader extensions(reader.Take(reader.U16()));
  while (!extensions.empty() && extensions.ok()) {
    const std::uint16_t type = extensions.U16();
    const Bytes content = extensions.Take(extensions.U16());
    if (!extensions.ok() || IsGrease(type)) continue;
    hello.extensions.push_back(type);
    if (with_contents) ReadExtension(type, content, hello);
  }
  return reader.ok() && extensions.ok();
}

Hello ReadClient(Bytes body, HelloTransport transport) {
  Hello hello;
  ByteReader reader(body);
  hello.version = reader.U16();
  reader.Skip(32);
  reader.Skip(reader.U8());
  if (transport == HelloTransport::kDtls) reader.Skip(reader.U8());  // cookie, RFC 6347 s4.2.1
  hello.ciphers = Words(reader.Take(reader.U16()));
  reader.Skip(reader.U8());
  hello.whole = ReadExtensions(reader, hello, true);
  return hello;
}

std::string Decimal(const Values& values) {
  std::string text(values.size() * 6, '\0');
  char* at = text.data();
  for (const std::uint16_t value : values) {
    if (at != text.data()) *at++ = '-';
    at = std::to_chars(at, at + 5, value).ptr;
  }
  text.resize(static_cast<std::size_t>(at - text.data()));
  return text;
}

std::string HexList(const Values& values) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(values.empty() ? 0 : values.size() * 5 - 1, ',');
  char* at = text.data();
  for (const std::uint16_t value : values) {
    for (const int shift : {12, 8, 4, 0}) *at++ = kDigits[value >> shift & 0xf];
    ++at;
  }
  return text;
}

// Looked up in OpenSSL's providers once a process: that costs more than the digest.
struct Digests {
  const EVP_MD* md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  const EVP_MD* sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static const Digests& Get() {
    static const Digests digests;
    return digests;
  }
};

std::string HexDigest(const std::string& text, const EVP_MD* kind, std::size_t digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, kind, nullptr);
  std::string hex(std::min<std::size_t>(digits, 2 * std::size_t{size}), '\0');
  for (std::size_t i = 0; i < hex.size(); ++i) hex[i] = kDigits[digest[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf];
  return hex;
}

std::string_view VersionPart(const Hello& hello) {
  const std::uint16_t version =
      hello.versions.empty() ? hello.version : *std::max_element(hello.versions.begin(), hello.versions.end());
  switch (version) {
    case 0x0304:
      return "13";
    case 0x0303:
      return "12";
    case 0x0302:
      return "11";
    case 0x0301:
      return "10";
    case 0x0300:
      return "s3";
    case 0x0002:
      return "s2";
    case 0xfeff:
      return "d1";
    case 0xfefd:
      return "d2";
    case 0xfefc:
      return "d3";
    default:
      return "00";
  }
}

std::string TwoDigits(std::size_t n) {
  n = std::min<std::size_t>(n, 99);
  return {static_cast<char>('0' + n / 10), static_cast<char>('0' + n % 10)};
}

bool IsAlnum(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// First and last character of the first protocol; of its hex, where one is no letter or digit.
std::string AlpnPart(std::string_view alpn) {
  if (alpn.empty()) return "00";
  if (IsAlnum(alpn.front()) && IsAlnum(alpn.back())) return {alpn.front(), alpn.back()};
  constexpr std::string_view kDigits = "0123456789abcdef";
  return {kDigits[static_cast<unsigned char>(alpn.front()) >> 4],
          kDigits[static_cast<unsigned char>(alpn.back()) & 0xf]};
}

std::string Ja3Of(const Hello& hello) {
  return std::to_string(hello.version) + "," + Decimal(hello.ciphers) + "," + Decimal(hello.extensions) + "," +
         Decimal(hello.groups) + "," + Decimal(hello.formats);
}

std::string Ja4Of(const Hello& hello, HelloTransport transport) {
  const bool named = std::find(hello.extensions.begin(), hello.extensions.end(), kServerName) != hello.extensions.end();
  std::string text(1, static_cast<char>(transport));
  text += VersionPart(hello);
  text += named ? 'd' : 'i';
  text += TwoDigits(hello.ciphers.size()) + TwoDigits(hello.extensions.size()) + AlpnPart(hello.alpn);
  constexpr std::string_view kNothing = "000000000000";
  Values ciphers = hello.ciphers;
  std::sort(ciphers.begin(), ciphers.end());
  text += '_';
  text += ciphers.empty() ? std::string(kNothing) : HexDigest(HexList(ciphers), Digests::Get().sha256, 12);
  Values extensions;
  for (const std::uint16_t type : hello.extensions) {
    if (type != kServerName && type != kAlpn) extensions.push_back(type);
  }
  std::sort(extensions.begin(), extensions.end());
  std::string last = HexList(extensions);
  if (!hello.signatures.empty()) last += "_" + HexList(hello.signatures);
  text += '_';
  text += extensions.empty() ? std::string(kNothing) : HexDigest(last, Digests::Get().sha256, 12);
  return text;
}

}  // namespace

std::string Ja3Text(Bytes client_hello) {
  const Hello hello = ReadClient(client_hello, HelloTransport::kTcp);
  return hello.whole ? Ja3Of(hello) : std::string();
}

std::string Ja3sText(Bytes server_hello) {
  Hello hello;
  ByteReader reader(server_hello);
  hello.version = reader.U16();
  reader.Skip(32);
  reader.Skip(reader.U8());
  const std::uint16_t cipher = reader.U16();
  reader.Skip(1);
  if (!reader.ok() || !ReadExtensions(reader, hello, false)) return {};
  return std::to_string(hello.version) + "," + std::to_string(cipher) + "," + Decimal(hello.extensions);
}

std::string Ja4Text(Bytes client_hello, HelloTransport transport) {
  const Hello hello = ReadClient(client_hello, transport);
  return hello.whole ? Ja4Of(hello, transport) : std::string();
}

std::string Md5Hex(const std::string& text) { return HexDigest(text, Digests::Get().md5, 32); }

void AddClientFingerprints(Bytes client_hello, HelloTransport transport, TxId tx, Metadata& out) {
  const Hello hello = ReadClient(client_hello, transport);
  if (!hello.whole) return;
  const std::string ja3 = Ja3Of(hello);
  out.Add(BufferId::kJa3String, Direction::kToServer, tx, ja3);
  out.Add(BufferId::kJa3, Direction::kToServer, tx, Md5Hex(ja3));
  out.Add(BufferId::kJa4, Direction::kToServer, tx, Ja4Of(hello, transport));
}

void AddServerFingerprint(Bytes server_hello, TxId tx, Metadata& out) {
  const std::string text = Ja3sText(server_hello);
  if (text.empty()) return;
  out.Add(BufferId::kJa3sString, Direction::kToClient, tx, text);
  out.Add(BufferId::kJa3s, Direction::kToClient, tx, Md5Hex(text));
}

}  // namespace weir
