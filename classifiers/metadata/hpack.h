#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/core/bytes.h"

struct nghttp2_hd_inflater;

namespace weir {

// HPACK of one direction of an HTTP/2 connection (RFC 7541), over libnghttp2's decoder.
//
// The dynamic table follows the size updates in the header blocks themselves, each at most kMaxTable: an encoder may
// use no more than its peer's SETTINGS_HEADER_TABLE_SIZE and must say every change there (s4.2), so that a block which
// the peer takes reads the same here, and one-sided traffic reads too. A larger table than kMaxTable is a defect.
class Hpack {
 public:
  static constexpr std::size_t kMaxTable = 64 * 1024;  // the most that browsers and servers announce
  using Header = std::pair<std::string, std::string>;
  enum class Outcome : std::uint8_t { kWhole, kOverBudget, kDefect };

  Hpack();
  ~Hpack();
  Hpack(Hpack&&) noexcept;
  Hpack& operator=(Hpack&&) noexcept;

  // Appends the fields of a whole header block but its cookies, as long as names, values and 32 bytes a field (RFC 9113
  // s6.5.2) stay within `budget`, which is lowered by them. After anything but kWhole the connection can be read no
  // further.
  Outcome Decode(Bytes block, std::size_t& budget, std::vector<Header>& out);
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  struct Delete {
    void operator()(nghttp2_hd_inflater* inflater) const noexcept;
  };
  std::unique_ptr<nghttp2_hd_inflater, Delete> inflater_;
};

}  // namespace weir
