#pragma once
#include <cstdint>
#include <string_view>

#include "dataplane/core/clock.h"
#include "dataplane/core/flow_key.h"

namespace weir {

// The protocol above TCP or UDP, as our readers name it (EVE `app_proto`).
enum class AppProto : std::uint8_t {
  kUnknown,
  kTls,
  kQuic,
  kHttp,
  kHttp2,
  kDns,
  kStun,
  kDtls,
  kSmtp,
  kImap,
  kPop3,
  kFtp,
  kSsh,
  kSocks,
  kNntp,
  kSieve,
  kIrc,
  kXmpp,
  kLdap,
  kPgsql,
  kMysql,
  kRdp,
  kFailed
};
std::string_view Name(AppProto proto) noexcept;  // "tls", "quic", ..., "" for kUnknown, "failed"

// What rules and policy may ask about a flow. A copy: no pointer into the flow.
struct FlowView {
  IpAddress client;
  IpAddress server;
  std::uint16_t client_port = 0;
  std::uint16_t server_port = 0;
  std::uint16_t vlan = 0;
  std::uint8_t proto = 0;
  std::uint8_t ip_version = 4;
  AppProto app_proto = AppProto::kUnknown;
  Direction direction = Direction::kToServer;  // of the packet at hand
  bool established = false;                    // TCP: handshake seen complete; UDP: both directions seen
  Timestamp now{};
};

}  // namespace weir
