#include "dataplane/pipeline/owner.h"

#include "dataplane/core/packet_view.h"

namespace weir {

std::size_t OwnerOf(const FrameRef& frame, const ParseOptions& parse, std::size_t workers) noexcept {
  if (workers <= 1) return 0;
  PacketView view;
  ParseOptions lenient = parse;
  lenient.verify_checksums = false;
  if (Parse(frame.bytes(), frame.link, lenient, view) != DropReason::kNone || view.ip_version == 0) return 0;
  return OwnerOf(view, workers);
}

std::size_t OwnerOf(const PacketView& view, std::size_t workers) noexcept {
  // Symmetric in the two addresses; MurmurHash3's finaliser spreads the sum's bits.
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < 16; i += 4) {
    const auto word = [i](const auto& octets) {
      return std::uint64_t{octets[i]} << 24 | std::uint64_t{octets[i + 1]} << 16 | std::uint64_t{octets[i + 2]} << 8 |
             octets[i + 3];
    };
    sum = sum * 31 + (word(view.src.octets) ^ word(view.dst.octets));
  }
  sum = (sum ^ sum >> 33) * 0xff51afd7ed558ccdu;
  sum = (sum ^ sum >> 33) * 0xc4ceb9fe1a85ec53u;
  return static_cast<std::size_t>((sum ^ sum >> 33) % workers);
}

}  // namespace weir
