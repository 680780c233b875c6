#pragma once
#include <string>
#include <string_view>

namespace weir {

// Lower case, without one trailing dot and without a port: how names stand in
// tls.sni, quic.sni and http.host, whatever the sender wrote.
[[nodiscard]] std::string NormaliseHost(std::string_view name);

}  // namespace weir
