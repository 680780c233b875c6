#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "dataplane/core/bytes.h"
#include "dataplane/core/drop_reason.h"
#include "dataplane/flow/tcp_connection.h"

namespace weir {

// The bytes of one direction, by stream offset (0 is the byte after the SYN).
// Keeps what was forwarded and is not acknowledged, and the last kHistory
// acknowledged bytes, so that a segment which would put others in their place is
// seen. Inside of flow/ only.
class TcpHalf {
 public:
  static constexpr std::uint64_t kHistory = 16 * 1024;

  // Places `data` at `start`, which may be negative (its head is then before the
  // stream). kNone: placed or equal to what is held; kTcpConflict: other bytes
  // were forwarded there; kTcpBudget: it would not fit. Nothing is kept unless kNone.
  DropReason Place(std::int64_t start, Bytes data, const TcpLimits& limits);

  [[nodiscard]] Bytes Readable() const noexcept;
  void Consume(std::size_t n) noexcept;
  // The peer acknowledged all before `offset`. Beyond what was seen: the bytes
  // between were lost to us and are skipped.
  void Acknowledge(std::uint64_t offset);

  // From now on nothing more is kept: what is there is only compared.
  void Freeze();
  [[nodiscard]] bool frozen() const noexcept { return frozen_; }
  // Gives back the acknowledged bytes that were kept for comparison.
  void Trim();

  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }
  [[nodiscard]] std::uint64_t end() const noexcept;  // one past the highest byte seen
  [[nodiscard]] std::uint64_t acked() const noexcept { return acked_; }
  [[nodiscard]] std::uint64_t consumed() const noexcept { return consumed_; }
  [[nodiscard]] bool empty() const noexcept { return end() == 0; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return kept_.capacity() + held_bytes_; }

 private:
  [[nodiscard]] bool Agrees(std::uint64_t start, Bytes data) const noexcept;
  bool Hold(std::uint64_t start, Bytes data, const TcpLimits& limits);
  void Append(Bytes data);
  void TakeHeld();
  void Release(std::uint64_t history);

  std::uint64_t next_ = 0;  // in order up to here
  std::uint64_t consumed_ = 0;
  std::uint64_t acked_ = 0;
  std::uint64_t kept_from_ = 0;  // offset of kept_[kept_head_]
  std::size_t kept_head_ = 0;
  std::vector<std::byte> kept_;                           // [kept_from_, next_)
  std::map<std::uint64_t, std::vector<std::byte>> held_;  // out of order, disjoint, beyond next_
  std::size_t held_bytes_ = 0;
  bool frozen_ = false;
};

}  // namespace weir
