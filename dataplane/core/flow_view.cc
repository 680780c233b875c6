#include "dataplane/core/flow_view.h"

#include <array>

namespace weir {

std::string_view Name(AppProto proto) noexcept {
  static constexpr std::array<std::string_view, 15> kNames = {"",     "tls",  "quic", "http",  "http2",
                                                              "dns",  "stun", "dtls", "smtp",  "imap",
                                                              "pop3", "ftp",  "ssh",  "socks", "failed"};
  return kNames[static_cast<std::size_t>(proto)];
}

}  // namespace weir
