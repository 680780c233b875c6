#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "classifiers/fact_entry.h"
#include "dataplane/core/prefix.h"

namespace weir {

// Which prefix an address belongs to: the longest of those that hold it. The prefixes, nested as they may
// be, are cut into ranges that do not overlap; a look-up is one binary search, however many lengths there are.
// Filled by one thread, sealed, then immutable for any thread.
class AddressTable {
 public:
  // False: that prefix stands in the table. Bits behind its length do not count.
  bool Add(const Prefix& prefix, const FactEntry& entry);
  void Seal();
  // nullptr: in none. Precondition: sealed since the last Add.
  [[nodiscard]] const FactEntry* Find(const IpAddress& address, std::uint8_t ip_version) const noexcept;

 private:
  __extension__ using Number = unsigned __int128;  // an address, its first octet highest
  struct Row {
    Number first, last;
    const FactEntry* entry;
  };
  struct Range {
    Number first;  // up to the next range's
    const FactEntry* entry;
  };
  static Number NumberOf(const IpAddress& address) noexcept;
  static void Cut(std::vector<Row>& rows, std::vector<Range>& ranges);

  std::deque<FactEntry> entries_;
  std::array<std::vector<Row>, 2> rows_;  // v4, v6
  std::array<std::vector<Range>, 2> ranges_;
};

}  // namespace weir
