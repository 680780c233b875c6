#include "dataplane/core/flow_view.h"

#include <array>

namespace weir {

std::string_view Name(AppProto proto) noexcept {
  static constexpr std::array<std::string_view, 23> kNames = {
      "",    "tls",   "quic", "http",  "http2", "dns",  "stun", "dtls",  "smtp",  "imap", "pop3",  "ftp",
      "ssh", "socks", "nntp", "sieve", "irc",   "xmpp", "ldap", "pgsql", "mysql", "rdp",  "failed"};
  static_assert(kNames.size() == static_cast<std::size_t>(AppProto::kFailed) + 1);
  return kNames[static_cast<std::size_t>(proto)];
}

}  // namespace weir
