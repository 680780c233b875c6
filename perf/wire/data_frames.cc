#include "perf/wire/data_frames.h"

#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir::perf {
namespace {

using test::Octets;
using test::operator+;

constexpr std::uint32_t kFcs = 4, kRecordHeader = 5, kLeastRecord = kRecordHeader + 17;  // type and tag of AEAD
constexpr std::uint8_t kAck = 0x10, kPushAck = 0x18;
constexpr std::byte kFill{0x11};

Pattern DataFrame(bool ipv6, bool to_server, std::uint32_t size) {
  const std::uint32_t room = size - kFcs - (ipv6 ? 74 : 54);
  const bool record = room >= kLeastRecord;
  test::TcpHeader header;
  header.sport = to_server ? 40000 : 443;
  header.dport = to_server ? 443 : 40000;
  header.seq = header.ack = 0;
  header.flags = record ? kPushAck : kAck;
  const std::string_view client = ipv6 ? test::kClient6 : "10.0.0.0";
  const std::string_view server = ipv6 ? test::kServer6 : test::kServer;
  const std::string_view src = to_server ? client : server;
  const std::string_view dst = to_server ? server : client;
  const Octets payload = record ? test::Hex("170303") + test::Sized(2, Octets(room - kRecordHeader, kFill)) : Octets{};
  const Octets segment = test::Tcp(header, payload, src, dst);
  Pattern pattern;
  pattern.bytes = ipv6 ? test::Ethernet(0x86dd, test::Ipv6(6, segment, src, dst))
                       : test::Ethernet(0x0800, test::Ipv4(6, segment, src, dst));
  if (!record) pattern.bytes = pattern.bytes + Octets(room, kFill);
  pattern.to_server = to_server, pattern.ipv6 = ipv6;
  return pattern;
}

}  // namespace

std::array<Pattern, 2> DataFrames(bool ipv6, std::uint32_t size) {
  return {DataFrame(ipv6, true, size), DataFrame(ipv6, false, size)};
}

}  // namespace weir::perf
