#include "classifiers/metadata/quic_keys.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builder.h"

namespace weir {
namespace {

using test::Hex;
using test::Octets;

const Octets kDcid = Hex("8394c8f03e515708");

template <std::size_t N>
Octets AsOctets(const std::array<std::uint8_t, N>& bytes) {
  Octets out(N);
  std::memcpy(out.data(), bytes.data(), N);
  return out;
}

struct Vector {
  std::uint32_t version;
  const char* key;
  const char* iv;
  const char* header;
};
// RFC 9001 appendix A.1 and RFC 9369 appendix A.1.
constexpr std::array kVectors = {
    Vector{1, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2"},
    Vector{0x6b3343cf, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
           "45b95e15235d6f45a6b19cbcb0294ba9"}};

TEST(ClientInitialKeys, AreThoseOfTheRfcs) {
  for (const Vector& v : kVectors) {
    const QuicInitialKeys keys = ClientInitialKeys(*FindQuicVersion(v.version), kDcid);
    EXPECT_EQ(AsOctets(keys.key), Hex(v.key)) << v.version;
    EXPECT_EQ(AsOctets(keys.iv), Hex(v.iv)) << v.version;
    EXPECT_EQ(AsOctets(keys.header), Hex(v.header)) << v.version;
  }
}

TEST(FindQuicVersion, KnowsNoOther) {
  for (const std::uint32_t unknown : {0u, 2u, 0x0a0a0a0au, 0xff000001u}) EXPECT_EQ(FindQuicVersion(unknown), nullptr);
}

TEST(OpenInitial, RefusesWhatDoesNotAuthenticateAtAnyLength) {
  const QuicInitialKeys keys = ClientInitialKeys(*FindQuicVersion(1), kDcid);
  const Octets packet(1200, std::byte{0xc3});
  Octets plain(packet.size());
  for (std::size_t n = 0; n < 60; ++n) {
    std::uint64_t number = 0;
    EXPECT_TRUE(OpenInitial(keys, Bytes(packet).first(n), std::min<std::size_t>(n, 18), plain, number).empty()) << n;
  }
  std::uint64_t number = 0;
  EXPECT_TRUE(OpenInitial(keys, packet, 18, plain, number).empty());
}

}  // namespace
}  // namespace weir
