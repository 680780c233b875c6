// Input: the bytes of a capture file (pcap, pcapng), read from a file in memory.
// Claims: it opens or is refused in words; each frame is no larger than libpcap's largest
// snap length; frames of one file written by CaptureWriter come back as they are.
#include <sys/mman.h>
#include <unistd.h>

#include <vector>

#include "dataplane/io/capture.h"
#include "tests/fuzz/support/input.h"

namespace weir::fuzz {
namespace {

// A file without a name, /proc/self/fd/N.
class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("fuzz", 0)), path_("/proc/self/fd/" + std::to_string(fd_)) {
    if (fd_ < 0) std::abort();
  }
  ~MemoryFile() { close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  void Write(Bytes bytes) const {
    if (write(fd_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  int fd_;
  std::string path_;
};

struct Read {
  std::vector<std::byte> bytes;
  std::uint32_t wire_len;
  std::int64_t time_ns;
  friend bool operator==(const Read&, const Read&) = default;
};

constexpr std::size_t kMostFrames = 256;
constexpr std::size_t kSnapLength = 262144;

std::vector<Read> ReadAll(CaptureReader& reader) {
  std::vector<Read> frames;
  while (frames.size() < kMostFrames) {
    const auto next = reader.Next();
    if (!next) {
      Require(next.error().code == Errc::kCorrupt && !next.error().what.empty(), "damage is told in words");
      break;
    }
    if (!next->has_value()) break;
    const CaptureReader::Frame& frame = **next;
    Require(frame.bytes.size() <= kSnapLength, "a frame is bounded");
    frames.push_back({{frame.bytes.begin(), frame.bytes.end()}, frame.wire_len, frame.time_ns});
  }
  return frames;
}

// Times that a pcap file can hold (32 bits of seconds) and lengths as they are.
bool Storable(const Read& frame) {
  return frame.time_ns >= 0 && frame.time_ns / 1'000'000'000 <= INT32_MAX && frame.wire_len >= frame.bytes.size();
}

void WriteAndReadBack(const std::vector<Read>& frames, int dlt) {
  const MemoryFile file;
  auto writer = CaptureWriter::Create(file.path(), dlt, true);
  if (!writer) return;
  std::vector<Read> written;
  for (const Read& frame : frames) {
    if (!Storable(frame)) continue;
    Require((*writer)->Write(frame.bytes, frame.time_ns, frame.wire_len).has_value(), "memory takes a frame");
    written.push_back(frame);
  }
  Require((*writer)->Close().has_value(), "and all of them");
  auto reader = CaptureReader::Open(file.path());
  Require(reader.has_value(), "what was written opens");
  Require(ReadAll(**reader) == written, "and is what was written");
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  const fuzz::MemoryFile file;
  file.Write({reinterpret_cast<const std::byte*>(data), size});
  auto reader = CaptureReader::Open(file.path());
  if (!reader) {
    fuzz::Require(!reader.error().what.empty(), "a refusal says why");
    return 0;
  }
  const auto frames = fuzz::ReadAll(**reader);
  (void)(*reader)->link();
  fuzz::WriteAndReadBack(frames, (*reader)->dlt());
  return 0;
}
