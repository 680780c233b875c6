// New tuples, as fast as they come, and fragments that are never whole.
#include "dataplane/core/packet_view.h"
#include "perf/limits/scenarios.h"

namespace weir::perf {
namespace {

constexpr Direction kUp = Direction::kToServer;
constexpr std::uint32_t kTable = 1u << 18;  // the default flow capacity

Bytes Filler(std::size_t size) {
  static const FrameBytes filler(2048, std::byte{0x5a});
  return Bytes(filler).first(size);
}

void Syn(Lab& lab, const Scenario& s, std::uint32_t units) {
  for (std::uint32_t i = 0; i < units; ++i) lab.Tcp(PathOf(i, s.ipv6, 443), kUp, {i * 2654435761u, 0, kTcpSyn});
}
// Neither side was seen to open these.
void FinRst(Lab& lab, const Scenario& s, std::uint32_t units) {
  for (std::uint32_t i = 0; i < units; ++i) {
    const std::uint8_t flags = i % 2 == 0 ? kTcpRst : kTcpFin | kTcpAck;
    lab.Tcp(PathOf(i, s.ipv6, 443), kUp, {i, i, flags});
  }
}
void Ack(Lab& lab, const Scenario& s, std::uint32_t units) {
  for (std::uint32_t i = 0; i < units; ++i) lab.Tcp(PathOf(i, s.ipv6, 443), kUp, {i, i, kTcpAck});
}
void Data(Lab& lab, const Scenario& s, std::uint32_t units) {
  for (std::uint32_t i = 0; i < units; ++i)
    lab.Tcp(PathOf(i, s.ipv6, 443), kUp, {i, i, kTcpAck | kTcpPsh}, Filler(100));
}
void Udp(Lab& lab, const Scenario& s, std::uint32_t units) {
  for (std::uint32_t i = 0; i < units; ++i) lab.Udp(PathOf(i, s.ipv6, 5000), kUp, Filler(64));
}

// A first fragment each, of one host or of a host each.
void FragmentsOfOne(Lab& lab, const Scenario& s, std::uint32_t units) {
  for (std::uint32_t i = 0; i < units; ++i) lab.Fragment(PathOf(1, s.ipv6, 0), i + 1, 0, true, Filler(1400));
}
void FragmentsOfMany(Lab& lab, const Scenario& s, std::uint32_t units) {
  for (std::uint32_t i = 0; i < units; ++i) lab.Fragment(PathOf(i, s.ipv6, 0), i + 1, 0, true, Filler(1400));
}
// Eight bytes at the far end of 64 KiB.
void FragmentsFar(Lab& lab, const Scenario& s, std::uint32_t units) {
  for (std::uint32_t i = 0; i < units; ++i) lab.Fragment(PathOf(i, s.ipv6, 0), i + 1, 65000, true, Filler(8));
}
// Every other eight bytes of as many datagrams as are collected at once.
void FragmentsTiny(Lab& lab, const Scenario& s, std::uint32_t units) {
  constexpr std::uint32_t kOpen = 4000;
  for (std::uint32_t i = 0; i < units; ++i)
    lab.Fragment(PathOf(i % kOpen, s.ipv6, 0), i % kOpen + 1, static_cast<std::uint16_t>(i / kOpen * 16), true,
                 Filler(8));
}

constexpr std::string_view kFourTables = "SYNs of new tuples, 4 x the flow table";
constexpr Scenario kFloods[] = {
    {"syn-flood", kFourTables, 4 * kTable, 8192, 1, false, false, false, 1000, Syn},
    {"syn-flood/v6", kFourTables, 4 * kTable, 8192, 1, true, false, false, 1000, Syn},
    {"syn-flood/evict", "the same, flow_table_full: ignore", 4 * kTable, 8192, 1, false, true, false, 1000, Syn},
    {"fin-rst-flood/evict", "FINs and RSTs of unknown tuples", 4 * kTable, 8192, 1, false, true, false, 1000, FinRst},
    {"ack-flood", "ACKs of unknown tuples", 4 * kTable, 8192, 1, false, false, false, 1000, Ack},
    {"ack-flood/evict", "the same, flow_table_full: ignore", 4 * kTable, 8192, 1, false, true, false, 1000, Ack},
    {"data-flood/evict", "100 bytes of unknown connections", 2 * kTable, 8192, 1, false, true, false, 1000, Data},
    {"udp-flood/evict", "64 bytes of new tuples", 4 * kTable, 8192, 1, false, true, false, 1000, Udp},
    {"udp-flood/v6/evict", "64 bytes of new tuples", 4 * kTable, 8192, 1, true, true, false, 1000, Udp},
    {"fragments-one-source", "first fragments of 1400 bytes, one host", 1'000'000, 8192, 1, false, false, true, 1000,
     FragmentsOfOne},
    {"fragments-spoofed", "the same, a host each", 1'000'000, 8192, 1, false, false, true, 1000, FragmentsOfMany},
    {"fragments-spoofed/v6", "the same, a host each", 1'000'000, 8192, 1, true, false, true, 1000, FragmentsOfMany},
    {"fragments-far", "8 bytes at offset 65000, a host each", 1'000'000, 8192, 1, false, false, true, 1000,
     FragmentsFar},
    {"fragments-tiny", "8-byte pieces with holes of 4000 datagrams", 1'000'000, 40'000, 1, false, false, true, 1000,
     FragmentsTiny},
};

}  // namespace

std::span<const Scenario> Floods() noexcept { return kFloods; }

}  // namespace weir::perf
