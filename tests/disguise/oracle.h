#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/disguise/wire.h"

namespace weir::disguise {

// What any plausible end host reads of frames that passed a box: an independent
// model after shared/tools/evasion_check.py. A host puts fragments and segments
// together by one of five overlap policies (Novak and Sturges 2007), takes or
// ignores data in a SYN, checks timestamps and windows or not, reads urgent bytes
// in-band or not, and is so far away that small TTLs do not reach it.
//
// The result has a number for each such host that reads `name` or a subdomain of
// it in a complete ClientHello or HTTP request: sorted, unique, the same numbers
// for the same hosts in every call.
[[nodiscard]] std::vector<std::uint64_t> HostsThatRead(const std::vector<Octets>& frames, std::string_view name);

// The names in a client's bytes, as a server reads them (oracle_names.cc).
[[nodiscard]] std::vector<std::string> NamesInStream(const Octets& stream);
[[nodiscard]] std::vector<std::string> NamesInHandshake(const Octets& messages);
[[nodiscard]] bool IsOrIsBelow(std::string name, std::string_view domain);

// Pieces of a byte sequence in order of arrival (oracle_assembly.cc).
struct Piece {
  std::int64_t start;
  Octets data;
  [[nodiscard]] std::int64_t end() const noexcept { return start + static_cast<std::int64_t>(data.size()); }
};
inline constexpr std::size_t kPolicies = 5;
// The bytes from 0 to the first hole under a policy; `differ`: did pieces disagree anywhere?
[[nodiscard]] Octets Assemble(const std::vector<Piece>& pieces, std::size_t policy, bool& differ);
// The QUIC Initial handshakes of a client's datagrams, each way to read them.
[[nodiscard]] std::vector<Octets> QuicHandshakes(const std::vector<Octets>& datagrams);

}  // namespace weir::disguise
