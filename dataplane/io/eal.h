#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataplane/core/result.h"

namespace weir {

struct EalOptions {
  std::string name;                    // of this instance; two on one host differ
  std::vector<std::string> devices;    // PCI addresses or virtual devices, with their arguments
  std::vector<std::string> arguments;  // further EAL arguments, as they are
  std::uint32_t memory_mb = 1024;
  bool huge_pages = true;
  bool quiet = true;  // only DPDK's warnings and errors are logged
};

// DPDK's environment: memory, buses, devices. One a process, and once in its life
// (rte_eal_init cannot be called again). Started and destroyed on the main thread,
// after all ports and pools are gone.
class Eal {
 public:
  // kInvalidArgument: DPDK refused the arguments or a device; kExhausted: no memory.
  [[nodiscard]] static Result<std::unique_ptr<Eal>> Start(const EalOptions& options);
  ~Eal();
  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;

 private:
  Eal() = default;
};

// A thread that uses pools and ports must be known to DPDK while it does (their
// per-thread caches); lives on that thread's stack.
class EalThread {
 public:
  // `cpu`: the only one it may run on; -1: any.
  explicit EalThread(int cpu);
  ~EalThread();
  EalThread(const EalThread&) = delete;
  EalThread& operator=(const EalThread&) = delete;
  [[nodiscard]] bool registered() const noexcept { return registered_; }
  [[nodiscard]] bool pinned() const noexcept { return pinned_; }

 private:
  bool registered_ = false;
  bool pinned_ = true;
};

// Takes the calling thread, and what it starts from now on, off these CPUs, where others are left to it: what wakes
// a thousand times a second must not wake where a worker polls. Numbers that are no CPU are ignored.
void LeaveCpus(std::span<const int> cpus) noexcept;

// "0000:03:00.0,arg=1" -> "0000:03:00.0": what DPDK calls the device.
[[nodiscard]] std::string DeviceName(const std::string& device);
[[nodiscard]] bool IsPciAddress(const std::string& device) noexcept;

[[nodiscard]] bool IsAfPacket(const std::string& device) noexcept;

// AF_PACKET's ring truncates what does not fit one of its frames, silently: large
// frames are asked for where the device's arguments say nothing of them.
[[nodiscard]] std::string WithRingSizes(const std::string& device);

}  // namespace weir
