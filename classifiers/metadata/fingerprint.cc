#include "classifiers/metadata/fingerprint.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // MD5_*, SHA256_*: EVP's own set-up costs as much as the digest
                                     // (docs/decisions/010)
#include <openssl/md5.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <iterator>
#include <span>
#include <vector>

#include "classifiers/metadata/text_memo.h"

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

constexpr std::string_view kHex = "0123456789abcdef";

bool IsGrease(std::uint16_t value) noexcept { return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff); }

using Values = std::vector<std::uint16_t>;

struct Hello {
  bool whole = false;
  std::uint16_t version = 0;
  std::uint16_t newest = 0;  // of supported_versions, or `version`
  Values ciphers, extensions, groups, formats, signatures;
  std::array<char, 2> alpn{};  // first and last character of the first protocol
  bool has_alpn = false;

  [[nodiscard]] std::array<Values*, 5> lists() noexcept {
    return {&ciphers, &extensions, &groups, &formats, &signatures};
  }

  // Keeps what the lists have allocated.
  void Clear() noexcept {
    whole = false;
    version = newest = 0;
    for (Values* list : lists()) list->clear();
    has_alpn = false;
  }
};

void ReadWords(Bytes bytes, Values& values) {
  values.resize(bytes.size() / 2);
  std::uint16_t* end = values.data();
  for (std::size_t at = 0; at + 2 <= bytes.size(); at += 2) {
    *end = LoadBe16(&bytes[at]);
    end += IsGrease(*end) ? 0 : 1;
  }
  values.resize(static_cast<std::size_t>(end - values.data()));
}

std::uint16_t Newest(Bytes versions, std::uint16_t otherwise) noexcept {
  bool any = false;
  std::uint16_t newest = 0;
  for (ByteReader reader(versions); reader.remaining() >= 2;) {
    const std::uint16_t version = reader.U16();
    if (IsGrease(version)) continue;
    any = true;
    newest = std::max(newest, version);
  }
  return any ? newest : otherwise;
}

void ReadExtension(std::uint16_t type, Bytes content, Hello& hello) {
  ByteReader reader(content);
  switch (type) {
    case kSupportedGroups:
      ReadWords(reader.Take(reader.U16()), hello.groups);
      break;
    case kSignatureAlgorithms:
      ReadWords(reader.Take(reader.U16()), hello.signatures);
      break;
    case kSupportedVersions:
      hello.newest = Newest(reader.Take(reader.U8()), hello.version);
      break;
    case kPointFormats:
      for (const std::byte format : reader.Take(reader.U8()))
        hello.formats.push_back(static_cast<std::uint8_t>(format));
      break;
    case kAlpn: {
      ByteReader list(reader.Take(reader.U16()));
      const std::string_view first = AsText(list.Take(list.U8()));
      hello.has_alpn = !first.empty();
      if (hello.has_alpn) hello.alpn = {first.front(), first.back()};
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

void ReadClient(Bytes body, HelloTransport transport, Hello& hello) {
  hello.Clear();
  ByteReader reader(body);
  hello.version = hello.newest = reader.U16();
  reader.Skip(32);
  reader.Skip(reader.U8());
  if (transport == HelloTransport::kDtls) reader.Skip(reader.U8());  // cookie, RFC 6347 s4.2.1
  ReadWords(reader.Take(reader.U16()), hello.ciphers);
  reader.Skip(reader.U8());
  hello.whole = ReadExtensions(reader, hello, true);
}

// False where there is none to read. Its one cipher suite stands in `ciphers`, GREASE or not.
bool ReadServer(Bytes body, Hello& hello) {
  hello.Clear();
  ByteReader reader(body);
  hello.version = reader.U16();
  reader.Skip(32);
  reader.Skip(reader.U8());
  hello.ciphers.push_back(reader.U16());
  reader.Skip(1);
  return reader.ok() && ReadExtensions(reader, hello, false);
}

// The decimal digits and a '-' behind them. Writes kDecimalRoom bytes; returns the end of what counts. No
// branch: shuffled lists leave nothing to predict.
constexpr std::size_t kDecimalMost = 6;
constexpr std::size_t kDecimalRoom = 8;
char* PutDecimal(std::uint16_t value, char* at) noexcept {
  const std::uint64_t low = value % 10000u;
  std::uint64_t digits = value / 10000u | low / 1000 << 8 | low / 100 % 10 << 16 | low / 10 % 10 << 24 | low % 10 << 32;
  const auto zeros = static_cast<unsigned>(std::countr_zero(digits | std::uint64_t{1} << 32)) / 8;
  digits = (digits | std::uint64_t{'-'} << 40 | 0x3030303030) >> 8 * zeros;
  std::memcpy(at, &digits, kDecimalRoom);
  return at + kDecimalMost - zeros;
}

// What a list gives, and `between` behind it.
char* PutDecimals(const Values& values, char between, char* at) noexcept {
  for (const std::uint16_t value : values) at = PutDecimal(value, at);
  if (!values.empty()) --at;
  *at++ = between;
  return at;
}

void AppendHexList(std::span<const std::uint16_t> values, std::string& text) {
  bool first = true;
  for (const std::uint16_t value : values) {
    if (!first) text.push_back(',');
    first = false;
    for (const int shift : {12, 8, 4, 0}) text.push_back(kHex[value >> shift & 0xf]);
  }
}

template <std::size_t kDigits>
using HexText = std::array<char, kDigits>;

template <std::size_t kDigits, std::size_t kBytes>
HexText<kDigits> Hex(const std::array<unsigned char, kBytes>& digest) noexcept {
  static_assert(kDigits <= 2 * kBytes);
  HexText<kDigits> hex;
  for (std::size_t i = 0; i < kDigits; ++i) hex[i] = kHex[digest[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf];
  return hex;
}

HexText<32> Md5(std::string_view text) noexcept {
  std::array<unsigned char, MD5_DIGEST_LENGTH> digest;
  MD5_CTX context;
  MD5_Init(&context);
  MD5_Update(&context, text.data(), text.size());
  MD5_Final(digest.data(), &context);
  return Hex<32>(digest);
}

// JA4 takes the first twelve digits.
HexText<12> Sha256Head(std::string_view text) noexcept {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, text.data(), text.size());
  SHA256_Final(digest.data(), &context);
  return Hex<12>(digest);
}

std::string_view VersionPart(std::uint16_t version) noexcept {
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

bool IsAlnum(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

void AppendTwoDigits(std::size_t n, std::string& text) {
  n = std::min<std::size_t>(n, 99);
  text.push_back(static_cast<char>('0' + n / 10));
  text.push_back(static_cast<char>('0' + n % 10));
}

// First and last character of the first protocol; of its hex, where one is no letter or digit.
void AppendAlpnPart(const Hello& hello, std::string& text) {
  const char first = hello.has_alpn ? hello.alpn[0] : '0';
  const char last = hello.has_alpn ? hello.alpn[1] : '0';
  const bool plain = IsAlnum(first) && IsAlnum(last);
  text.push_back(plain ? first : kHex[static_cast<unsigned char>(first) >> 4]);
  text.push_back(plain ? last : kHex[static_cast<unsigned char>(last) & 0xf]);
}

// What one thread needs again and again. Its vectors and strings keep their room: at most some times a hello's
// size (ReaderLimits::handshake_bytes).
struct Desk {
  Hello hello;
  Values key;
  Values sorted;
  std::string text;
  std::string ja4;
  TextMemo<96, 32 + 448, 256> ja3;  // MD5 and text: of a client or server
  TextMemo<96, 12, 256> ja4_parts;  // by the values whose digest they are

  static Desk& OfThisThread() {
    thread_local Desk desk;
    return desk;
  }
};

enum class Part : std::uint16_t { kClient, kServer, kCiphers, kExtensions };

void BeginKey(Part part, Values& key) { key.assign(1, static_cast<std::uint16_t>(part)); }
void AppendKey(std::span<const std::uint16_t> values, Values& key) {
  key.push_back(static_cast<std::uint16_t>(values.size()));
  key.insert(key.end(), values.begin(), values.end());
}

// JA3 or JA3S: its digest and, behind it, its text.
constexpr std::size_t kMd5Digits = 32;

std::string_view Ja3Of(Desk& desk, Part part, std::initializer_list<const Values*> lists) {
  BeginKey(part, desk.key);
  desk.key.push_back(desk.hello.version);
  for (const Values* list : lists) AppendKey(*list, desk.key);
  if (const std::string_view known = desk.ja3.Find(desk.key); !known.empty()) return known;
  std::size_t most = kMd5Digits + kDecimalRoom + kDecimalMost;
  for (const Values* list : lists) most += 1 + kDecimalMost * list->size();
  desk.text.resize(most);
  char* end = PutDecimal(desk.hello.version, desk.text.data() + kMd5Digits);
  end[-1] = ',';
  for (const Values* list : lists) end = PutDecimals(*list, ',', end);
  desk.text.resize(static_cast<std::size_t>(end - 1 - desk.text.data()));
  const HexText<kMd5Digits> digest = Md5(std::string_view(desk.text).substr(kMd5Digits));
  std::copy(digest.begin(), digest.end(), desk.text.begin());
  desk.ja3.Put(desk.key, desk.text);
  return desk.text;
}

std::string_view Ja3Of(Desk& desk) {
  const Hello& hello = desk.hello;
  return Ja3Of(desk, Part::kClient, {&hello.ciphers, &hello.extensions, &hello.groups, &hello.formats});
}

std::string_view Ja3sOf(Desk& desk) {
  return Ja3Of(desk, Part::kServer, {&desk.hello.ciphers, &desk.hello.extensions});
}

constexpr std::string_view kNoPart = "000000000000";

void AppendAndRemember(Desk& desk) {
  const HexText<12> digest = Sha256Head(desk.text);
  desk.ja4_parts.Put(desk.key, {digest.data(), digest.size()});
  desk.ja4.append(digest.data(), digest.size());
}

void AppendCiphersPart(Desk& desk) {
  const Values& ciphers = desk.hello.ciphers;
  if (ciphers.empty()) return void(desk.ja4.append(kNoPart));
  BeginKey(Part::kCiphers, desk.key);
  AppendKey(ciphers, desk.key);
  if (const std::string_view known = desk.ja4_parts.Find(desk.key); !known.empty()) return void(desk.ja4.append(known));
  desk.sorted.assign(ciphers.begin(), ciphers.end());
  std::sort(desk.sorted.begin(), desk.sorted.end());
  desk.text.clear();
  AppendHexList(desk.sorted, desk.text);
  AppendAndRemember(desk);
}

// Without the name and ALPN. Most are below 64, where a bit each is in order at once.
void SortExtensions(const Values& extensions, Values& sorted) {
  std::uint64_t low = 0;
  bool twice = false;
  sorted.clear();
  for (const std::uint16_t type : extensions) {
    if (type == kServerName || type == kAlpn) continue;
    const std::uint64_t bit = type < 64 ? std::uint64_t{1} << type : 0;
    twice = twice || (low & bit) != 0;
    low |= bit;
    if (bit == 0) sorted.push_back(type);
  }
  if (twice) {
    sorted.clear();
    std::copy_if(extensions.begin(), extensions.end(), std::back_inserter(sorted),
                 [](std::uint16_t type) { return type != kServerName && type != kAlpn; });
  }
  std::sort(sorted.begin(), sorted.end());
  if (twice) return;
  const std::size_t high = sorted.size();
  sorted.resize(high + static_cast<std::size_t>(std::popcount(low)));
  std::move_backward(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(high), sorted.end());
  for (auto at = sorted.begin(); low != 0; low &= low - 1) *at++ = static_cast<std::uint16_t>(std::countr_zero(low));
}

// Browsers shuffle their extensions in each hello: what is known is known by their order sorted.
void AppendExtensionsPart(Desk& desk) {
  SortExtensions(desk.hello.extensions, desk.sorted);
  if (desk.sorted.empty()) return void(desk.ja4.append(kNoPart));
  BeginKey(Part::kExtensions, desk.key);
  for (const Values* list : {&desk.sorted, &desk.hello.signatures}) AppendKey(*list, desk.key);
  if (const std::string_view known = desk.ja4_parts.Find(desk.key); !known.empty()) return void(desk.ja4.append(known));
  desk.text.clear();
  AppendHexList(desk.sorted, desk.text);
  if (!desk.hello.signatures.empty()) desk.text.push_back('_');
  AppendHexList(desk.hello.signatures, desk.text);
  AppendAndRemember(desk);
}

std::string_view Ja4Of(Desk& desk, HelloTransport transport) {
  const Hello& hello = desk.hello;
  const bool named = std::find(hello.extensions.begin(), hello.extensions.end(), kServerName) != hello.extensions.end();
  desk.ja4.assign(1, static_cast<char>(transport));
  desk.ja4.append(VersionPart(hello.newest));
  desk.ja4.push_back(named ? 'd' : 'i');
  AppendTwoDigits(hello.ciphers.size(), desk.ja4);
  AppendTwoDigits(hello.extensions.size(), desk.ja4);
  AppendAlpnPart(hello, desk.ja4);
  desk.ja4.push_back('_');
  AppendCiphersPart(desk);
  desk.ja4.push_back('_');
  AppendExtensionsPart(desk);
  return desk.ja4;
}

}  // namespace

std::string Ja3Text(Bytes client_hello) {
  Desk& desk = Desk::OfThisThread();
  ReadClient(client_hello, HelloTransport::kTcp, desk.hello);
  return desk.hello.whole ? std::string(Ja3Of(desk).substr(kMd5Digits)) : std::string();
}

std::string Ja3sText(Bytes server_hello) {
  Desk& desk = Desk::OfThisThread();
  return ReadServer(server_hello, desk.hello) ? std::string(Ja3sOf(desk).substr(kMd5Digits)) : std::string();
}

std::string Ja4Text(Bytes client_hello, HelloTransport transport) {
  Desk& desk = Desk::OfThisThread();
  ReadClient(client_hello, transport, desk.hello);
  return desk.hello.whole ? std::string(Ja4Of(desk, transport)) : std::string();
}

std::string Md5Hex(const std::string& text) {
  const auto digest = Md5(text);
  return {digest.begin(), digest.end()};
}

namespace {

void AddShape(Desk& desk, HelloTransport transport, TxId tx, Metadata& out) {
  Hello& hello = desk.hello;
  const auto octet = [](char c) { return static_cast<std::uint16_t>(static_cast<unsigned char>(c)); };
  const auto alpn = static_cast<std::uint16_t>(octet(hello.alpn[0]) << 8 | octet(hello.alpn[1]));
  desk.key.assign({octet(static_cast<char>(transport)), hello.version, hello.newest, hello.has_alpn, alpn});
  for (const Values* list : hello.lists()) AppendKey(*list, desk.key);
  const auto* bytes = reinterpret_cast<const char*>(desk.key.data());
  out.Add(BufferId::kHelloShape, Direction::kToServer, tx, {bytes, desk.key.size() * sizeof desk.key[0]});
}

}  // namespace

ClientFingerprints FingerprintsOf(std::string_view hello_shape) {
  Desk& desk = Desk::OfThisThread();
  Hello& hello = desk.hello;
  hello.Clear();
  const char* at = hello_shape.data();
  std::size_t left = hello_shape.size() / sizeof(std::uint16_t);
  const auto take = [&](Values& words, std::size_t n) {
    if (n > left) return false;
    words.resize(n);
    if (n > 0) std::memcpy(words.data(), at, n * sizeof(std::uint16_t));
    at += n * sizeof(std::uint16_t);
    left -= n;
    return true;
  };
  if (!take(desk.sorted, 5)) return {};
  const auto transport = static_cast<HelloTransport>(desk.sorted[0]);
  hello.version = desk.sorted[1];
  hello.newest = desk.sorted[2];
  hello.has_alpn = desk.sorted[3] != 0;
  hello.alpn = {static_cast<char>(desk.sorted[4] >> 8), static_cast<char>(desk.sorted[4] & 0xff)};
  for (Values* list : hello.lists()) {
    if (!take(desk.sorted, 1) || !take(*list, desk.sorted[0])) return {};
  }
  const std::string_view ja4 = Ja4Of(desk, transport);
  const std::string_view ja3 = Ja3Of(desk);  // last: its text stands where JA4 has its own
  return {ja3.substr(0, kMd5Digits), ja3.substr(kMd5Digits), ja4};
}

void AddClientFingerprints(Bytes client_hello, HelloTransport transport, TxId tx, bool later, Metadata& out) {
  Desk& desk = Desk::OfThisThread();
  ReadClient(client_hello, transport, desk.hello);
  if (!desk.hello.whole) return;
  if (later) return AddShape(desk, transport, tx, out);
  const std::string_view ja3 = Ja3Of(desk);
  out.Add(BufferId::kJa3String, Direction::kToServer, tx, ja3.substr(kMd5Digits));
  out.Add(BufferId::kJa3, Direction::kToServer, tx, ja3.substr(0, kMd5Digits));
  out.Add(BufferId::kJa4, Direction::kToServer, tx, Ja4Of(desk, transport));
}

void AddServerFingerprint(Bytes server_hello, TxId tx, Metadata& out) {
  Desk& desk = Desk::OfThisThread();
  if (!ReadServer(server_hello, desk.hello)) return;
  const std::string_view ja3s = Ja3sOf(desk);
  out.Add(BufferId::kJa3sString, Direction::kToClient, tx, ja3s.substr(kMd5Digits));
  out.Add(BufferId::kJa3s, Direction::kToClient, tx, ja3s.substr(0, kMd5Digits));
}

}  // namespace weir
