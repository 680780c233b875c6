// Input: limits (1 byte), then segments: head (bit 0 direction, 1 the side's second initial
// sequence number, 2 timestamp, 3 far instead of near, 4 twisted data, 5 window scale), TCP
// flags, offset in the stream (signed byte, or 4 bytes where far), length, acknowledged
// offset (signed byte), window, and a timestamp where there is one.
// Claims: whatever an end host reads in order of the segments that were let through, under
// any overlap policy, with and without SYN data, PAWS and window checks, stood at that
// offset in what the engine gave; nothing is a conflict while nobody contradicts himself;
// urgent data that goes on is read in-band; memory stays within the limits.
#include <algorithm>
#include <map>
#include <set>

#include "dataplane/flow/tcp_connection.h"
#include "tests/fuzz/support/end_hosts.h"
#include "tests/fuzz/support/input.h"

namespace weir::fuzz {
namespace {

constexpr std::array<std::array<std::uint32_t, 2>, 2> kIsn = {{{0xfffffff8, 0xffffffff}, {5000, 900'000'000}}};
constexpr std::uint64_t kHistory = 16 * 1024;  // acknowledged bytes that are kept beside the limits

// One direction: what was let through, and what the engine read.
struct Side {
  std::vector<Segment> let_through;
  std::map<std::uint64_t, std::byte> read;
  std::set<std::uint32_t> bases;  // of its SYNs that went on
  std::uint32_t begin = 0;        // where the engine's reading begins
  bool opened = false;            // something but a RST of it was let through
  bool picked = false;            // the peer acknowledged one of them
  std::set<std::uint32_t> acked;  // numbers that its peer sent
  std::uint8_t scale = 0xff;
  bool has_edge = false;  // what its peer allows it to send
  std::uint32_t edge = 0;
};

class Conversation {
 public:
  explicit Conversation(const TcpLimits& limits) : limits_(limits), tcp_(limits) {}

  void Send(Input& input) {
    const std::uint8_t head = input.U8();
    const auto direction = static_cast<Direction>(head & 1);
    const std::size_t me = Index(direction);
    TcpSegment s;
    s.flags = input.U8();
    const std::int32_t offset = (head & 8) != 0 ? static_cast<std::int32_t>(input.U32()) : Signed(input.U8());
    s.seq = kIsn[me][head >> 1 & 1] + static_cast<std::uint32_t>(offset) + ((s.flags & kTcpSyn) != 0 ? 0 : 1);
    std::vector<std::byte> data(input.U8() % 64);
    s.ack = kIsn[1 - me][head >> 6 & 1] + 1 + static_cast<std::uint32_t>(Signed(input.U8()));
    s.window = input.U16();
    s.wscale = (head & 32) != 0 ? std::uint8_t{2} : std::uint8_t{0xff};
    s.has_ts = (head & 4) != 0;
    if (s.has_ts) s.tsval = input.U8();
    const std::uint32_t first = s.seq + ((s.flags & kTcpSyn) != 0 ? 1 : 0);
    const bool twist = (head & 16) != 0 && !data.empty();
    for (std::uint32_t i = 0; i < data.size(); ++i)
      data[i] = static_cast<std::byte>((first + i) * 5 + (twist && i == data.size() / 2 ? 1 : 0));
    // What the packet parser refuses (tcp_bad_flags) never comes here.
    const bool opens_and_ends = (s.flags & kTcpSyn) != 0 && (s.flags & (kTcpFin | kTcpRst)) != 0;
    if ((s.flags & (kTcpSyn | kTcpRst | kTcpAck)) == 0 || opens_and_ends) return;
    contradicted_ = contradicted_ || twist;
    const Block block{Bytes(data)};
    s.data = block.bytes();
    Offer(direction, s);
  }

  void Compare() const {
    for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
      const Side& side = sides_[Index(d)];
      std::set<std::uint32_t> bases = side.bases;
      // Without a SYN the stream begins where the engine says.
      if (bases.empty()) bases = {side.begin};
      for (const std::uint32_t base : bases) {
        for (const Overlap overlap : kOverlaps) {
          for (unsigned rules = 0; rules < 8; ++rules) {
            CheckReading(
                side, ReadAs(side.let_through, base, overlap, {(rules & 1) != 0, (rules & 2) != 0, (rules & 4) != 0}));
          }
        }
      }
    }
  }

 private:
  static std::int32_t Signed(std::uint8_t value) { return static_cast<std::int8_t>(value); }

  void Offer(Direction direction, const TcpSegment& s) {
    const TcpVerdict verdict = tcp_.OnSegment(direction, s, Timestamp{});
    if (verdict.restarts) {
      Require((s.flags & kTcpSyn) != 0, "only a SYN opens a new connection");
      Compare();
      const bool contradicted = contradicted_;
      *this = Conversation(limits_);
      contradicted_ = contradicted;
      const TcpVerdict again = tcp_.OnSegment(Direction::kToServer, s, Timestamp{});
      Require(!again.restarts, "and once");
      if (again.drop == DropReason::kNone) Forwarded(Direction::kToServer, s);
    } else {
      Require(verdict.drop != DropReason::kTcpConflict || contradicted_, "no conflict where nobody contradicts");
      Require(!verdict.over_budget || verdict.drop == DropReason::kTcpBudget, "over budget is a drop");
      const bool urgent = (s.flags & kTcpUrg) != 0 && !s.data.empty();
      Require(!urgent || verdict.drop != DropReason::kNone || verdict.clear_urgent, "URG never goes on with data");
      const Side& side = sides_[Index(direction)];
      const bool answers = (s.flags & (kTcpSyn | kTcpAck)) == (kTcpSyn | kTcpAck);
      // Before an answer also resets alone, with text for a person, may have gone on.
      const bool spoke = side.opened || (answers && !side.let_through.empty());
      const bool moved = spoke && (answers || side.bases.empty()) && BeginOf(direction) != side.begin;
      if (moved) BeginAnew(direction, s);
      if (verdict.drop == DropReason::kNone) Forwarded(direction, s);
    }
    Take();
  }

  [[nodiscard]] std::uint32_t BeginOf(Direction d) const {
    return tcp_.next_seq(d) - static_cast<std::uint32_t>(tcp_.consumed(d) + tcp_.Readable(d).size());
  }

  // What was seen of this side before belonged to an older connection: its SYN/ACK comes first now.
  void BeginAnew(Direction direction, const TcpSegment& s) {
    Compare();
    Side& side = sides_[Index(direction)];
    Require((s.flags & (kTcpSyn | kTcpAck)) == (kTcpSyn | kTcpAck), "only an answer begins anew");
    side = Side{};
  }

  void Forwarded(Direction direction, const TcpSegment& s) {
    Side& from = sides_[Index(direction)];
    Side& to = sides_[Index(Opposite(direction))];
    const bool syn = (s.flags & kTcpSyn) != 0;
    from.opened = from.opened || syn || (s.flags & kTcpRst) == 0;
    if (syn && !from.picked) from.bases.insert(s.seq + 1);
    if (syn) from.scale = s.wscale;
    if ((s.flags & kTcpAck) != 0) {
      if (to.bases.contains(s.ack)) {
        to.bases = {s.ack};
        to.picked = true;
      }
      const std::uint32_t scale = syn || from.scale == 0xff ? 0u : from.scale;
      to.acked.insert(s.ack);
      to.has_edge = true;
      to.edge = s.ack + (std::uint32_t{s.window} << scale);
    }
    // A keep-alive's byte stands where the receiver acknowledged another: no host takes it.
    const std::uint32_t end = s.seq + (syn ? 2u : 1u);
    const bool taken = std::any_of(from.acked.begin(), from.acked.end(),
                                   [end](std::uint32_t ack) { return static_cast<std::int32_t>(ack - end) >= 0; });
    if (s.data.size() == 1 && taken) return;
    from.let_through.push_back(
        {s.flags, s.seq, s.has_ts, s.tsval, from.has_edge, from.edge, {s.data.begin(), s.data.end()}});
  }

  void Take() {
    for (const Direction d : {Direction::kToServer, Direction::kToClient}) {
      Side& side = sides_[Index(d)];
      const Block fresh(tcp_.Readable(d));
      std::uint64_t at = tcp_.consumed(d);
      // Behind bytes that the peer acknowledged and that never came: they are not let through any more.
      contradicted_ = contradicted_ || (side.read.empty() ? at > 0 : at > side.read.rbegin()->first + 1);
      for (const std::byte byte : fresh.bytes()) {
        Require(side.read.emplace(at++, byte).second, "each byte is read once");
      }
      tcp_.Consume(d, fresh.size());
      side.begin = BeginOf(d);
      Require(tcp_.Readable(d).empty() && tcp_.consumed(d) == at, "what was consumed is gone");
    }
    const std::size_t most = std::size_t{4} * (limits_.retained_bytes + kHistory) + 2 * limits_.out_of_order_bytes;
    Require(tcp_.memory_bytes() <= most + 4096, "memory is bounded by the limits");
  }

  static void CheckReading(const Side& side, const std::vector<std::byte>& host) {
    for (std::size_t at = 0; at < host.size(); ++at) {
      const auto ours = side.read.find(at);
      Require(ours != side.read.end(), "no host reads a byte that the engine did not");
      Require(ours->second == host[at], "and none another byte at that offset");
    }
  }

  TcpLimits limits_;
  TcpConnection tcp_;
  std::array<Side, 2> sides_;
  bool contradicted_ = false;
};

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir::fuzz::Input input(data, std::min<std::size_t>(size, 400));
  const std::uint8_t bits = input.U8();
  weir::TcpLimits limits;
  limits.midstream = (bits & 1) == 0;
  if ((bits & 2) != 0) limits.out_of_order_bytes = 100;
  if ((bits & 4) != 0) limits.out_of_order_segments = 2;
  if ((bits & 8) != 0) limits.retained_bytes = 64;
  weir::fuzz::Conversation conversation(limits);
  while (!input.empty()) conversation.Send(input);
  conversation.Compare();
  return 0;
}
