// Writes a capture of short TLS connections: weir_capture_maker FILE FLOWS TURNS NAMES
//   FLOWS  connections, each of another client; 256 of them at a time take turns, IPv4 and IPv6
//   TURNS  data segments each way: a connection has 9 + 2 TURNS frames
//   NAMES  a file of server names, one a line, taken in turn
#include <charconv>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "dataplane/io/capture.h"
#include "perf/support/traffic.h"

namespace weir::perf {
namespace {

constexpr std::uint32_t kAtATime = 256;
constexpr int kEthernet = 1;                                // DLT_EN10MB
constexpr std::int64_t kStart = 1'790'000'000'000'000'000;  // ns since the epoch
constexpr std::int64_t kStep = 2'000;                       // ns between frames: 0.5 Mpps

std::uint32_t Number(const char* text) {
  std::uint32_t value = 0;
  const std::string_view digits(text);
  return std::from_chars(digits.begin(), digits.end(), value).ec == std::errc{} ? value : 0;
}

bool Write(CaptureWriter& out, std::uint32_t flows, const std::vector<std::vector<Pattern>>& connections) {
  Stamper stamper(1);
  std::int64_t now = kStart;
  const std::size_t frames = connections.front().size();
  for (std::uint32_t first = 0; first < flows; first += kAtATime) {
    const std::uint32_t last = std::min(first + kAtATime, flows);
    for (std::size_t i = 0; i < frames; ++i) {
      for (std::uint32_t flow = first; flow < last; ++flow) {
        const FrameRef frame = stamper.Stamp(0, connections[flow % connections.size()][i], flow, Timestamp{});
        if (!out.Write(frame.bytes(), now, frame.len)) return false;
        now += kStep;
      }
    }
  }
  return out.Close().has_value();
}

}  // namespace
}  // namespace weir::perf

int main(int argc, char** argv) {
  using namespace weir::perf;
  const std::uint32_t flows = argc == 5 ? Number(argv[2]) : 0;
  const std::uint32_t turns = argc == 5 ? Number(argv[3]) : 0;
  std::vector<std::vector<Pattern>> connections;
  if (argc == 5) {
    std::ifstream names(argv[4]);
    for (std::string name; std::getline(names, name);)
      connections.push_back(TlsConnection(connections.size() % 2 == 1, name, turns));
  }
  if (flows == 0 || turns == 0 || connections.empty()) {
    std::fprintf(stderr, "usage: weir_capture_maker FILE FLOWS TURNS NAMES\n");
    return 2;
  }
  const auto out = weir::CaptureWriter::Create(argv[1], kEthernet, false);
  if (!out || !Write(**out, flows, connections)) {
    std::fprintf(stderr, "%s: cannot be written\n", argv[1]);
    return 1;
  }
  return 0;
}
