// Input: link type, options (bit 0 checksums, bit 1 tunnels), then one frame.
// Claims: parsing twice says the same, and so does the walk without the short cut; a view that is given lies within the
// frame and its parts in order; both directions of it have one flow key; what we answer or change (a reset, an ICMP
// error, URG cleared) parses again, with right checksums.
#include "dataplane/packet/craft.h"
#include "dataplane/packet/parser.h"
#include "tests/fuzz/support/input.h"

namespace weir::fuzz {
namespace {

void CheckBounds(const PacketView& v, std::size_t size) {
  Require(v.vlan_count <= v.vlan.size(), "no more tags than there is room for");
  Require(v.ip_version == 0 || v.ip_version == 4 || v.ip_version == 6, "an IP version");
  if (v.ip_version == 0) return;
  const std::size_t l3_end = std::size_t{v.l3_off} + v.l3_len;
  Require(l3_end <= size, "the IP packet lies within the frame");
  Require(v.l3_off <= v.l4_off && v.l4_off <= v.payload_off, "the layers are in order");
  Require(std::size_t{v.payload_off} + v.payload_len <= l3_end, "the payload lies within the IP packet");
  if (!v.is_fragment && v.proto == kProtoTcp) Require(v.payload_off >= v.l4_off + 20, "a TCP header has 20 bytes");
  if (!v.is_fragment && v.proto == kProtoUdp) Require(v.payload_off == v.l4_off + 8, "a UDP header has 8 bytes");
}

void CheckKey(const PacketView& v) {
  PacketView back = v;
  std::swap(back.src, back.dst);
  std::swap(back.src_port, back.dst_port);
  const DirectedKey one = KeyOf(v, true);
  const DirectedKey other = KeyOf(back, true);
  Require(one.key == other.key, "both directions have one key");
  const bool same_ends = v.src == v.dst && v.src_port == v.dst_port;
  Require(one.reversed != other.reversed || same_ends, "and are told apart");
}

void CheckAnswer(const std::vector<std::byte>& bytes, LinkType link, std::uint8_t proto, const PacketView& to) {
  if (bytes.empty()) return;
  const Block block{Bytes(bytes)};
  PacketView answer;
  Require(Parse(block.bytes(), link, {}, answer) == DropReason::kNone, "an answer of ours parses");
  Require(answer.proto == proto && answer.src == to.dst && answer.dst == to.src, "and goes back to the sender");
  CheckBounds(answer, block.size());
}

void CheckCraft(const Block& frame, LinkType link, const ParseOptions& options, const PacketView& view) {
  FrameRef ref;
  ref.data = frame.data();
  ref.len = static_cast<std::uint32_t>(frame.size());
  ref.link = link;
  CheckAnswer(CraftProhibited(ref, view), link, view.ip_version == 4 ? kProtoIcmp : kProtoIcmp6, view);
  if (view.proto != kProtoTcp || view.is_fragment) return;
  CheckAnswer(CraftTcpReset(ref, view, true, 1, 2), link, kProtoTcp, view);
  Block copy(frame.bytes());
  ref.data = copy.data();
  PacketView cleared = view;
  cleared.base = copy.data();
  if (!ClearUrgent(ref, cleared, options)) return;
  PacketView again;
  Require(Parse(copy.bytes(), link, options, again) == DropReason::kNone, "a packet without URG is as good as with it");
  Require((again.tcp_flags & kTcpUrg) == 0 && again.tcp_urgent == 0, "URG is gone");
  again.tcp_flags = cleared.tcp_flags;
  again.tcp_urgent = cleared.tcp_urgent;
  Require(again == cleared, "and nothing else");
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::Input input(data, size);
  const auto link = static_cast<LinkType>(input.U8() % (static_cast<unsigned>(LinkType::kUnsupported) + 1));
  const std::uint8_t bits = input.U8();
  const ParseOptions options{.verify_checksums = (bits & 1) != 0, .peel_tunnels = (bits & 2) != 0};
  const fuzz::Block frame(input.Take(65535));
  PacketView view;
  const DropReason reason = Parse(frame.bytes(), link, options, view);
  PacketView again;
  fuzz::Require(Parse(frame.bytes(), link, options, again) == reason, "the same defect twice");
  fuzz::Require(view == again, "the same view twice");
  fuzz::Require(ParseWalking(frame.bytes(), link, options, again) == reason, "no short cut changes the result");
  fuzz::Require(view == again, "nor the view");
  if (reason != DropReason::kNone) return 0;
  fuzz::CheckBounds(view, frame.size());
  if (view.ip_version == 0) return 0;
  if (!view.is_fragment) fuzz::CheckKey(view);
  fuzz::CheckCraft(frame, link, options, view);
  PacketView inner;
  (void)ParseIp(view.l3(), options, inner);
  return 0;
}
