#include "tests/support/mend.h"

#include "dataplane/packet/parser.h"

namespace weir::test {
namespace {

std::uint32_t Sum(Bytes bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += std::uint32_t{LoadU8(&bytes[i])} << (i % 2 == 0 ? 8 : 0);
  return sum;
}

std::uint16_t Folded(std::uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

void MendTransport(std::span<std::byte> frame, const PacketView& view) {
  const std::size_t at = view.proto == kProtoTcp ? 16 : view.proto == kProtoUdp ? 6 : 2;
  const bool known =
      view.proto == kProtoTcp || view.proto == kProtoUdp || view.proto == kProtoIcmp || view.proto == kProtoIcmp6;
  const std::size_t length = view.l3_off + view.l3_len - view.l4_off;
  if (!known || length < at + 2) return;
  const auto segment = frame.subspan(view.l4_off, length);
  StoreBe16(&segment[at], 0);
  std::uint32_t sum = 0;
  if (view.proto != kProtoIcmp) {
    sum = Sum(AsBytes({reinterpret_cast<const char*>(view.src.octets.data()), 16})) +
          Sum(AsBytes({reinterpret_cast<const char*>(view.dst.octets.data()), 16})) + view.proto +
          static_cast<std::uint32_t>(length);
  }
  const std::uint16_t checksum = Folded(Sum(segment, sum));
  StoreBe16(&segment[at], checksum == 0 && view.proto == kProtoUdp ? std::uint16_t{0xffff} : checksum);
}

}  // namespace

void MendChecksums(std::span<std::byte> frame, LinkType link) {
  PacketView view;
  const ParseOptions options{.verify_checksums = false};
  if (Parse(frame, link, options, view) != DropReason::kNone || view.ip_version == 0) return;
  if (view.ip_version == 4) {
    const auto header = frame.subspan(view.l3_off, std::size_t{LoadU8(&frame[view.l3_off]) & 15u} * 4);
    StoreBe16(&header[10], 0);
    StoreBe16(&header[10], Folded(Sum(header)));
  }
  if (!view.is_fragment) MendTransport(frame, view);
}

}  // namespace weir::test
