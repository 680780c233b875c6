#pragma once
#include <string>
#include <vector>

#include "tests/disguise/carrier.h"
#include "tests/disguise/wire.h"

namespace weir::disguise {

// How the connection begins.
enum class Open : std::uint8_t {
  kThreeWay,
  kSplit,          // SYN, SYN, SYN/ACK, ACK (RFC 9293 s3.5, simultaneous)
  kTwoSyns,        // another sequence number first, the server takes the second
  kTwoSynsFirst,   // ... the server takes the first
  kFastOpen,       // data in the SYN, taken (RFC 7413)
  kSynDataResent,  // data in the SYN, not taken, sent again
  kSynDataDecoy,   // other data in the SYN, not taken
  kEarlyData,      // data before the SYN/ACK, and again after it
  kMidstream,      // no handshake seen
  kOneSided,       // the server's direction never seen
  kReuseAfterFin,  // a second connection on the tuple of one that ended
  kReuseSilent,    // ... of one that did not end
};
enum class Conflict : std::uint8_t { kNone, kDecoyFirst, kDecoyAfter, kRewrite };

// Segments that no host takes, or that change nothing. Bits of TcpShape::decoys.
enum Decoy : std::uint32_t {
  kBadSum = 1 << 0,
  kLowTtl = 1 << 1,
  kBeyondWindow = 1 << 2,
  kLeftOfWindow = 1 << 3,
  kOldStamp = 1 << 4,
  kBadAck = 1 << 5,
  kMd5 = 1 << 6,
  kNoFlags = 1 << 7,
  kFinWithoutAck = 1 << 8,
  kRstBadSum = 1 << 9,
  kRstLowTtl = 1 << 10,
  kRstWrongSeq = 1 << 11,
  kRstRightSeq = 1 << 12,  // never taken: the server goes on
  kFinBadSum = 1 << 13,
  kFinLowTtl = 1 << 14,
  kFinWrongSeq = 1 << 15,
  kFinRightSeq = 1 << 16,
  kReserved = 1 << 17,     // reserved header bits set on what is true
  kUrgentFlag = 1 << 18,   // URG on what is true
  kUrgentExtra = 1 << 19,  // a byte more, which hosts take out of band
  kZeroWindow = 1 << 20,   // a probe into a closed window
  kKeepAlive = 1 << 21,    // a byte of garbage where one was acknowledged
  kSynInside = 1 << 22,    // RST and SYN that die on the way; the SYN would begin in the middle
  kSynFar = 1 << 23,       // a SYN with a far number on the live connection
  kAckAhead = 1 << 24,     // acknowledges what the server has not sent
};
inline constexpr unsigned kDecoyKinds = 25;

struct TcpShape {
  Open open = Open::kThreeWay;
  std::size_t segment = 1400;
  Order order = Order::kForward;
  unsigned duplicates = 0;  // percent of the segments that come twice
  std::size_t overlap = 0;  // bytes of the next one that each segment repeats
  Conflict conflict = Conflict::kNone;
  std::uint32_t decoys = 0;  // Decoy bits
  unsigned batches = 1;      // the server acknowledges after each
  bool wrap = false;         // sequence numbers wrap in the first bytes
  bool stamps = false;       // timestamps option
  bool scale = false;        // window scale option
};

struct Disguise {
  std::string name;
  std::uint32_t seed = 1;
  CarrierShape carrier;
  TcpShape tcp;
  NetworkShape network;
  bool second_flow = false;  // an innocent connection in between
};

// Families that Draw may combine. Bits.
enum Family : unsigned {
  kHelloShapes = 1,
  kSegments = 2,
  kHandshakes = 4,
  kDecoySegments = 8,
  kConflicts = 16,
  kFragments = 32,
  kLinks = 64,
  kTunnels = 128,
  kFlows = 256,
  kAllFamilies = 511,
};

// The combination that a seed stands for; its name says what it is made of.
[[nodiscard]] Disguise Draw(std::uint32_t seed, unsigned families = kAllFamilies);

struct Conversation {
  std::vector<Frame> frames;
  // In an innocent conversation every host that could read the name must still be able to. False where bytes
  // contradict each other: what was let through first wins, and the rest of such a connection may be refused.
  bool readable = true;
  // No frame may be missing or changed.
  [[nodiscard]] bool strict() const;
};

// The frames of a conversation in which the client names `name`. The same for all names of one length but for
// the name's own bytes.
[[nodiscard]] Conversation Play(const Disguise& disguise, std::string_view name);

}  // namespace weir::disguise
