#include "dataplane/telemetry/community_id.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

// Vectors of the specification's baseline (README of corelight/community-id-spec).
struct Case {
  const char* src;
  const char* dst;
  std::uint8_t proto;
  std::uint16_t a, b;  // ports, or ICMP type and code
  const char* id;
};

EventHead HeadOf(const Case& c) {
  EventHead head;
  head.proto = c.proto;
  head.ip_version = std::string_view(c.src).find(':') == std::string_view::npos ? 4 : 6;
  const int family = head.ip_version == 4 ? AF_INET : AF_INET6;
  inet_pton(family, c.src, head.src.octets.data());
  inet_pton(family, c.dst, head.dst.octets.data());
  if (c.proto == 1 || c.proto == 58) {
    head.icmp_type = static_cast<std::uint8_t>(c.a);
    head.icmp_code = static_cast<std::uint8_t>(c.b);
  } else {
    head.src_port = c.a;
    head.dst_port = c.b;
  }
  return head;
}

constexpr std::array kCases = {
    Case{"128.232.110.120", "66.35.250.204", 6, 34855, 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    Case{"66.35.250.204", "128.232.110.120", 6, 80, 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    Case{"192.168.1.52", "8.8.8.8", 17, 54585, 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
    Case{"192.168.170.8", "192.168.170.56", 132, 7, 80, "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ="},
    Case{"192.168.0.89", "192.168.0.1", 1, 8, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
    Case{"192.168.0.1", "192.168.0.89", 1, 0, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
    Case{"fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 58, 135, 0, "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
};

TEST(CommunityId, IsTheSpecificationsForEachProtocolAndBothDirections) {
  for (const Case& c : kCases) EXPECT_EQ(CommunityId(HeadOf(c)).text(), c.id) << c.src << " " << int{c.proto};
}

TEST(CommunityId, KeepsTheDirectionOfAnIcmpErrorThatNobodyAnswers) {
  const CommunityId there(HeadOf({"192.0.2.1", "192.0.2.2", 1, 3, 1, ""}));
  const CommunityId back(HeadOf({"192.0.2.2", "192.0.2.1", 1, 3, 1, ""}));
  EXPECT_NE(there.text(), back.text());
}

}  // namespace
}  // namespace weir
