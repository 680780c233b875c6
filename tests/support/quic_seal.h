#pragma once
#include <openssl/evp.h>

#include <cstdint>
#include <vector>

#include "classifiers/metadata/quic_keys.h"

namespace weir::test {

// An Initial packet sealed and its header protected (RFC 9001 s5.3-5.4).
//   header     from the first byte to the end of the packet number, which begins at `number_at`
//   frames     4 bytes at least, or there is nothing to sample
//   number     the whole packet number
[[nodiscard]] inline std::vector<std::byte> SealInitial(const QuicInitialKeys& keys,
                                                        const std::vector<std::byte>& header, std::size_t number_at,
                                                        Bytes frames, std::uint64_t number = 0) {
  auto nonce = keys.iv;
  for (std::size_t i = 0; i < 8; ++i)
    nonce[11 - i] = static_cast<std::uint8_t>(nonce[11 - i] ^ static_cast<std::uint8_t>(number >> (8 * i)));
  std::vector<std::byte> out = header;
  out.insert(out.end(), frames.begin(), frames.end());
  out.resize(out.size() + 16);
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
  at[0] = static_cast<unsigned char>(at[0] ^ (mask[0] & 0x0f));
  for (std::size_t i = 0; number_at + i < header.size(); ++i)
    at[number_at + i] = static_cast<unsigned char>(at[number_at + i] ^ mask[1 + i]);
  return out;
}

}  // namespace weir::test
