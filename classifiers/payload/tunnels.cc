// PPTP, L2TP, SoftEther's NAT traversal, tinc.
//
// Source: RFC 2637 s1.4, s2.1 (magic cookie, Start-Control-Connection-Request); RFC 2661 s3.1,
// s4.1 (control header, the Message Type AVP stands first); SoftEther: Cedar/Mayaqua
// (Mayaqua/Pack.c: a count, then names with length + 1, types 0 to 4; Mayaqua/Network.c RUDP:
// "A" is answered with "IP=%r,PORT=%u"); tinc: src/protocol_auth.c: "0 NAME 17[.MINOR]\n" from
// both sides. Verified: corpus pptp (control connection), softether, tinc; L2TP and
// PPTP's data by their RFCs only. The pack's element names are those of the capture, not read in SoftEther's source.
#include <algorithm>

#include "classifiers/payload/detectors.h"

namespace weir::payload {
namespace {

bool IsDigits(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsAddressAnswer(std::string_view text) noexcept {
  const std::size_t port = text.find(",PORT=");
  if (!text.starts_with("IP=") || port == std::string_view::npos || !IsDigits(text.substr(port + 6))) return false;
  const std::string_view address = text.substr(3, port - 3);
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '.' || c == ':';
  };
  return address.size() >= 7 && address.size() <= 39 && std::all_of(address.begin(), address.end(), fits);
}

// A pack whose first element is one that the NAT service reads or writes.
bool IsNatPack(Bytes d) noexcept {
  ByteReader reader(d);
  const std::uint32_t elements = reader.U32();
  const std::uint32_t length = reader.U32();
  if (!reader.ok() || elements == 0 || elements > 64 || length < 2 || length > 64) return false;
  const std::string_view name = AsText(reader.Take(length - 1));
  const std::uint32_t type = reader.U32();
  const std::uint32_t values = reader.U32();
  if (!reader.ok() || type > 4 || values == 0 || values > 64) return false;
  constexpr std::array<std::string_view, 8> kNames = {"opcode", "isret",   "host_name", "get_token",
                                                      "my_ip",  "machine", "ok",        "tran_id"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// "0 NAME 17" or "0 NAME 17.MINOR", a line of its own.
bool IsTincId(Bytes head) noexcept {
  std::string_view line = AsText(head.first(std::min<std::size_t>(head.size(), 128)));
  const std::size_t end = line.find('\n');
  if (end == std::string_view::npos || !line.starts_with("0 ")) return false;
  line = line.substr(2, end - 2);
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || space == 0) return false;
  const std::string_view name = line.substr(0, space);
  const std::string_view version = line.substr(space + 1);
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '^';
  };
  const bool minor = version.size() > 3 && version.starts_with("17.") && IsDigits(version.substr(3));
  return std::all_of(name.begin(), name.end(), fits) && (version == "17" || minor);
}

}  // namespace

PayloadFind L2tp(const FlowView& view, Bytes d, PayloadMemory&) noexcept {
  constexpr std::size_t kShortest = 12 + 8;
  if (!OnPort(view, 1701) || d.size() < kShortest) return {};
  // Type, length and sequence bits, version 2; the first AVP is the message type, mandatory.
  const bool control = LoadBe16(d.data()) == 0xc802 && LoadBe16(&d[2]) == d.size();
  const std::uint16_t type = LoadBe16(&d[18]);
  const bool message = LoadBe32(&d[12]) == 0x80080000 && LoadBe16(&d[16]) == 0 && type >= 1 && type <= 16;
  if (!control || !message) return {};
  return {"L2TP", Confidence::kCertain, "L2TP control message"};
}

PayloadFind SoftEther(const FlowView& view, Bytes d, PayloadMemory& memory) noexcept {
  if (d.size() == 1) {
    memory.softether_asked = view.direction == Direction::kToServer && d[0] == std::byte{'A'};
    return {};
  }
  if (memory.softether_asked && view.direction == Direction::kToClient && IsAddressAnswer(AsText(d)))
    return {"Softether", Confidence::kCertain, "SoftEther address query answered"};
  if (OnPort(view, 5004) && IsNatPack(d)) return {"Softether", Confidence::kCertain, "SoftEther NAT traversal"};
  return {};
}

PayloadFind PptpStream(const FlowView&, const std::array<Bytes, 2>& heads) noexcept {
  const Bytes head = heads[Index(Direction::kToServer)];
  // Length 156, control message, cookie, Start-Control-Connection-Request, reserved.
  const bool starts = head.size() >= 12 && LoadBe32(head.data()) == 0x009c0001 && LoadBe32(&head[4]) == 0x1a2b3c4d &&
                      LoadBe32(&head[8]) == 0x00010000;
  return starts ? PayloadFind{"PPTP", Confidence::kCertain, "PPTP control connection"} : PayloadFind{};
}

PayloadFind TincStream(const FlowView&, const std::array<Bytes, 2>& heads) noexcept {
  if (!IsTincId(heads[0])) return {};
  if (IsTincId(heads[1])) return {"TINC", Confidence::kCertain, "tinc identification both ways"};
  return {"TINC", Confidence::kProbable, "tinc identification"};
}

}  // namespace weir::payload
