#include "tests/disguise/quic_seal.h"

#include "classifiers/metadata/quic_keys.h"
#include "tests/support/quic_seal.h"
#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir::test {

Octets SealedInitial(std::uint32_t version, const Octets& dcid, std::uint8_t number, const Octets& frames) {
  const QuicVersion& v = *FindQuicVersion(version);
  const QuicInitialKeys keys = ClientInitialKeys(v, dcid);
  const auto length = static_cast<std::uint16_t>(0x4000 | (1 + frames.size() + 16));
  const Octets header = Octets{static_cast<std::byte>(v.v2_types ? 0xd0 : 0xc0)} +
                        Be16({static_cast<std::uint16_t>(version >> 16), static_cast<std::uint16_t>(version)}) +
                        Sized(1, dcid) + Hex("00 00") + Be16({length}) + Octets{std::byte{number}};
  return SealInitial(keys, header, header.size() - 1, frames, number);
}

}  // namespace weir::test
