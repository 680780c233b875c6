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
  static constexpr std::size_t kPieceCost = 96;  // a held piece's node and block, bytes apart

  // Places `data` at `start`, which may be negative (its head is then before the
  // stream). kNone: placed or equal to what is held; kTcpConflict: other bytes
  // were forwarded there; kTcpBudget: it would not fit. Nothing is kept unless kNone.
  // `may_forget`: instead of kTcpBudget for bytes in order, the oldest consumed ones go.
  DropReason Place(std::int64_t start, Bytes data, const TcpLimits& limits, bool may_forget = false);
  // Are all these bytes held, and equal?
  [[nodiscard]] bool Has(std::int64_t start, Bytes data) const noexcept;
  // From now on Place compares only; what is beyond `consumed` is given back.
  void Freeze();

  // Gives back the acknowledged bytes that were kept for comparison.
  void Trim();
  // Bytes that went because of `may_forget`.
  [[nodiscard]] std::uint64_t forgotten() const noexcept { return forgotten_; }

  [[nodiscard]] Bytes Readable() const noexcept;
  void Consume(std::size_t n) noexcept;
  // The peer acknowledged all before `offset`. Beyond what was seen: the bytes between
  // were lost to us and are skipped, once the sender itself sends from there on. Nothing
  // is placed there afterwards.
  void Acknowledge(std::uint64_t offset);

  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }
  [[nodiscard]] std::uint64_t end() const noexcept;  // one past the highest byte seen
  [[nodiscard]] std::uint64_t acked() const noexcept { return acked_; }
  [[nodiscard]] std::uint64_t consumed() const noexcept { return consumed_; }
  [[nodiscard]] bool empty() const noexcept { return end() == 0; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return kept_.capacity() + HeldCost(); }

 private:
  [[nodiscard]] bool Agrees(std::uint64_t start, Bytes data) const noexcept;
  bool Hold(std::uint64_t start, Bytes data, const TcpLimits& limits);
  void Append(Bytes data);
  void Extend(std::uint64_t at, std::uint64_t gap_end, Bytes part);
  void Follow(std::uint64_t stop, std::size_t size) noexcept;
  void TakeHeld();
  void SkipLost();
  void Release();
  void Forget(std::size_t n);
  [[nodiscard]] std::size_t HeldCost() const noexcept { return held_bytes_ + held_.size() * kPieceCost; }

  std::uint64_t next_ = 0;  // in order up to here
  std::uint64_t consumed_ = 0;
  std::uint64_t acked_ = 0;      // never beyond next_
  std::uint64_t claimed_ = 0;    // acknowledged, beyond next_
  std::uint64_t lost_from_ = 0;  // [lost_from_, lost_to_): acknowledged, and skipped or not kept any more
  std::uint64_t lost_to_ = 0;
  std::uint64_t kept_from_ = 0;  // offset of kept_[kept_head_]
  std::size_t kept_head_ = 0;
  std::vector<std::byte> kept_;                           // [kept_from_, next_)
  std::map<std::uint64_t, std::vector<std::byte>> held_;  // out of order, disjoint, beyond next_
  std::size_t held_bytes_ = 0;
  std::uint64_t passed_ = 0;  // since it is frozen
  std::uint64_t forgotten_ = 0;
  bool frozen_ = false;
};

}  // namespace weir
