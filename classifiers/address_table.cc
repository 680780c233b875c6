#include "classifiers/address_table.h"

#include <algorithm>

namespace weir {

AddressTable::Number AddressTable::NumberOf(const IpAddress& address) noexcept {
  std::array<std::uint64_t, 2> halves;
  std::memcpy(halves.data(), address.octets.data(), sizeof halves);
  return Number{__builtin_bswap64(halves[0])} << 64 | __builtin_bswap64(halves[1]);
}

bool AddressTable::Add(const Prefix& prefix, const FactEntry& entry) {
  const Number behind = prefix.length == 0 ? ~Number{0} : (Number{1} << (128 - prefix.length)) - 1;
  const Number first = NumberOf(prefix.address) & ~behind;
  std::vector<Row>& rows = rows_[prefix.ip_version == 6 ? 1 : 0];
  const auto same = [&](const Row& row) { return row.first == first && row.last == (first | behind); };
  if (std::any_of(rows.begin(), rows.end(), same)) return false;
  entries_.push_back(entry);
  rows.push_back({first, first | behind, &entries_.back()});
  return true;
}

void AddressTable::Seal() {
  for (const std::size_t family : {0u, 1u}) Cut(rows_[family], ranges_[family]);
}

// Prefixes lie within one another or apart: those that hold the place at hand are a stack.
void AddressTable::Cut(std::vector<Row>& rows, std::vector<Range>& ranges) {
  std::sort(rows.begin(), rows.end(),
            [](const Row& a, const Row& b) { return a.first != b.first ? a.first < b.first : a.last > b.last; });
  ranges.assign(1, {0, nullptr});
  std::vector<Row> open;
  const auto begin = [&](Number first, const FactEntry* entry) {
    if (ranges.back().first == first) ranges.pop_back();
    ranges.push_back({first, entry});
  };
  const auto close = [&] {
    const Number last = open.back().last;
    open.pop_back();
    if (last != ~Number{0}) begin(last + 1, open.empty() ? nullptr : open.back().entry);
  };
  for (const Row& row : rows) {
    while (!open.empty() && open.back().last < row.first) close();
    open.push_back(row);
    begin(row.first, row.entry);
  }
  while (!open.empty()) close();
}

const FactEntry* AddressTable::Find(const IpAddress& address, std::uint8_t ip_version) const noexcept {
  const std::vector<Range>& ranges = ranges_[ip_version == 6 ? 1 : 0];
  if (ranges.empty()) return nullptr;
  const Number number = NumberOf(address);
  const Range* at = ranges.data();
  // The first range begins at 0: at->first <= number throughout.
  for (std::size_t left = ranges.size(); left > 1;) {
    const std::size_t half = left / 2;
    at = at[half].first <= number ? at + half : at;
    left -= half;
  }
  return at->entry;
}

}  // namespace weir
