#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

// What can be exceeded, or met, that the engine cannot go on from by itself: each has a
// policy (weir.yaml `exceptions.NAME`), a counter, an event and a `simulate.NAME`.
// Add one here, its default in pipeline/settings.h, and where it happens.
#define WEIR_EXCEPTION_TRIGGERS(X)                                                                             \
  X(kFlowTableFull, "flow_table_full")      /* a new flow and no record for it */                              \
  X(kTcpBudget, "tcp_budget")               /* out-of-order or retained bytes of one direction */              \
  X(kReaderBudget, "reader_budget")         /* a handshake, a request head, a dialogue before one */           \
  X(kMidstream, "midstream")                /* a TCP connection whose handshake was not seen */                \
  X(kOneSided, "one_sided")                 /* a pass that no acknowledgement ever confirmed */                \
  X(kFragmentBudget, "fragment_budget")     /* datagrams, bytes or pieces in collection */                     \
  X(kMemory, "memory")                      /* what the undecided flows of a worker may hold */                \
  X(kFlowWork, "flow_work")                 /* work on one flow since it last named something */               \
  X(kPacketWork, "packet_work")             /* work on one packet */                                           \
  X(kUndecidedTimeout, "undecided_timeout") /* a flow ended amid what would have named it */                   \
  X(kQuicVersion, "quic_version")           /* a QUIC version that cannot be read */                           \
  X(kAmbiguous, "ambiguous")                /* bytes that two end hosts read differently, too deep a tunnel */ \
  X(kWrongSide, "wrong_side")               /* a packet from the side that its source is not on */             \
  X(kMultipath, "multipath")                /* a TCP connection that carries a part of another's bytes */

enum class ExceptionTrigger : std::uint8_t {
#define X(name, text) name,
  WEIR_EXCEPTION_TRIGGERS(X)
#undef X
};
inline constexpr std::array kTriggerNames = {
#define X(name, text) std::string_view{text},
    WEIR_EXCEPTION_TRIGGERS(X)
#undef X
};
inline constexpr std::size_t kTriggerCount = kTriggerNames.size();
constexpr std::size_t Index(ExceptionTrigger trigger) noexcept { return static_cast<std::size_t>(trigger); }

}  // namespace weir
