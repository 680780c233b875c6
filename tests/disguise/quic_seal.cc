#include "tests/disguise/quic_seal.h"

#include <openssl/evp.h>

#include "classifiers/metadata/quic_keys.h"
#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir::test {

Octets SealedInitial(std::uint32_t version, const Octets& dcid, std::uint8_t number, const Octets& frames) {
  const QuicVersion& v = *FindQuicVersion(version);
  const QuicInitialKeys keys = ClientInitialKeys(v, dcid);
  const auto length = static_cast<std::uint16_t>(0x4000 | (1 + frames.size() + 16));
  const Octets header = Octets{static_cast<std::byte>(v.v2_types ? 0xd0 : 0xc0)} +
                        Be16({static_cast<std::uint16_t>(version >> 16), static_cast<std::uint16_t>(version)}) +
                        Sized(1, dcid) + Hex("00 00") + Be16({length}) + Octets{std::byte{number}};
  const std::size_t number_at = header.size() - 1;
  auto nonce = keys.iv;
  nonce.back() = static_cast<std::uint8_t>(nonce.back() ^ number);
  Octets out = header + frames + Octets(16);
  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
  auto* at = reinterpret_cast<unsigned char*>(out.data());
  int n = 0;
  EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), nullptr, keys.key.data(), nonce.data());
  EVP_EncryptUpdate(cipher, nullptr, &n, at, static_cast<int>(header.size()));
  EVP_EncryptUpdate(cipher, at + header.size(), &n, at + header.size(), static_cast<int>(frames.size()));
  EVP_EncryptFinal_ex(cipher, at, &n);
  EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, 16, at + header.size() + frames.size());
  unsigned char mask[32];
  EVP_EncryptInit_ex(cipher, EVP_aes_128_ecb(), nullptr, keys.header.data(), nullptr);
  EVP_EncryptUpdate(cipher, mask, &n, at + number_at + 4, 16);
  EVP_CIPHER_CTX_free(cipher);
  at[0] ^= mask[0] & 0x0f;
  at[number_at] ^= mask[1];
  return out;
}

}  // namespace weir::test
