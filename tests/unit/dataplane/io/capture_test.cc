#include "dataplane/io/capture.h"

#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace weir {
namespace {

struct CaptureTest : testing::Test {
  std::string path = std::filesystem::temp_directory_path() / ("weir-capture-" + std::to_string(getpid()) + ".pcap");
  ~CaptureTest() override { std::filesystem::remove(path); }
  void WriteTwo(bool nanoseconds) {
    auto writer = CaptureWriter::Create(path, DLT_EN10MB, nanoseconds).value();
    EXPECT_TRUE(writer->Write(AsBytes("first frame"), 1'700'000'000'123'456'789, 11));
    EXPECT_TRUE(writer->Write(AsBytes("second"), 1'700'000'001'000'000'000, 1500));
    EXPECT_TRUE(writer->Close());
  }
};

TEST_F(CaptureTest, GivesBackWhatWasWritten) {
  for (const bool nanoseconds : {true, false}) {
    WriteTwo(nanoseconds);
    auto reader = CaptureReader::Open(path).value();
    EXPECT_EQ(reader->link(), LinkType::kEthernet);
    const auto first = reader->Next().value().value();
    EXPECT_EQ(AsText(first.bytes), "first frame");
    EXPECT_EQ(first.time_ns, nanoseconds ? 1'700'000'000'123'456'789 : 1'700'000'000'123'456'000);
    EXPECT_EQ(reader->Next().value()->wire_len, 1500u);
    EXPECT_FALSE(reader->Next().value().has_value());
  }
}

TEST_F(CaptureTest, HandsOutAllBeforeADamagedRecord) {
  WriteTwo(false);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 3);
  auto reader = CaptureReader::Open(path).value();
  EXPECT_TRUE(reader->Next().value().has_value());
  const auto second = reader->Next();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kCorrupt);
}

TEST_F(CaptureTest, ReadsTimesAfter2038AndNoneBeforeTheEpoch) {
  auto writer = CaptureWriter::Create(path, DLT_EN10MB, false).value();
  EXPECT_TRUE(writer->Write(AsBytes("frame"), 3'000'000'000'000'001'000, 5));
  EXPECT_TRUE(writer->Close());
  EXPECT_EQ(CaptureReader::Open(path).value()->Next().value()->time_ns, 3'000'000'000'000'001'000);
}

TEST_F(CaptureTest, BoundsTheTimesOfAPcapngFile) {
  // Section header, interface of Ethernet, and a packet of 4 bytes at the last microsecond that 64 bits count.
  const std::vector<std::uint32_t> words = {0x0a0d0d0a, 28,         0x1a2b3c4d, 0x00000001, 0xffffffff, 0xffffffff, 28,
                                            1,          20,         1,          0,          20,         6,          36,
                                            0,          0xffffffff, 0xffffffff, 4,          4,          1,          36};
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(words.data()), static_cast<std::streamsize>(words.size() * sizeof words[0]));
  const auto frame = CaptureReader::Open(path).value()->Next().value().value();
  EXPECT_EQ(frame.bytes.size(), 4u);
  EXPECT_EQ(frame.time_ns / 1'000'000'000, 9'000'000'000);
}

TEST_F(CaptureTest, SaysWhatIsWrongWithAFile) {
  EXPECT_EQ(CaptureReader::Open("/nonexistent.pcap").error().code, Errc::kNotFound);
  std::ofstream(path) << "this is no capture at all, only text";
  EXPECT_EQ(CaptureReader::Open(path).error().code, Errc::kCorrupt);
  EXPECT_EQ(CaptureWriter::Create("/nonexistent/out.pcap", DLT_EN10MB, false).error().code, Errc::kIo);
}

TEST_F(CaptureTest, NoticesAFullDisk) {
  auto writer = CaptureWriter::Create("/dev/full", DLT_EN10MB, false).value();
  (void)writer->Write(AsBytes("frame"), 0, 5);
  EXPECT_FALSE(writer->Close());
}

}  // namespace
}  // namespace weir
