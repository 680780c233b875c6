#pragma once
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "dataplane/flow/flow_record.h"

namespace weir {

// Objects of one worker, named by u32 handles so that a FlowRecord can hold them
// in four bytes. Grows in chunks, never shrinks; addresses are stable until
// Release. Handle::kNone names nothing. One thread.
template <class T>
class HandlePool {
 public:
  template <class... Args>
  Handle Acquire(Args&&... args) {
    if (free_.empty()) {
      slots_.emplace_back(std::forward<Args>(args)...);
      return static_cast<Handle>(slots_.size());
    }
    const Handle handle = free_.back();
    free_.pop_back();
    (*this)[handle] = T(std::forward<Args>(args)...);
    return handle;
  }
  // Precondition: `handle` was acquired and not yet released. What the object
  // owns is given back at once.
  void Release(Handle handle) noexcept {
    (*this)[handle] = T();
    free_.push_back(handle);
  }
  [[nodiscard]] T& operator[](Handle handle) noexcept { return slots_[static_cast<std::uint32_t>(handle) - 1]; }
  [[nodiscard]] const T& operator[](Handle handle) const noexcept {
    return slots_[static_cast<std::uint32_t>(handle) - 1];
  }
  // Handles go from 1 to here; an object that is not acquired is T().
  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }
  [[nodiscard]] std::size_t live() const noexcept { return slots_.size() - free_.size(); }

 private:
  std::deque<T> slots_;
  std::vector<Handle> free_;
};

}  // namespace weir
