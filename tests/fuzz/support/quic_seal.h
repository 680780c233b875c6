#pragma once
#include <openssl/evp.h>

#include <vector>

#include "classifiers/metadata/quic_keys.h"

namespace weir::fuzz {

// An Initial packet of a client with packet number 0: header, sealed frames, and header
// protection, with the keys of `dcid` (RFC 9001 s5). Frames that are too short to be
// sampled are padded.
[[nodiscard]] inline std::vector<std::byte> SealInitial(const QuicVersion& version, Bytes dcid, Bytes frames) {
  std::vector<std::byte> plain(frames.begin(), frames.end());
  if (plain.size() < 4) plain.resize(4);
  std::vector<std::byte> out;
  const auto byte = [&out](std::size_t value) { out.push_back(static_cast<std::byte>(value)); };
  byte(version.v2_types ? 0xd0 : 0xc0);
  for (int shift = 24; shift >= 0; shift -= 8) byte(version.number >> shift);
  byte(dcid.size());
  out.insert(out.end(), dcid.begin(), dcid.end());
  byte(0);  // no source connection id
  byte(0);  // no token
  const std::size_t length = 1 + plain.size() + 16;
  byte(0x40 | length >> 8);
  byte(length);
  const std::size_t number_at = out.size();
  byte(0);
  const std::size_t header = out.size();
  out.insert(out.end(), plain.begin(), plain.end());
  out.resize(out.size() + 16);
  const QuicInitialKeys keys = ClientInitialKeys(version, dcid);
  auto* at = reinterpret_cast<unsigned char*>(out.data());
  int n = 0;
  unsigned char mask[16];
  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), nullptr, keys.key.data(), keys.iv.data());
  EVP_EncryptUpdate(cipher, nullptr, &n, at, static_cast<int>(header));
  EVP_EncryptUpdate(cipher, at + header, &n, at + header, static_cast<int>(plain.size()));
  EVP_EncryptFinal_ex(cipher, at, &n);
  EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, 16, at + header + plain.size());
  EVP_EncryptInit_ex(cipher, EVP_aes_128_ecb(), nullptr, keys.header.data(), nullptr);
  EVP_EncryptUpdate(cipher, mask, &n, at + number_at + 4, 16);
  EVP_CIPHER_CTX_free(cipher);
  at[0] ^= mask[0] & 0x0f;
  at[number_at] ^= mask[1];
  return out;
}

}  // namespace weir::fuzz
