#include "dataplane/io/port.h"

#include <rte_ethdev.h>
#include <rte_pause.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "dataplane/io/eal.h"
#include "dataplane/io/mbuf_frame.h"

namespace weir {
namespace {

constexpr std::size_t kBurst = 32;
constexpr int kTxTries = 4;
constexpr std::size_t kMaxRssKey = 64;
constexpr std::uint64_t kRssOn = RTE_ETH_RSS_IP;  // addresses only: fragments follow their flow

// 0x6d5a repeated makes Toeplitz symmetric (Woo and Park, "Scalable TCP Session
// Monitoring with Symmetric Receive-side Scaling", 2012).
std::array<std::uint8_t, kMaxRssKey> SymmetricKey() noexcept {
  std::array<std::uint8_t, kMaxRssKey> key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = i % 2 == 0 ? 0x6d : 0x5a;
  return key;
}

std::uint8_t KeyLength(const rte_eth_dev_info& info) noexcept {
  return static_cast<std::uint8_t>(info.hash_key_size == 0 ? 40
                                                           : std::min<std::size_t>(info.hash_key_size, kMaxRssKey));
}

}  // namespace

Result<std::unique_ptr<Port>> Port::Find(const std::string& device) {
  std::string name = DeviceName(device);
  std::uint16_t number = 0;
  int found = rte_eth_dev_get_port_by_name(name.c_str(), &number);
  if (found != 0 && IsPciAddress(device)) {
    name = "0000:" + name;
    found = rte_eth_dev_get_port_by_name(name.c_str(), &number);
  }
  if (found != 0) {
    return Fail(Errc::kInvalidArgument,
                "no port '" + DeviceName(device) + "' (is the driver bound, or the interface there?)");
  }
  return std::unique_ptr<Port>(new Port(device, PortId{number}));
}

Port::~Port() {
  Stop();
  rte_eth_dev_close(id_.value());
}

Result<void> Port::Refused(const char* what, int error) const {
  return Fail(Errc::kIo, device_ + ": " + what + ": " + std::strerror(std::abs(error)));
}

PortCapabilities Port::capabilities() const {
  rte_eth_dev_info info{};
  if (rte_eth_dev_info_get(id_.value(), &info) != 0) return {};
  PortCapabilities can;
  can.driver = info.driver_name;
  can.max_rx_queues = info.max_rx_queues;
  can.max_tx_queues = info.max_tx_queues;
  can.symmetric_rss = (info.flow_type_rss_offloads & kRssOn) != 0 && info.max_rx_queues > 1 && info.reta_size > 0;
  return can;
}

Result<void> Port::Start(const PortOptions& options, const FramePool& pool) {
  options_ = options;
  pool_ = &pool;
  queues_.assign(std::max(options.rx_queues, options.tx_queues), {});
  loses_tpid_ = IsAfPacket(device_);
  const PortCapabilities can = capabilities();
  if (options.rx_queues > can.max_rx_queues || options.tx_queues > can.max_tx_queues) {
    return Fail(Errc::kUnsupported, device_ + ": " + std::to_string(options.rx_queues) + " receive and " +
                                        std::to_string(options.tx_queues) + " transmit queues are wanted, " +
                                        can.driver + " has " + std::to_string(can.max_rx_queues) + " and " +
                                        std::to_string(can.max_tx_queues) +
                                        " (lower workers.count, or give the device more: qpairs=N for net_af_packet)");
  }
  if (auto set_up = SetUpQueues(pool); !set_up) return set_up;
  const int promiscuous = rte_eth_promiscuous_enable(id_.value());
  if (promiscuous != 0 && promiscuous != -ENOTSUP) return Refused("promiscuous mode", promiscuous);
  if (const int error = rte_eth_dev_start(id_.value()); error != 0) return Refused("start", error);
  started_ = true;
  return options.rss ? VerifyRss() : Result<void>{};
}

Result<void> Port::SetUpQueues(const FramePool& pool) {
  rte_eth_dev_info info{};
  if (const int error = rte_eth_dev_info_get(id_.value(), &info); error != 0) return Refused("information", error);
  std::array<std::uint8_t, kMaxRssKey> key = SymmetricKey();
  rte_eth_conf conf{};
  conf.rxmode.mtu = options_.mtu;
  conf.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;  // VLAN strip and LRO stay off
  conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
  if (options_.rss) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf = {key.data(), KeyLength(info), kRssOn & info.flow_type_rss_offloads};
  }
  const std::uint16_t id = id_.value();
  if (const int error = rte_eth_dev_configure(id, options_.rx_queues, options_.tx_queues, &conf); error != 0)
    return Refused("configuration", error);
  std::uint16_t rx = options_.rx_descriptors;
  std::uint16_t tx = options_.tx_descriptors;
  if (const int error = rte_eth_dev_adjust_nb_rx_tx_desc(id, &rx, &tx); error != 0)
    return Refused("descriptors", error);
  const auto socket = static_cast<unsigned>(rte_eth_dev_socket_id(id));
  for (std::uint16_t queue = 0; queue < options_.rx_queues; ++queue) {
    if (const int error = rte_eth_rx_queue_setup(id, queue, rx, socket, nullptr, pool.get()); error != 0)
      return Refused("receive queue", error);
  }
  for (std::uint16_t queue = 0; queue < options_.tx_queues; ++queue) {
    if (const int error = rte_eth_tx_queue_setup(id, queue, tx, socket, nullptr); error != 0)
      return Refused("transmit queue", error);
  }
  return {};
}

// Nothing is sent: what the driver says of its key, function and table must fit.
Result<void> Port::VerifyRss() const {
  rte_eth_dev_info info{};
  if (const int error = rte_eth_dev_info_get(id_.value(), &info); error != 0) return Refused("information", error);
  std::array<std::uint8_t, kMaxRssKey> key{};
  rte_eth_rss_conf conf{key.data(), KeyLength(info), 0};
  if (const int error = rte_eth_dev_rss_hash_conf_get(id_.value(), &conf); error != 0) return Refused("RSS key", error);
  const auto wanted = SymmetricKey();
  if (!std::equal(key.begin(), key.begin() + KeyLength(info), wanted.begin()))
    return Fail(Errc::kIo,
                device_ + ": the driver did not take the symmetric RSS key (set workers.distribute: software)");
  std::vector<rte_eth_rss_reta_entry64> table((std::size_t{info.reta_size} + 63) / 64);
  for (auto& entry : table) entry.mask = UINT64_MAX;
  if (const int error = rte_eth_dev_rss_reta_query(id_.value(), table.data(), info.reta_size); error != 0)
    return Refused("RSS redirection table", error);
  std::vector<bool> used(options_.rx_queues);
  for (std::size_t i = 0; i < info.reta_size; ++i) {
    const std::uint16_t queue = table[i / 64].reta[i % 64];
    if (queue < used.size()) used[queue] = true;
  }
  if (std::find(used.begin(), used.end(), false) == used.end()) return {};
  return Fail(Errc::kIo, device_ + ": a receive queue gets nothing by the RSS redirection table");
}

void Port::Stop() noexcept {
  if (started_) rte_eth_dev_stop(id_.value());
  started_ = false;
}

std::size_t Port::Receive(QueueId queue, Timestamp now, std::span<FrameRef> frames) noexcept {
  std::array<rte_mbuf*, kBurst> mbufs;
  const auto wanted = static_cast<std::uint16_t>(std::min(frames.size(), mbufs.size()));
  const std::uint16_t n = rte_eth_rx_burst(id_.value(), queue.value(), mbufs.data(), wanted);
  QueueCounters& count = queues_[queue.value()];
  count.rx += n;
  const std::uint16_t id = id_.value();
  FrameRef* next = frames.data();
  for (rte_mbuf* mbuf : std::span(mbufs.data(), n)) {
    mbuf->port = id;  // not every driver says it
    if (!IsPlain(mbuf)) [[unlikely]] {
      mbuf = static_cast<rte_mbuf*>(pool_->Normalize(mbuf));
      if (mbuf == nullptr) {
        ++count.unusable;
        continue;
      }
    }
    Describe(mbuf, id, now, *next++);
  }
  const auto kept = static_cast<std::size_t>(next - frames.data());
  if (loses_tpid_) {
    for (const FrameRef& frame : frames.first(kept)) RestoreOuterTpid(frame, options_.outer_tpid);
  }
  return kept;
}

std::size_t Port::Transmit(QueueId queue, std::span<const FrameRef> frames) noexcept {
  std::array<rte_mbuf*, kBurst> mbufs;
  std::size_t sent = 0;
  while (sent < frames.size()) {
    const auto n = static_cast<std::uint16_t>(std::min(frames.size() - sent, mbufs.size()));
    for (std::uint16_t i = 0; i < n; ++i) mbufs[i] = MbufOf(frames[sent + i]);
    std::uint16_t taken = 0;
    for (int tries = 0; taken < n && tries < kTxTries; ++tries) {
      if (tries > 0) rte_pause();
      taken = static_cast<std::uint16_t>(taken + rte_eth_tx_burst(id_.value(), queue.value(), mbufs.data() + taken,
                                                                  static_cast<std::uint16_t>(n - taken)));
    }
    sent += taken;
    if (taken < n) break;
  }
  queues_[queue.value()].tx += sent;
  return sent;
}

bool Port::link_up() const noexcept {
  rte_eth_link link{};
  return rte_eth_link_get_nowait(id_.value(), &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

PortCounters Port::counters() const noexcept {
  PortCounters c;
  for (const QueueCounters& queue : queues_) {
    c.rx_packets += queue.rx;
    c.tx_packets += queue.tx;
    c.rx_unusable += queue.unusable;
  }
  rte_eth_stats stats{};
  if (rte_eth_stats_get(id_.value(), &stats) != 0) return c;
  c.driver_rx_packets = stats.ipackets;
  c.driver_tx_packets = stats.opackets;
  c.rx_missed = stats.imissed;
  c.rx_no_frame = stats.rx_nombuf;
  c.rx_errors = stats.ierrors;
  c.tx_errors = stats.oerrors;
  return c;
}

}  // namespace weir
