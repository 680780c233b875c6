#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "dataplane/telemetry/events.h"

namespace weir {

// One worker's way to the event writer: a single-producer single-consumer ring
// of serialised events. Push copies what it is given and never blocks in `lossy`
// mode: when the ring is full the event is counted as lost and false comes back.
// In lossless mode (replay) Push waits for the writer.
class EventRing {
 public:
  enum class Mode : std::uint8_t { kLossy, kLossless };
  EventRing(std::size_t bytes, Mode mode);
  ~EventRing();
  EventRing(const EventRing&) = delete;
  EventRing& operator=(const EventRing&) = delete;

  bool Push(const FlowEvent& event) noexcept;
  bool Push(const AlertEvent& event) noexcept;
  bool Push(const DropEvent& event) noexcept;
  bool Push(const ProtocolEvent& event) noexcept;
  bool Push(const ExceptionEvent& event) noexcept;

  // More than half full, in lossy mode: what can wait should, or its events are lost. Producer.
  [[nodiscard]] bool crowded() const noexcept;
  [[nodiscard]] std::uint64_t pushed() const noexcept;
  [[nodiscard]] std::uint64_t lost() const noexcept;

  struct State;  // the consumer's side: dataplane/telemetry/event_codec.h
  [[nodiscard]] State& state() noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace weir
