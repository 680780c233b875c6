#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "dataplane/core/sanitizer.h"
#include "dataplane/flow/flow_record.h"

namespace weir {

// Objects of one worker, named by u32 handles so that a FlowRecord can hold them
// in four bytes. Grows in chunks, never shrinks; addresses are stable until
// Release. Handle::kNone names nothing. One thread. In a sanitizer build each
// object is a heap block of its own from Acquire to Release.
template <class T>
class HandlePool {
 public:
  template <class... Args>
  Handle Acquire(Args&&... args) {
    if (free_.empty()) {
      slots_.emplace_back(Make(std::forward<Args>(args)...));
      return static_cast<Handle>(slots_.size());
    }
    const Handle handle = free_.back();
    free_.pop_back();
    slots_[static_cast<std::uint32_t>(handle) - 1] = Make(std::forward<Args>(args)...);
    return handle;
  }
  // Precondition: `handle` was acquired and not yet released. What the object
  // owns is given back at once.
  void Release(Handle handle) noexcept {
    slots_[static_cast<std::uint32_t>(handle) - 1] = Slot();
    free_.push_back(handle);
  }
  [[nodiscard]] T& operator[](Handle handle) noexcept { return *At(*this, handle); }
  [[nodiscard]] const T& operator[](Handle handle) const noexcept { return *At(*this, handle); }
  // Handles go from 1 to size(). Of one that is not acquired: nullptr, or an object like T().
  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }
  [[nodiscard]] T* Look(Handle handle) noexcept { return At(*this, handle); }
  [[nodiscard]] std::size_t live() const noexcept { return slots_.size() - free_.size(); }

 private:
  template <class Self>
  static auto* At(Self& self, Handle handle) noexcept {
    auto& slot = self.slots_[static_cast<std::uint32_t>(handle) - 1];
    if constexpr (kAddressSanitizer) {
      return slot.get();
    } else {
      return &slot;
    }
  }
  using Slot = std::conditional_t<kAddressSanitizer, std::unique_ptr<T>, T>;
  template <class... Args>
  static Slot Make(Args&&... args) {
    if constexpr (kAddressSanitizer) {
      return std::make_unique<T>(std::forward<Args>(args)...);
    } else {
      return T(std::forward<Args>(args)...);
    }
  }

  std::deque<Slot> slots_;
  std::vector<Handle> free_;
};

}  // namespace weir
