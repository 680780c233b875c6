#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataplane/core/frame.h"
#include "dataplane/core/result.h"
#include "dataplane/io/frame_pool.h"

namespace weir {

// What a driver says it can do, before it is set up.
struct PortCapabilities {
  std::string driver;
  std::uint16_t max_rx_queues = 0;
  std::uint16_t max_tx_queues = 0;
  // RSS over addresses with our symmetric key: both directions and all fragments
  // of two hosts come to the same queue.
  bool symmetric_rss = false;
};

struct PortOptions {
  std::uint16_t rx_queues = 1;
  std::uint16_t tx_queues = 1;
  std::uint16_t rx_descriptors = 1024;  // a queue; rounded to what the driver takes
  std::uint16_t tx_descriptors = 1024;
  std::uint16_t mtu = 0;              // bytes of IP; 0: the driver's own
  bool rss = false;                   // spread over the rx queues by symmetric_rss
  std::uint16_t outer_tpid = 0x88a8;  // of stacked tags, where the driver loses it: RestoreOuterTpid
};

// Totals since Start. What the driver calls its own is as it counts, which starts anew
// where its link does (memif).
struct PortCounters {
  std::uint64_t rx_packets = 0;   // the driver handed to us
  std::uint64_t tx_packets = 0;   // the driver took from us
  std::uint64_t rx_unusable = 0;  // of rx_packets: in pieces, and no large frame was free to join them
  std::uint64_t driver_rx_packets = 0;
  std::uint64_t driver_tx_packets = 0;
  std::uint64_t rx_missed = 0;    // imissed: no free descriptor
  std::uint64_t rx_no_frame = 0;  // rx_nombuf: the pool was empty
  std::uint64_t rx_errors = 0;
  std::uint64_t tx_errors = 0;
};

// One DPDK ethdev port. Opened, started, stopped on one control thread; each
// queue is used by one thread at a time.
class Port {
 public:
  // The port of a device that EAL probed ("net_af_packet0,iface=x", "0000:03:00.0").
  [[nodiscard]] static Result<std::unique_ptr<Port>> Find(const std::string& device);
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  [[nodiscard]] PortCapabilities capabilities() const;
  // Sets up queues, promiscuous mode and receives; `pool` must outlive the port.
  // kUnsupported: the driver has not so many queues; kIo: it refused.
  [[nodiscard]] Result<void> Start(const PortOptions& options, const FramePool& pool);
  void Stop() noexcept;

  // Up to frames.size() frames, 32 at most; each is the caller's. No syscall of
  // ours; the driver may make one (AF_PACKET, TAP).
  std::size_t Receive(QueueId queue, Timestamp now, std::span<FrameRef> frames) noexcept;
  // Hands frames over in order; returns how many the driver took. The rest are
  // still the caller's.
  std::size_t Transmit(QueueId queue, std::span<const FrameRef> frames) noexcept;

  [[nodiscard]] PortId id() const noexcept { return id_; }
  [[nodiscard]] const std::string& device() const noexcept { return device_; }
  [[nodiscard]] std::uint16_t rx_queues() const noexcept { return options_.rx_queues; }
  [[nodiscard]] bool link_up() const noexcept;
  [[nodiscard]] PortCounters counters() const noexcept;

 private:
  Port(std::string device, PortId id) : device_(std::move(device)), id_(id) {}
  [[nodiscard]] Result<void> Refused(const char* what, int error) const;
  [[nodiscard]] Result<void> SetUpQueues(const FramePool& pool);
  [[nodiscard]] Result<void> VerifyRss() const;

  std::string device_;
  PortId id_;
  PortOptions options_;
  const FramePool* pool_ = nullptr;
  struct alignas(64) QueueCounters {
    std::uint64_t rx = 0;
    std::uint64_t tx = 0;
    std::uint64_t unusable = 0;
  };
  std::vector<QueueCounters> queues_;  // each written by its queue's thread
  bool loses_tpid_ = false;
  bool started_ = false;
};

}  // namespace weir
