#include "dataplane/control/checksum_survey.h"

#include <gtest/gtest.h>

#include "tests/support/packet_builder.h"

namespace weir {
namespace {

using test::Octets;

constexpr std::size_t kIp = 14;
constexpr std::size_t kTcpAt = kIp + 20;

Octets Segment(std::uint32_t seq, std::string_view src = test::kClient, std::string_view dst = test::kServer) {
  return test::Ethernet(0x0800, test::Ipv4(6, test::Tcp({.seq = seq}, test::Text("hello"), src, dst), src, dst));
}
// As the card gets it: only the pseudo header is summed up.
Octets Unfinished(std::uint32_t seq) {
  Octets frame = Segment(seq);
  frame[kTcpAt + 16] = std::byte{0x12};
  frame[kTcpAt + 17] = std::byte{0x34};
  return frame;
}
bool Says(const ChecksumSurvey& survey, const Octets& frame) { return survey.Unverifiable(frame, LinkType::kEthernet); }

TEST(ChecksumSurvey, ASenderThatNeverFinishesAChecksumCannotBeVerified) {
  ChecksumSurvey survey;
  for (std::uint32_t i = 1; i <= 3; ++i) survey.Add(Unfinished(i), LinkType::kEthernet);
  const Octets answer = Segment(1, test::kServer, test::kClient);
  survey.Add(answer, LinkType::kEthernet);
  EXPECT_TRUE(Says(survey, Unfinished(4)));
  EXPECT_FALSE(Says(survey, answer)) << "its peer's checksums are looked at";
}

TEST(ChecksumSurvey, RewrittenAddressesBreakTheHeadersChecksumToo) {
  ChecksumSurvey survey;
  Octets frame = Segment(1);
  frame[kIp + 12] ^= std::byte{0x40};  // the source address
  survey.Add(frame, LinkType::kEthernet);
  survey.Add(frame, LinkType::kEthernet);
  EXPECT_TRUE(Says(survey, frame));
}

TEST(ChecksumSurvey, OneRightChecksumMakesAllOthersOfItsSenderCount) {
  ChecksumSurvey survey;
  survey.Add(Segment(1), LinkType::kEthernet);
  for (std::uint32_t i = 2; i < 100; ++i) survey.Add(Unfinished(i), LinkType::kEthernet);
  EXPECT_FALSE(Says(survey, Unfinished(4)));
}

TEST(ChecksumSurvey, ASingleWrongPacketIsADefectAndNoHabit) {
  ChecksumSurvey survey;
  survey.Add(Unfinished(1), LinkType::kEthernet);
  EXPECT_FALSE(Says(survey, Unfinished(1)));
}

TEST(ChecksumSurvey, OtherProtocolsOfTheSameHostVouchForNothing) {
  ChecksumSurvey survey;
  survey.Add(test::Ethernet(0x0800, test::Ipv4(17, test::Udp(5000, 53, test::Text("right")))), LinkType::kEthernet);
  for (std::uint32_t i = 1; i <= 3; ++i) survey.Add(Unfinished(i), LinkType::kEthernet);
  EXPECT_TRUE(Says(survey, Unfinished(4)));
}

}  // namespace
}  // namespace weir
