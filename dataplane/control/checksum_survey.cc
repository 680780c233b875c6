#include "dataplane/control/checksum_survey.h"

#include <filesystem>

#include "dataplane/io/capture.h"
#include "dataplane/packet/parser.h"

namespace weir {
namespace {

constexpr ParseOptions kLenient{.verify_checksums = false};

std::pair<IpAddress, std::uint16_t> SenderOf(const PacketView& view) noexcept {
  return {view.src, static_cast<std::uint16_t>(view.ip_version << 8 | view.proto)};
}

bool HasChecksum(std::uint8_t proto) noexcept {
  return proto == kProtoTcp || proto == kProtoUdp || proto == kProtoIcmp || proto == kProtoIcmp6 || proto == kProtoSctp;
}

}  // namespace

void ChecksumSurvey::Read(const std::string& capture) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(capture, error)) return;
  auto reader = CaptureReader::Open(capture);
  if (!reader) return;
  for (auto next = (*reader)->Next(); next && next->has_value(); next = (*reader)->Next()) {
    Add((*next)->bytes, (*reader)->link());
  }
}

void ChecksumSurvey::Add(Bytes frame, LinkType link) {
  PacketView view;
  const DropReason defect = Parse(frame, link, {}, view);
  const bool wrong = defect == DropReason::kBadIpChecksum || defect == DropReason::kBadL4Checksum;
  if (wrong && Parse(frame, link, kLenient, view) != DropReason::kNone) return;
  if (!wrong && (defect != DropReason::kNone || view.is_fragment || !HasChecksum(view.proto))) return;
  if (view.ip_version == 0) return;
  any_wrong_ = any_wrong_ || wrong;
  if (senders_.size() >= kMaxSenders && !senders_.contains(SenderOf(view))) return;
  Seen& seen = senders_[SenderOf(view)];
  ++(wrong ? seen.wrong : seen.right);
}

bool ChecksumSurvey::Unverifiable(Bytes frame, LinkType link) const {
  PacketView view;
  if (!any_wrong_ || Parse(frame, link, kLenient, view) != DropReason::kNone || view.ip_version == 0) return false;
  const auto found = senders_.find(SenderOf(view));
  return found != senders_.end() && found->second.right == 0 && found->second.wrong >= 2;
}

}  // namespace weir
