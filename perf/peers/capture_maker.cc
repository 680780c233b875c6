// Writes a capture of short TLS connections: weir_capture_maker FILE VERSION FLOWS TURNS NAMES
//   VERSION  tls12 or tls13 (perf/peers/handshakes.h)
//   FLOWS  connections, each of another client; 256 of them at a time take turns, IPv4 and IPv6
//   TURNS  data segments each way: a connection has 9 + 2 TURNS frames
//   NAMES  a file of server names, one a line, taken in turn
#include <charconv>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "dataplane/io/capture.h"
#include "perf/peers/handshakes.h"

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
  const std::string_view version = argc == 6 ? argv[2] : "";
  const std::uint32_t flows = argc == 6 ? Number(argv[3]) : 0;
  const std::uint32_t turns = argc == 6 ? Number(argv[4]) : 0;
  std::vector<std::vector<Pattern>> connections;
  if (version == "tls12" || version == "tls13") {
    std::ifstream names(argv[5]);
    for (std::string name; std::getline(names, name);) {
      const auto seed = static_cast<std::uint32_t>(connections.size());
      const auto talk = MakeTalk(version == "tls12" ? TlsVersion::k12 : TlsVersion::k13, name, seed);
      if (!talk) return std::fprintf(stderr, "%s: no certificate for this name\n", name.c_str()), 1;
      connections.push_back(TlsConnectionOf(seed / 2 % 2 == 1, *talk, turns));
    }
  }
  if (flows == 0 || turns == 0 || connections.empty()) {
    std::fprintf(stderr, "usage: weir_capture_maker FILE tls12|tls13 FLOWS TURNS NAMES\n");
    return 2;
  }
  const auto out = weir::CaptureWriter::Create(argv[1], kEthernet, false);
  if (!out || !Write(**out, flows, connections)) {
    std::fprintf(stderr, "%s: cannot be written\n", argv[1]);
    return 1;
  }
  return 0;
}
