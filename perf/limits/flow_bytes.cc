#include "perf/limits/flow_bytes.h"

#include <fmt/core.h>
#include <ndpi/ndpi_api.h>

#include "dataplane/core/packet_view.h"
#include "dataplane/pipeline/flow_state.h"
#include "perf/limits/lab.h"
#include "perf/support/heap.h"

namespace weir::perf {
namespace {

constexpr std::uint32_t kFlows = 4000;
constexpr Direction kUp = Direction::kToServer;

// The heap since `before`, a flow, after `each(flow)` of all flows, and what the worker
// counts against memory.undecided_bytes.
template <class Each>
void Row(Lab& lab, double before, std::string_view what, Each each) {
  for (std::uint32_t i = 0; i < kFlows; ++i) each(i);
  fmt::print("{:<58} {:>9.0f} {:>9.0f}\n", what, (static_cast<double>(HeapBytes()) - before) / kFlows,
             static_cast<double>(lab.undecided_bytes()) / kFlows);
}

void Table(const Startup& startup) {
  LabOptions options;
  options.established = 0;
  options.expected_packets = UINT64_MAX / Lab::kRounds / 2;
  const auto measure = [&](auto body) {
    Lab lab(startup, options);
    body(lab, static_cast<double>(HeapBytes()));
  };
  const FrameBytes piece(1400, std::byte{0x33});
  measure([&](Lab& lab, double before) {
    Row(lab, before, "TCP: SYN", [&](std::uint32_t i) { lab.Tcp(PathOf(i, false, 443), kUp, {1000, 0, kTcpSyn}); });
    Row(lab, before, "TCP: handshake", [&](std::uint32_t i) {
      lab.Tcp(PathOf(i, false, 443), Direction::kToClient, {5000, 1001, kTcpSyn | kTcpAck});
      lab.Tcp(PathOf(i, false, 443), kUp, {1001, 5001, kTcpAck});
    });
    for (std::uint32_t k = 0; k < 12; ++k) {
      const FrameBytes hello = LongHello(12 * 1400, 20'000, 16'384);
      Row(lab, before, fmt::format("TLS: {} bytes of a hello of 20000", (k + 1) * 1400), [&](std::uint32_t i) {
        lab.Tcp(PathOf(i, false, 443), kUp, {1001 + k * 1400, 5001, kTcpAck}, Bytes(hello).subspan(k * 1400, 1400));
      });
    }
    Row(lab, before, "  and the server acknowledged them", [&](std::uint32_t i) {
      lab.Tcp(PathOf(i, false, 443), Direction::kToClient, {5001, 1001 + 12 * 1400, kTcpAck});
    });
  });
  measure([&](Lab& lab, double before) {
    Row(lab, before, "TCP: handshake and 1400 bytes behind a hole", [&](std::uint32_t i) {
      lab.Handshake(PathOf(i, false, 443));
      lab.Tcp(PathOf(i, false, 443), kUp, {1001 + 100, 5001, kTcpAck}, piece);
    });
    Row(lab, before, "  and 10 single bytes with holes", [&](std::uint32_t i) {
      for (std::uint32_t k = 0; k < 10; ++k)
        lab.Tcp(PathOf(i, false, 443), kUp, {1001 + 2000 + 2 * k, 5001, kTcpAck}, Bytes(piece).first(1));
    });
  });
  measure([&](Lab& lab, double before) {
    Row(lab, before, "HTTP: 24 bytes of a head", [&](std::uint32_t i) {
      lab.Handshake(PathOf(i, false, 80));
      lab.Tcp(PathOf(i, false, 80), kUp, {1001, 5001, kTcpAck}, AsBytes("GET / HTTP/1.1\r\nX-a: b\r\n"));
    });
  });
  measure([&](Lab& lab, double before) {
    Row(lab, before, "TCP: 100 bytes that nobody knows, no handshake", [&](std::uint32_t i) {
      lab.Tcp(PathOf(i, false, 5000), kUp, {1001, 5001, kTcpAck}, Bytes(piece).first(100));
    });
  });
  measure([&](Lab& lab, double before) {
    Row(lab, before, "UDP: 64 bytes",
        [&](std::uint32_t i) { lab.Udp(PathOf(i, false, 5000), kUp, Bytes(piece).first(64)); });
  });
  measure([&](Lab& lab, double before) {
    Row(lab, before, "QUIC: an Initial that does not authenticate",
        [&](std::uint32_t i) { lab.Udp(PathOf(i, false, 443), kUp, QuicGarbage(i, 1200)); });
  });
}

}  // namespace

void PrintFlowBytes(const Startup& startup) {
  fmt::print("sizeof: FlowRecord {}, ColdFlow {}, UndecidedFlow {}, nDPI's flow {}\n", sizeof(FlowRecord),
             sizeof(ColdFlow), sizeof(UndecidedFlow), ndpi_detection_get_sizeof_ndpi_flow_struct());
  for (const bool ndpi : {true, false}) {
    Startup mine = startup;
    mine.config.engine.use_ndpi = ndpi;
    fmt::print("\n{:<58} {:>9} {:>9}\n", ndpi ? "bytes a flow, beside its record" : "the same, nDPI off", "heap",
               "counted");
    Table(mine);
  }
}

}  // namespace weir::perf
