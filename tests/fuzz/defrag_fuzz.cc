// Input: pieces of datagrams, each: header byte (bits 0-1 source, 2-3 identification,
// 4 IPv6, 5 more fragments, 6 TCP instead of UDP, 7 a pause of 31 s first), offset in 8
// bytes, length, length x 1 fill byte made from `what it should be` and a twist.
// Claims: every frame is at each moment in exactly one of held, handed out, dropped;
// limits hold; a datagram that comes out is what its frames' payloads give when put side
// by side, without overlap; one whose pieces fit and of which none was dropped comes out.
#include <map>
#include <set>

#include "dataplane/packet/defrag.h"
#include "dataplane/packet/parser.h"
#include "tests/fuzz/support/input.h"
#include "tests/support/packet_builder.h"

namespace weir::fuzz {
namespace {

using test::Octets;
using test::operator+;

constexpr std::array<std::string_view, 4> kSources4 = {"10.0.0.1", "10.0.0.2", "10.9.0.3", "172.16.1.4"};
constexpr std::array<std::string_view, 4> kSources6 = {"2001:db8::1", "2001:db8::2", "2001:db8::3", "fe80::4"};

struct Piece {
  std::uint32_t start = 0;
  bool more = false;
  Octets payload;
  [[nodiscard]] std::uint32_t end() const { return start + static_cast<std::uint32_t>(payload.size()); }
};
using Identity = std::tuple<bool, std::uint8_t, std::uint8_t, std::uint8_t>;  // v6, source, identification, protocol

struct Sent {
  Block bytes;
  Identity id;
  Piece piece;
};

class Run {
 public:
  void Send(Input& input) {
    const std::uint8_t head = input.U8();
    Sent sent;
    sent.piece.start = std::uint32_t{input.U16()} % 1024 * 8;
    const std::size_t length = input.U8();
    const std::uint8_t twist = input.U8();
    sent.piece.more = (head & 0x20) != 0;
    for (std::uint32_t i = 0; i < length; ++i)
      sent.piece.payload.push_back(static_cast<std::byte>((sent.piece.start + i) * 7 + (twist % 16 == 1 ? twist : 0)));
    const bool v6 = (head & 0x10) != 0;
    const std::uint8_t proto = (head & 0x40) != 0 ? kProtoTcp : kProtoUdp;
    const std::uint8_t source = head & 3;
    const std::uint8_t number = head >> 2 & 3;
    sent.id = {v6, source, number, v6 ? std::uint8_t{0} : proto};
    sent.bytes = Block(Frame(v6, source, number, proto, sent.piece));
    if ((head & 0x80) != 0) Pause();
    Offer(std::move(sent));
  }

  void Finish() {
    defrag_.Flush(dropped_);
    TakeDropped();
    Require(held_.empty() && defrag_.held_frames() == 0 && defrag_.held_bytes() == 0, "nothing stays");
  }

 private:
  static Octets Frame(bool v6, std::uint8_t source, std::uint8_t number, std::uint8_t proto, const Piece& piece) {
    if (!v6) {
      const auto field = static_cast<std::uint16_t>(piece.start / 8 | (piece.more ? 0x2000 : 0));
      Octets packet = test::Ipv4(proto, piece.payload, kSources4[source], test::kServer, field);
      packet[5] = static_cast<std::byte>(number);
      return test::Ethernet(0x0800, packet);
    }
    const auto field = static_cast<std::uint16_t>(piece.start | (piece.more ? 1 : 0));
    const Octets header = Octets{static_cast<std::byte>(proto), std::byte{0}} + test::Be16({field, 0, number});
    return test::Ethernet(0x86dd, test::Ipv6(44, header + piece.payload, kSources6[source], test::kServer6));
  }

  void Pause() {
    now_.us += 31'000'000;
    defrag_.Expire(now_, dropped_);
    TakeDropped();
    Require(held_.empty(), "nothing older than the timeout is held");
  }

  void Offer(Sent sent) {
    PacketView view;
    if (Parse(sent.bytes.bytes(), LinkType::kEthernet, {.verify_checksums = false}, view) != DropReason::kNone) return;
    if (!view.is_fragment) return;
    FrameRef frame;
    frame.data = sent.bytes.data();
    frame.len = static_cast<std::uint32_t>(sent.bytes.size());
    frame.time = now_;
    now_.us += 1000;
    const Identity id = sent.id;
    held_.emplace(frame.data, std::move(sent));
    const Defragmenter::Outcome outcome = defrag_.Add(frame, view, dropped_);
    if (outcome.over_budget) {
      Require(!outcome.complete && dropped_.empty(), "what is not taken changes nothing");
      spoilt_.insert(id);
      held_.erase(frame.data);
    }
    if (outcome.complete) Complete(outcome);
    TakeDropped();
    if (!outcome.complete && held_.contains(frame.data)) Require(!Whole(id), "a whole datagram is not held back");
    std::size_t bytes = 0;
    for (const auto& [at, one] : held_) bytes += one.bytes.size();
    Require(defrag_.held_frames() == held_.size(), "what is held is counted");
    Require(defrag_.held_bytes() >= bytes && defrag_.held_bytes() <= bytes + held_.size() * kMostCost, "and its bytes");
    Require(bytes <= kLimits.bytes, "the byte budget holds");
    CheckCounts();
  }

  void Complete(const Defragmenter::Outcome& outcome) {
    std::map<std::uint32_t, Octets> pieces;
    for (const FrameRef& frame : outcome.frames) {
      const auto at = held_.find(frame.data);
      Require(at != held_.end(), "only what was held is handed out, once");
      Require(pieces.emplace(at->second.piece.start, at->second.piece.payload).second, "no two frames at one place");
      held_.erase(at);
    }
    Octets payload;
    for (const auto& [start, bytes] : pieces) {
      Require(start == payload.size(), "the pieces lie side by side");
      payload = std::move(payload) + bytes;
    }
    PacketView view;
    const Block datagram(outcome.datagram);
    const std::size_t header = LoadU8(datagram.data()) >> 4 == 4 ? 20 : 40;
    const Bytes tail = datagram.bytes().subspan(header);
    Require(std::equal(tail.begin(), tail.end(), payload.begin(), payload.end()), "the datagram is its pieces");
    const DropReason defect = ParseIp(datagram.bytes(), {.verify_checksums = false, .peel_tunnels = false}, view);
    Require(defect != DropReason::kBadIpChecksum && defect != DropReason::kBadVersion, "its header is mended");
    if (defect == DropReason::kNone) Require(!view.is_fragment, "it is no fragment any more");
    Block(outcome.datagram);
  }

  void TakeDropped() {
    for (const DroppedFrame& dropped : dropped_) {
      Require(dropped.reason != DropReason::kNone, "a drop has a reason");
      const auto at = held_.find(dropped.frame.data);
      Require(at != held_.end(), "only what was held is dropped, once");
      spoilt_.insert(at->second.id);
      held_.erase(at);
    }
    dropped_.clear();
  }

  [[nodiscard]] bool Whole(const Identity& id) const {
    if (spoilt_.contains(id)) return false;
    std::map<std::uint32_t, const Piece*> pieces;
    for (const auto& [at, sent] : held_) {
      if (sent.id == id) pieces[sent.piece.start] = &sent.piece;
    }
    std::uint32_t end = 0;
    for (const auto& [start, piece] : pieces) {
      if (start != end) return false;
      end = piece->end();
      if (!piece->more) return true;
    }
    return false;
  }

  void CheckCounts() const {
    std::map<Identity, std::size_t> frames;
    for (const auto& [at, sent] : held_) ++frames[sent.id];
    std::map<std::pair<bool, std::uint8_t>, std::size_t> sources;
    for (const auto& [id, count] : frames) {
      Require(count <= kLimits.fragments_each, "the fragments of one datagram are bounded");
      Require(++sources[{std::get<0>(id), std::get<1>(id)}] <= kLimits.per_source, "the datagrams of a source are");
    }
    Require(frames.size() <= kLimits.datagrams, "and those of all");
  }

  static constexpr DefragLimits kLimits{
      .datagrams = 6, .per_source = 3, .fragments_each = 12, .bytes = 6000, .timeout_ms = 30'000};
  static constexpr std::size_t kMostCost = 512;  // of what is kept beside a frame
  Defragmenter defrag_{kLimits, 7};
  std::vector<DroppedFrame> dropped_;
  std::map<const std::byte*, Sent> held_;
  std::set<Identity> spoilt_;  // a fragment of it was dropped: it need not become whole
  Timestamp now_{1'700'000'000'000'000};
};

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir::fuzz::Input input(data, std::min<std::size_t>(size, 1200));
  weir::fuzz::Run run;
  while (!input.empty()) run.Send(input);
  run.Finish();
  return 0;
}
