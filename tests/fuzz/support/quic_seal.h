#pragma once
#include <vector>

#include "classifiers/metadata/quic_keys.h"
#include "tests/support/quic_seal.h"

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
  return test::SealInitial(ClientInitialKeys(version, dcid), out, number_at, plain);
}

}  // namespace weir::fuzz
