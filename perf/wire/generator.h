#pragma once
#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <vector>

#include "perf/support/traffic.h"
#include "perf/wire/headers.h"
#include "perf/wire/memif.h"
#include "perf/wire/sequences.h"
#include "perf/wire/talks.h"
#include "perf/wire/ticks.h"

namespace weir::perf {

// Frames on the wire (with FCS) of IPv4: 64 at least. IPv6 has as many, 84 at least: its headers take 78, the stamp 6.
inline constexpr std::uint32_t kLeastFrame = 64, kMostFrame = 1518;
inline constexpr std::uint32_t kImix = 0;  // as a size: 64, 594, 1518, seven to four to one

struct TrialOptions {
  std::uint32_t size = kLeastFrame;
  double rate = 0;           // frames a second, both directions together; 0: as fast as it goes
  double seconds = 0;        // how long it sends
  std::uint64_t frames = 0;  // in the place of seconds where not 0
};

struct TrialResult {
  std::uint64_t offered = 0;    // sent + refused
  std::uint64_t refused = 0;    // the ring was full: the device under test did not take them
  std::uint64_t received = 0;   // of this trial's, whole, out of the other port
  std::uint64_t late = 0;       // of an earlier trial
  std::uint64_t damaged = 0;    // neither: of another length or sum, or none of ours
  std::uint64_t reordered = 0;  // came after one that was sent later in the same direction
  std::uint64_t slips = 0;      // times that the generator was kept from running and did not catch up
  std::uint64_t pauses = 0;     // of the device, at a rate: see Run
  double paused = 0;            // seconds of them
  double seconds = 0;           // of sending, without pauses
  double busy = 0;              // until the last frame that came, at least as long as it was sent
  double began = 0, ended = 0;  // wall clock
  Histogram latency;            // ticks
};

// Sends over two links, to servers over the first and to clients over the second, and takes what comes out of the
// other one. Half of the flows are IPv4, half IPv6; their frames follow each other in an order that is not the table's.
// A frame carries six bytes at its end: trial, number of its burst, place in it, and what keeps its checksum right.
class Generator {
 public:
  // Links with room() for RoomFor(flows) bytes.
  Generator(std::array<MemifLink*, 2> links, std::uint32_t flows, double ticks_per_second);
  // Whose flows speak these from SYN to the first data each way, and whose frames after that go on from there in
  // sequence and acknowledgement. Without them frames repeat the numbers of a handshake.
  Generator(std::array<MemifLink*, 2> links, std::uint32_t flows, double ticks_per_second, Talks talks);
  [[nodiscard]] static std::size_t RoomFor(std::uint32_t flows, unsigned slots);

  // A TLS connection each flow, from SYN to the first data each way, no more than a few at once. False: a frame did
  // not come back within seconds.
  [[nodiscard]] bool Establish();
  // Another one used the room: frames are made anew.
  void Forget() noexcept { size_.reset(); }
  // Both directions by turns in bursts of 32; then waits for what is under way. The device must be quiet before.
  // At a rate, a device that takes nothing off a full ring for kStandstill has no CPU: the clock stands until it has
  // emptied its rings, and what was refused meanwhile was not offered. Such pauses are told, so that who makes them
  // itself shows beside who does not.
  [[nodiscard]] TrialResult Run(const TrialOptions& options);

 private:
  struct Frame {
    std::uint32_t offset;
    std::uint32_t length;
    std::uint32_t flow;
  };
  struct Lane {
    MemifLink* link;
    std::vector<Frame> frames;  // in sending order
    std::size_t next = 0;
    std::uint16_t taken = 0;            // tail of to_server when it last moved,
    std::uint64_t taken_at = 0;         // when that was seen,
    std::uint64_t refused_by_then = 0;  // and of the trial's frames
    std::uint16_t seen = 0;             // tail of to_client up to which frames were taken
    std::uint32_t last = 0;             // highest number that came out of this lane
    std::uint32_t fill = 0;             // sum of the words that a stamp takes the place of, of what comes out here
    std::uint32_t fill_sent = 0;        // the same of what is sent
  };
  [[nodiscard]] std::vector<std::array<std::array<Pattern, 2>, 2>> PatternsOf(std::uint32_t size) const;
  void Prepare(std::uint32_t size);
  [[nodiscard]] std::uint32_t Number(const Frame& frame, std::size_t to) noexcept;
  void SendBurst(std::size_t to, std::uint64_t now, std::uint32_t most, TrialResult& result) noexcept;
  std::uint32_t Receive(std::size_t side, TrialResult& result) noexcept;
  std::uint32_t Discard(Lane& lane) noexcept;
  [[nodiscard]] bool ExchangeStep(std::size_t step, std::uint32_t first, std::uint32_t last);
  [[nodiscard]] bool StandsStill(Lane& lane, std::uint64_t now, const TrialResult& result) const noexcept;
  std::uint64_t SitOut(const Lane& lane, TrialResult& result) noexcept;

  std::array<Lane, 2> lanes_;
  std::uint32_t flows_;
  double ticks_per_second_;
  Talks talks_;
  std::optional<Sequences> sequences_;
  std::optional<std::uint32_t> size_;
  std::uint32_t trial_ = 0;
  std::uint32_t burst_ = 0;
  std::bitset<kMostFrame + 1> lengths_;  // of the size, without FCS
  std::vector<std::uint64_t> sent_at_;   // by burst number
};

}  // namespace weir::perf
