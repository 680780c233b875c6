#include "classifiers/metadata/quic_keys.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // SHA256_*: EVP's own set-up costs more than the hash (docs/decisions/010)
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cstring>
#include <memory>
#include <string_view>

namespace weir {
namespace {

using Salt = std::array<std::uint8_t, 20>;
constexpr Salt kSaltV1 = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
                          0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
constexpr Salt kSaltV2 = {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
                          0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9};
// draft-ietf-quic-v2-00 and on; deployed by ngtcp2 to 0.12.
constexpr Salt kSaltV2Draft = {0xa7, 0x07, 0xc2, 0x03, 0xa5, 0x9b, 0x47, 0x18, 0x4a, 0x1d,
                               0x62, 0xca, 0x57, 0x04, 0x06, 0xea, 0x7a, 0xe3, 0xe5, 0xd3};
constexpr Salt kSaltDraft29 = {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
                               0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99};
constexpr Salt kSaltDraft23 = {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
                               0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02};

constexpr std::array<QuicVersion, 16> kVersions = {{
    {0x709a50c4, kSaltV2Draft, true, true},
    {0xff020000, kSaltV2Draft, true, false},
    {0x00000001, kSaltV1, false, false},
    {0x6b3343cf, kSaltV2, true, true},
    {0xff00001d, kSaltDraft29, false, false},
    {0xff00001e, kSaltDraft29, false, false},
    {0xff00001f, kSaltDraft29, false, false},
    {0xff000020, kSaltDraft29, false, false},
    {0xff000021, kSaltV1, false, false},
    {0xff000022, kSaltV1, false, false},
    {0xff000017, kSaltDraft23, false, false},
    {0xff000018, kSaltDraft23, false, false},
    {0xff000019, kSaltDraft23, false, false},
    {0xff00001a, kSaltDraft23, false, false},
    {0xff00001b, kSaltDraft23, false, false},
    {0xff00001c, kSaltDraft23, false, false},
}};

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* p) const noexcept { EVP_CIPHER_CTX_free(p); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// Contexts that took their algorithm once: each call gives them only a key. Where
// there is no such algorithm every call on them fails, and nothing authenticates.
struct Ciphers {
  Cipher ecb{EVP_CIPHER_CTX_new()};
  Cipher gcm{EVP_CIPHER_CTX_new()};
  Ciphers() noexcept {
    EVP_EncryptInit_ex(ecb.get(), EVP_aes_128_ecb(), nullptr, nullptr, nullptr);
    EVP_DecryptInit_ex(gcm.get(), EVP_aes_128_gcm(), nullptr, nullptr, nullptr);
  }
};
const Ciphers& OfThisThread() noexcept {
  thread_local const Ciphers ciphers;
  return ciphers;
}

using Secret = std::array<std::uint8_t, 32>;

// HMAC-SHA256 (RFC 2104) that goes over its key once, however many messages there are.
class Hmac {
 public:
  explicit Hmac(std::span<const std::uint8_t> key) noexcept {  // at most 64 bytes
    std::array<std::uint8_t, SHA256_CBLOCK> pad{};
    const auto begin = [&](SHA256_CTX& context, std::uint8_t with) {
      std::memcpy(pad.data(), key.data(), key.size());
      for (std::uint8_t& byte : pad) byte ^= with;
      SHA256_Init(&context);
      SHA256_Update(&context, pad.data(), pad.size());
      pad.fill(0);
    };
    begin(inner_, 0x36);
    begin(outer_, 0x5c);
  }
  [[nodiscard]] Secret Of(const void* data, std::size_t size) const noexcept {
    Secret out{};
    SHA256_CTX context = inner_;
    SHA256_Update(&context, data, size);
    SHA256_Final(out.data(), &context);
    context = outer_;
    SHA256_Update(&context, out.data(), out.size());
    SHA256_Final(out.data(), &context);
    return out;
  }

 private:
  SHA256_CTX inner_;
  SHA256_CTX outer_;
};

// HKDF-Expand-Label of at most 32 bytes with an empty context (RFC 8446 s7.1).
Secret Expand(const Hmac& secret, std::string_view label, std::size_t size) noexcept {
  std::array<std::uint8_t, 48> info{};
  std::size_t n = 0;
  info[n++] = 0;
  info[n++] = static_cast<std::uint8_t>(size);
  info[n++] = static_cast<std::uint8_t>(6 + label.size());
  for (const std::string_view part : {std::string_view("tls13 "), label}) {
    std::memcpy(info.data() + n, part.data(), part.size());
    n += part.size();
  }
  info[n++] = 0;
  info[n++] = 1;
  return secret.Of(info.data(), n);
}

template <std::size_t N>
std::array<std::uint8_t, N> First(const Secret& secret) noexcept {
  std::array<std::uint8_t, N> out{};
  std::memcpy(out.data(), secret.data(), N);
  return out;
}

bool HeaderMask(const QuicInitialKeys& keys, const std::byte* sample, std::array<std::uint8_t, 16>& mask) noexcept {
  EVP_CIPHER_CTX* const cipher = OfThisThread().ecb.get();
  int n = 0;
  return EVP_EncryptInit_ex(cipher, nullptr, nullptr, keys.header.data(), nullptr) == 1 &&
         EVP_EncryptUpdate(cipher, mask.data(), &n, reinterpret_cast<const unsigned char*>(sample), 16) == 1;
}

// RFC 9000 appendix A.3.
std::uint64_t CompleteNumber(std::uint64_t expected, std::uint64_t truncated, std::size_t bits) noexcept {
  const std::uint64_t window = std::uint64_t{1} << bits;
  const std::uint64_t candidate = (expected & ~(window - 1)) | truncated;
  if (candidate + window / 2 <= expected) return candidate + window;
  if (candidate > expected + window / 2 && candidate >= window) return candidate - window;
  return candidate;
}

}  // namespace

const QuicVersion* FindQuicVersion(std::uint32_t number) noexcept {
  for (const QuicVersion& version : kVersions) {
    if (version.number == number) return &version;
  }
  return nullptr;
}

QuicInitialKeys ClientInitialKeys(const QuicVersion& version, Bytes dcid) noexcept {
  const Hmac initial(Hmac(version.salt).Of(dcid.data(), dcid.size()));
  const Hmac client(Expand(initial, "client in", 32));
  return {First<16>(Expand(client, version.v2_labels ? "quicv2 key" : "quic key", 16)),
          First<12>(Expand(client, version.v2_labels ? "quicv2 iv" : "quic iv", 12)),
          First<16>(Expand(client, version.v2_labels ? "quicv2 hp" : "quic hp", 16))};
}

std::span<std::byte> OpenInitial(const QuicInitialKeys& keys, Bytes packet, std::size_t number_at,
                                 std::span<std::byte> plain, std::uint64_t& number) noexcept {
  constexpr std::size_t kTag = 16;
  if (packet.size() < number_at + 20 || plain.size() < packet.size()) return {};
  std::array<std::uint8_t, 16> mask{};
  if (!HeaderMask(keys, &packet[number_at + 4], mask)) return {};
  // `plain` holds the unprotected header (the associated data), then the frames.
  std::memcpy(plain.data(), packet.data(), number_at + 4);
  plain[0] ^= static_cast<std::byte>(mask[0] & 0x0f);
  const std::size_t number_size = (static_cast<std::size_t>(plain[0]) & 3) + 1;
  std::array<std::uint8_t, 12> nonce = keys.iv;
  for (std::size_t i = 0; i < number_size; ++i) plain[number_at + i] ^= static_cast<std::byte>(mask[1 + i]);
  std::uint64_t truncated = 0;
  for (std::size_t i = 0; i < number_size; ++i) truncated = truncated << 8 | LoadU8(&plain[number_at + i]);
  number = CompleteNumber(number, truncated, 8 * number_size);
  for (std::size_t i = 0; i < 8; ++i) nonce[11 - i] ^= static_cast<std::uint8_t>(number >> (8 * i));
  const std::size_t header = number_at + number_size;
  if (packet.size() < header + kTag) return {};
  const std::size_t size = packet.size() - header - kTag;
  const auto* sealed = reinterpret_cast<const unsigned char*>(packet.data() + header);
  auto* aad = reinterpret_cast<unsigned char*>(plain.data());
  std::array<unsigned char, kTag> tag{};
  std::memcpy(tag.data(), sealed + size, kTag);
  EVP_CIPHER_CTX* const cipher = OfThisThread().gcm.get();
  int n = 0;
  const bool good = EVP_DecryptInit_ex(cipher, nullptr, nullptr, keys.key.data(), nonce.data()) == 1 &&
                    EVP_DecryptUpdate(cipher, nullptr, &n, aad, static_cast<int>(header)) == 1 &&
                    EVP_DecryptUpdate(cipher, aad + header, &n, sealed, static_cast<int>(size)) == 1 &&
                    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, kTag, tag.data()) == 1 &&
                    EVP_DecryptFinal_ex(cipher, aad + header + n, &n) == 1;
  return good ? plain.subspan(header, size) : std::span<std::byte>{};
}

}  // namespace weir
