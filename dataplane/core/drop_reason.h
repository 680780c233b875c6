#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

// Why a frame did not leave the box. Every dropped frame has exactly one of
// these; each is a counter `weir_dropped_total{reason="..."}`. Add a reason
// here, in one line, and nowhere else.
#define WEIR_DROP_REASONS(X)                                                              \
  X(kNone, "none")                     /* not dropped */                                  \
  X(kPolicy, "policy")                 /* the flow's or message's verdict is drop */      \
  X(kPolicyReject, "policy_reject")    /* the verdict is reject */                        \
  X(kTruncated, "truncated")           /* a header runs past the frame */                 \
  X(kBadLength, "bad_length")          /* a length field contradicts another */           \
  X(kBadVersion, "bad_version")        /* IP version is not what the link says */         \
  X(kTooManyLayers, "too_many_layers") /* more nested headers than the parser peels */    \
  X(kBadIpChecksum, "bad_ip_checksum")                                                    \
  X(kBadL4Checksum, "bad_l4_checksum")                                                    \
  X(kNonIp, "non_ip")                     /* by the non-IP policy */                      \
  X(kFragmentOverlap, "fragment_overlap") /* RFC 5722, RFC 1858 s4 */                     \
  X(kFragmentTiny, "fragment_tiny")       /* RFC 1858 s3, RFC 3128 */                     \
  X(kFragmentBad, "fragment_bad")         /* beyond 65535, last fragment contradicts */   \
  X(kFragmentTimeout, "fragment_timeout") /* never completed */                           \
  X(kFragmentBudget, "fragment_budget")                                                   \
  X(kTcpBadFlags, "tcp_bad_flags") /* null, FIN without ACK, SYN+FIN, SYN+RST */          \
  X(kTcpOutOfWindow, "tcp_out_of_window")                                                 \
  X(kTcpOldTimestamp, "tcp_old_timestamp") /* PAWS, RFC 7323 s5 */                        \
  X(kTcpConflict, "tcp_conflict")          /* bytes differ from those forwarded before */ \
  X(kTcpBudget, "tcp_budget")              /* out-of-order or retained bytes */           \
  X(kTcpNoHandshake, "tcp_no_handshake")   /* midstream.policy: drop */                   \
  X(kWrongSide, "wrong_side")              /* from the side where its source is not */    \
  X(kFlowTableFull, "flow_table_full")                                                    \
  X(kExceptionPolicy, "exception_policy") /* another budget's policy said drop */         \
  X(kHandoffFull, "handoff_full")         /* the owning worker's ring */                  \
  X(kShutdown, "shutdown")                /* held when the run ended */                   \
  X(kTxFull, "tx_full")                   /* the driver refused it */

enum class DropReason : std::uint8_t {
#define X(name, text) name,
  WEIR_DROP_REASONS(X)
#undef X
};

inline constexpr std::array kDropReasonNames = {
#define X(name, text) std::string_view{text},
    WEIR_DROP_REASONS(X)
#undef X
};
inline constexpr std::size_t kDropReasonCount = kDropReasonNames.size();

constexpr std::string_view Name(DropReason reason) noexcept {
  return kDropReasonNames[static_cast<std::size_t>(reason)];
}

}  // namespace weir
