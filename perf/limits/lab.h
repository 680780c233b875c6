#pragma once
#include <memory>
#include <string>
#include <vector>

#include "dataplane/control/startup.h"
#include "dataplane/pipeline/worker.h"
#include "perf/limits/frames.h"
#include "perf/support/traffic.h"

namespace weir::perf {

// What one scenario gave.
struct Findings {
  std::uint64_t packets = 0;
  std::uint64_t forwarded = 0;  // of them, at once
  double ns_packet = 0;         // of the attack's packets, mean
  double ns_normal = 0;         // of the normal undecided packet, mean of what was interleaved
  double ratio = 0;             // median over the rounds of attack / normal
  double worst_ratio = 0;       // of the rounds
  double worst_burst_us = 0;    // of 32 frames
  double worst_tick_ms = 0;
  double rss_before_mib = 0;
  double rss_growth_mib = 0;  // peak
  std::uint64_t kept = 0;     // established flows whose verdict was the same to the end
  std::uint64_t established = 0;
  std::uint64_t lost = 0;    // their frames that did not leave as the verdict says
  std::uint64_t opened = 0;  // innocent connections that were opened during the attack and got through
  std::uint64_t tried = 0;
  std::uint64_t unaccounted = 0;        // frames in no counter
  std::uint64_t yardstick_dropped = 0;  // of the normal connections: then they are no yardstick
};

struct LabOptions {
  std::uint64_t expected_packets = 0;  // of the attack: cut into kRounds rounds
  std::uint32_t established = 2000;
  std::int64_t ns_packet = 1000;  // worker time between two packets
};

// A worker under attack, with established flows to lose, and beside it one that only
// sees normal new connections, by turns. Only what the workers do is timed. One thread.
class Lab {
 public:
  static constexpr std::uint64_t kRounds = 20;

  Lab(const Startup& startup, const LabOptions& options);
  ~Lab();

  // One packet of the attack.
  void Tcp(const Path& path, Direction direction, const perf::Tcp& tcp, Bytes payload = {});
  void Udp(const Path& path, Direction direction, Bytes payload);
  void Fragment(const Path& path, std::uint32_t id, std::uint16_t offset, bool more, Bytes payload);

  // SYN, SYN/ACK, ACK and the server's window of 16 MiB; the client's next sequence number is 1001, the server's 5001.
  void Handshake(const Path& path);

  // What the attacked worker counts as held by undecided flows.
  [[nodiscard]] std::uint64_t undecided_bytes() const noexcept;

  // Ends the attack: the last round, then time goes on until its flows have expired.
  [[nodiscard]] Findings Finish();

 private:
  struct Subject;

  void Send(bool held);
  void Flush();
  void Tick();
  void Round();
  void Establish();
  void CheckEstablished();
  void OpenInnocents();
  void RunNormal();
  void SampleMemory();

  LabOptions options_;
  std::unique_ptr<Subject> attacked_;
  std::unique_ptr<Subject> normal_;
  Findings found_;
  FrameBytes scratch_;
  std::vector<FrameBytes> slots_;  // of the burst at hand
  std::vector<FrameRef> burst_;
  std::vector<bool> kept_;
  std::vector<double> ratios_;
  std::vector<Pattern> innocent_[2];
  std::vector<Pattern> data_[2];
  Stamper stamper_{kBurst};
  std::uint32_t next_innocent_ = 1u << 20;
  std::uint32_t next_normal_ = 0;
  std::uint64_t round_packets_ = 0;
  double round_ns_ = 0;
  double total_ns_ = 0;
  std::uint64_t total_packets_ = 0;
  std::int64_t ns_left_ = 0;
  double normal_ns_ = 0;
  std::uint64_t normal_packets_ = 0;
  std::int64_t ticked_us_ = 0;
};

[[nodiscard]] double ResidentMib();

}  // namespace weir::perf
