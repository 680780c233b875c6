#include "dataplane/flow/tcp_half.h"

#include <algorithm>
#include <cstring>

namespace weir {

std::uint64_t TcpHalf::end() const noexcept {
  if (held_.empty()) return next_;
  const auto last = std::prev(held_.end());
  return last->first + last->second.size();
}

// Are the bytes of `data` that are still held equal to it?
bool TcpHalf::Agrees(std::uint64_t start, Bytes data) const noexcept {
  const std::uint64_t stop = start + data.size();
  const std::uint64_t from = std::max(start, kept_from_);
  const std::uint64_t to = std::min(stop, next_);
  if (from < to &&
      std::memcmp(kept_.data() + kept_head_ + (from - kept_from_), data.data() + (from - start), to - from) != 0) {
    return false;
  }
  auto piece = held_.upper_bound(start);
  if (piece != held_.begin()) --piece;
  for (; piece != held_.end() && piece->first < stop; ++piece) {
    const std::uint64_t lo = std::max(start, piece->first);
    const std::uint64_t hi = std::min<std::uint64_t>(stop, piece->first + piece->second.size());
    if (lo < hi && std::memcmp(piece->second.data() + (lo - piece->first), data.data() + (lo - start), hi - lo) != 0)
      return false;
  }
  return true;
}

DropReason TcpHalf::Place(std::int64_t start, Bytes data, const TcpLimits& limits) {
  if (start < 0) {
    const auto before = static_cast<std::uint64_t>(-start);
    if (before >= data.size()) return DropReason::kNone;
    data = data.subspan(before);
    start = 0;
  }
  const auto at = static_cast<std::uint64_t>(start);
  if (data.empty() || at + data.size() <= kept_from_) return DropReason::kNone;
  if (!Agrees(at, data)) return DropReason::kTcpConflict;
  if (frozen_) return DropReason::kNone;
  if (at + data.size() <= next_) return DropReason::kNone;
  if (at > next_) return Hold(at, data, limits) ? DropReason::kNone : DropReason::kTcpBudget;
  const Bytes fresh = data.subspan(next_ - at);
  if (kept_.size() - kept_head_ + fresh.size() > limits.retained_bytes + kHistory) return DropReason::kTcpBudget;
  Append(fresh);
  TakeHeld();
  return DropReason::kNone;
}

void TcpHalf::Append(Bytes data) {
  kept_.insert(kept_.end(), data.begin(), data.end());
  next_ += data.size();
}

// Keeps the parts of an early segment that are not held yet.
bool TcpHalf::Hold(std::uint64_t start, Bytes data, const TcpLimits& limits) {
  if (held_bytes_ + data.size() > limits.out_of_order_bytes) return false;
  const std::uint64_t stop = start + data.size();
  std::uint64_t at = start;
  auto piece = held_.upper_bound(start);
  if (piece != held_.begin() && std::prev(piece)->first + std::prev(piece)->second.size() > start) --piece;
  while (at < stop) {
    const std::uint64_t gap_end = piece == held_.end() ? stop : std::min(stop, piece->first);
    if (at < gap_end) {
      // A segment that continues its neighbour joins it: 1-byte segments in order stay one piece.
      const auto left = held_.lower_bound(at);
      const Bytes part = data.subspan(at - start, gap_end - at);
      const bool joins = left != held_.begin() && std::prev(left)->first + std::prev(left)->second.size() == at;
      if (!joins && held_.size() >= limits.out_of_order_segments) return false;
      std::vector<std::byte>& into = joins ? std::prev(left)->second : held_[at];
      into.insert(into.end(), part.begin(), part.end());
      held_bytes_ += part.size();
    }
    if (piece == held_.end()) break;
    at = std::max(gap_end, piece->first + piece->second.size());
    ++piece;
  }
  return true;
}

void TcpHalf::TakeHeld() {
  while (!held_.empty() && held_.begin()->first <= next_) {
    const auto first = held_.begin();
    const Bytes piece = first->second;
    if (first->first + piece.size() > next_) Append(piece.subspan(next_ - first->first));
    held_bytes_ -= piece.size();
    held_.erase(first);
  }
}

Bytes TcpHalf::Readable() const noexcept { return Bytes(kept_).subspan(kept_head_ + (consumed_ - kept_from_)); }

void TcpHalf::Consume(std::size_t n) noexcept {
  consumed_ = std::min(consumed_ + n, next_);
  Release(kHistory);
}

void TcpHalf::Acknowledge(std::uint64_t offset) {
  acked_ = std::max(acked_, offset);
  if (acked_ > next_) {
    // The end host has bytes that never came past us: go on behind them.
    kept_.clear();
    kept_head_ = 0;
    next_ = consumed_ = kept_from_ = acked_;
    if (!frozen_) TakeHeld();
  }
  Release(kHistory);
}

void TcpHalf::Freeze() {
  frozen_ = true;
  // What nobody consumed yet, the pass does not rest on.
  kept_.resize(kept_head_ + (consumed_ - kept_from_));
  kept_.shrink_to_fit();
  next_ = consumed_;
  held_.clear();
  held_bytes_ = 0;
}

void TcpHalf::Trim() {
  Release(0);
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(kept_head_));
  kept_head_ = 0;
  kept_.shrink_to_fit();
}

void TcpHalf::Release(std::uint64_t history) {
  const std::uint64_t done = std::min(acked_, consumed_);
  if (done <= kept_from_ + history) return;
  const std::uint64_t n = done - history - kept_from_;
  kept_from_ += n;
  kept_head_ += n;
  // Moving down is paid for by the bytes that went.
  if (kept_head_ < kept_.size() / 2) return;
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(kept_head_));
  kept_head_ = 0;
}

}  // namespace weir
