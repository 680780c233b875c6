#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace weir {

// Two ports with the wire between them. Devices are DPDK's: a PCI address, or a
// virtual device with its arguments ("net_af_packet0,iface=eth1").
struct PortPair {
  std::string inside;
  std::string outside;
};

enum class Distribute : std::uint8_t { kAuto, kRss, kSoftware };

// What `weir run` needs beside the engine's settings (docs/weir.yaml.md).
struct RunSettings {
  std::string name = "weir";  // of this instance on this host
  std::vector<PortPair> pairs;
  std::string mirror;                   // device; empty: none
  std::uint32_t mtu = 0;                // bytes of IP; 0: the drivers' own
  std::uint32_t outer_tpid = 0x88a8;    // EtherType of stacked tags, where a driver loses it (AF_PACKET)
  std::uint32_t rx_descriptors = 1024;  // a queue
  std::uint32_t tx_descriptors = 1024;  // a queue
  std::uint32_t frames = 16384;         // in the pool
  std::uint32_t buffer = 0;             // bytes of a frame in one piece; 0: max_frame for AF_PACKET, else 2048
  std::uint32_t max_frame = 10240;      // bytes
  std::uint32_t workers = 1;
  std::string cpus;  // of the workers, then the distributor: "1,2,5"; empty: anywhere
  Distribute distribute = Distribute::kAuto;
  std::uint32_t idle_sleep_us = 0;  // 0: workers spin, as a rack appliance does
  bool huge_pages = true;
  std::uint32_t memory_mb = 1024;
  std::string eal_arguments;              // further ones, parted by spaces
  std::string log_dir = "/var/log/weir";  // eve.json
  std::uint32_t stats_interval_ms = 8000;
};

}  // namespace weir
