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
  const std::uint64_t to = std::min(stop, kept_from_ + (kept_.size() - kept_head_));
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

bool TcpHalf::Has(std::int64_t start, Bytes data) const noexcept {
  if (start < 0) {
    const auto before = static_cast<std::uint64_t>(-start);
    if (before >= data.size()) return true;
    data = data.subspan(before);
    start = 0;
  }
  const std::uint64_t stop = static_cast<std::uint64_t>(start) + data.size();
  std::uint64_t at = std::max(static_cast<std::uint64_t>(start), next_);
  auto piece = held_.upper_bound(at);
  if (piece != held_.begin()) --piece;
  for (; at < stop; ++piece) {
    if (piece == held_.end() || piece->first > at) return false;
    at = std::max<std::uint64_t>(at, piece->first + piece->second.size());
  }
  return Agrees(static_cast<std::uint64_t>(start), data);
}

DropReason TcpHalf::Place(std::int64_t start, Bytes data, const TcpLimits& limits, bool may_forget) {
  if (start < 0) {
    const auto before = static_cast<std::uint64_t>(-start);
    if (before >= data.size()) return DropReason::kNone;
    data = data.subspan(before);
    start = 0;
  }
  const auto at = static_cast<std::uint64_t>(start);
  // What was skipped never came past us: nothing may be put there now, the peer says that it has it.
  if (at < lost_to_ && at + data.size() > lost_from_) return DropReason::kTcpConflict;
  if (data.empty() || at + data.size() <= kept_from_) return DropReason::kNone;
  if (!Agrees(at, data)) return DropReason::kTcpConflict;
  if (frozen_) Follow(at + data.size(), data.size());
  if (at + data.size() <= next_ || frozen_) return DropReason::kNone;
  if (at > next_) {
    if (!Hold(at, data, limits)) return DropReason::kTcpBudget;
    SkipLost();
    return DropReason::kNone;
  }
  const Bytes fresh = data.subspan(next_ - at);
  const std::size_t limit = limits.retained_bytes + kHistory;
  const std::size_t kept = kept_.size() - kept_head_ + fresh.size();
  if (kept > limit && may_forget) {
    const std::uint64_t n = std::min<std::uint64_t>(kept - limit, consumed_ - kept_from_);
    Forget(n);
    forgotten_ += n;
  }
  if (kept_.size() - kept_head_ + fresh.size() > limit) return DropReason::kTcpBudget;
  Append(fresh);
  TakeHeld();
  return DropReason::kNone;
}

void TcpHalf::Freeze() {
  frozen_ = true;
  held_.clear();
  held_bytes_ = 0;
  kept_.resize(kept_head_ + (consumed_ - kept_from_));
  next_ = consumed_;
}

// Where a frozen stream stands, so that numbers are placed right beyond 2 GiB. It goes on by as much as was sent: a
// few early segments must not turn the numbers of what is guarded into those of 4 GiB later.
void TcpHalf::Follow(std::uint64_t stop, std::size_t size) noexcept {
  constexpr std::uint64_t kSlack = 1 << 20;
  passed_ += size;
  if (stop > next_ && stop <= consumed_ + passed_ + kSlack) next_ = stop;
}

void TcpHalf::Append(Bytes data) {
  kept_.insert(kept_.end(), data.begin(), data.end());
  next_ += data.size();
  acked_ = std::max(acked_, std::min(claimed_, next_));
}

// Keeps the parts of an early segment that are not held yet.
bool TcpHalf::Hold(std::uint64_t start, Bytes data, const TcpLimits& limits) {
  const std::size_t cost = HeldCost() + data.size() + kPieceCost;
  if (cost > limits.out_of_order_bytes || held_.size() >= limits.out_of_order_segments) {
    // What joins a neighbour costs its bytes alone.
    const auto left = held_.upper_bound(start);
    const bool joins = left != held_.begin() && std::prev(left)->first + std::prev(left)->second.size() >= start;
    if (!joins || cost - kPieceCost > limits.out_of_order_bytes) return false;
  }
  const std::uint64_t stop = start + data.size();
  std::uint64_t at = start;
  auto piece = held_.upper_bound(start);
  if (piece != held_.begin() && std::prev(piece)->first + std::prev(piece)->second.size() > start) --piece;
  while (at < stop) {
    const std::uint64_t gap_end = piece == held_.end() ? stop : std::min(stop, piece->first);
    const std::uint64_t resume = piece == held_.end() ? stop : piece->first + piece->second.size();
    if (at < gap_end) Extend(at, gap_end, data.subspan(at - start, gap_end - at));
    at = std::max(gap_end, resume);
    piece = held_.lower_bound(at);
  }
  return true;
}

// Fills the gap [at, gap_end) or its beginning. A segment that continues a neighbour joins it: 1-byte segments in
// order stay one piece, and backwards one piece a kSmall bytes.
void TcpHalf::Extend(std::uint64_t at, std::uint64_t gap_end, Bytes part) {
  constexpr std::size_t kSmall = 64;
  held_bytes_ += part.size();
  const auto right = held_.lower_bound(at);
  if (right != held_.begin()) {
    auto& [from, bytes] = *std::prev(right);
    if (from + bytes.size() == at) {
      bytes.insert(bytes.end(), part.begin(), part.end());
      return;
    }
  }
  if (right != held_.end() && right->first == gap_end && right->second.size() + part.size() <= kSmall) {
    auto node = held_.extract(right);
    node.key() = at;
    node.mapped().insert(node.mapped().begin(), part.begin(), part.end());
    held_.insert(std::move(node));
    return;
  }
  held_.emplace(at, std::vector<std::byte>(part.begin(), part.end()));
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
  consumed_ = frozen_ ? consumed_ : std::min(consumed_ + n, next_);
  Release();
}

void TcpHalf::Acknowledge(std::uint64_t offset) {
  acked_ = std::max(acked_, std::min(offset, next_));
  if (offset > next_ && !frozen_) {
    claimed_ = std::max(claimed_, offset);
    SkipLost();
  }
  Release();
}

// The end host has bytes that never came past us: go on behind them. An acknowledgement
// alone proves nothing, its sender may lie; the other side goes on only from what it sent.
void TcpHalf::SkipLost() {
  if (claimed_ <= next_ || held_.empty() || held_.begin()->first > claimed_ || end() < claimed_) return;
  lost_from_ = lost_to_ == 0 ? kept_from_ : lost_from_;
  lost_to_ = claimed_;
  kept_.clear();
  kept_head_ = 0;
  next_ = consumed_ = kept_from_ = acked_ = claimed_;
  TakeHeld();
}

// Gives up the oldest n bytes of kept_, which were consumed.
void TcpHalf::Forget(std::size_t n) {
  kept_from_ += n;
  kept_head_ += n;
  // Moving down is paid for by the bytes that went.
  if (kept_head_ < kept_.size() / 2) return;
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(kept_head_));
  kept_head_ = 0;
}

void TcpHalf::Trim() {
  const std::uint64_t done = std::min(acked_, consumed_);
  if (done > kept_from_) Forget(done - kept_from_);
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(kept_head_));
  kept_head_ = 0;
  kept_.shrink_to_fit();
}

void TcpHalf::Release() {
  const std::uint64_t done = std::min(acked_, consumed_);
  if (done > kept_from_ + kHistory) Forget(done - kHistory - kept_from_);
}

}  // namespace weir
