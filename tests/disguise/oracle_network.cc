#include "tests/disguise/oracle_network.h"

#include <algorithm>

namespace weir::disguise {
namespace {

std::size_t Number(const Octets& data, std::size_t at, std::size_t size) {
  std::size_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<std::size_t>(data[at + i]);
  return value;
}

Octets From(const Octets& data, std::size_t from, std::size_t to = SIZE_MAX) {
  to = std::min(to, data.size());
  if (from >= to) return {};
  return {data.begin() + static_cast<std::ptrdiff_t>(from), data.begin() + static_cast<std::ptrdiff_t>(to)};
}

std::uint64_t Sum(const Octets& data) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < data.size(); i += 2)
    sum +=
        static_cast<std::uint64_t>(data[i]) << 8 | (i + 1 < data.size() ? static_cast<std::uint64_t>(data[i + 1]) : 0);
  return sum;
}

bool IsGood(std::uint64_t sum) { return sum != 0 && sum % 0xffff == 0; }

}  // namespace

void IpHost::Link(std::size_t type, const Octets& data) {
  if (type == 0x6558) return data.size() < 14 ? void() : Link(Number(data, 12, 2), From(data, 14));
  if (type == 0x8100 || type == 0x88a8 || type == 0x9100) {
    return data.size() < 4 ? void() : Link(Number(data, 2, 2), From(data, 4));
  }
  if (type == 0x0800) return V4(data);
  if (type == 0x86dd) return V6(data);
}

void IpHost::V4(const Octets& data) {
  if (data.size() < 20 || static_cast<std::size_t>(data[0]) >> 4 != 4) return;
  const std::size_t head = (static_cast<std::size_t>(data[0]) & 15) * 4;
  const std::size_t total = Number(data, 2, 2);
  if (head < 20 || total < head || total > data.size()) return;
  if (static_cast<std::uint8_t>(data[8]) < hops_ || !IsGood(Sum(From(data, 0, head)))) return;
  const Octets src = From(data, 12, 16);
  const Octets dst = From(data, 16, 20);
  const std::size_t field = Number(data, 6, 2);
  Octets payload = From(data, head, total);
  const bool more = (field & 0x2000) != 0;
  const std::size_t offset = (field & 0x1fff) * 8;
  const std::size_t proto = static_cast<std::size_t>(data[9]);
  if ((more || offset != 0) && !Defragment({src, dst, proto, Number(data, 4, 2)}, offset, more, payload)) return;
  Upper(src, dst, proto, std::move(payload));
}

void IpHost::V6(const Octets& data) {
  if (data.size() < 40 || static_cast<std::size_t>(data[0]) >> 4 != 6) return;
  const std::size_t length = Number(data, 4, 2);
  if (40 + length > data.size() || static_cast<std::uint8_t>(data[7]) < hops_) return;
  Upper(From(data, 8, 24), From(data, 24, 40), static_cast<std::size_t>(data[6]), From(data, 40, 40 + length));
}

void IpHost::Upper(const Octets& src, const Octets& dst, std::size_t proto, Octets data) {
  while ((proto == 0 || proto == 43 || proto == 60) && src.size() == 16 && data.size() >= 8) {
    proto = static_cast<std::size_t>(data[0]);
    data = From(data, (static_cast<std::size_t>(data[1]) + 1) * 8);
  }
  if (proto == 44 && src.size() == 16) return Fragment(src, dst, data);
  if (proto == 4) return Link(0x0800, data);
  if (proto == 41) return Link(0x86dd, data);
  if (proto == 47 && data.size() >= 4) return Link(Number(data, 2, 2), From(data, 4));
  if (proto == 6 || proto == 17) Transport(src, dst, proto, std::move(data));
}

void IpHost::Fragment(const Octets& src, const Octets& dst, const Octets& data) {
  if (data.size() < 8) return;
  const std::size_t field = Number(data, 2, 2);
  const std::size_t proto = static_cast<std::size_t>(data[0]);
  const std::size_t offset = field & 0xfff8u;
  const bool more = (field & 1) != 0;
  Octets payload = From(data, 8);
  if ((more || offset != 0) && !Defragment({src, dst, proto, Number(data, 4, 4)}, offset, more, payload)) return;
  Upper(src, dst, proto, std::move(payload));
}

// True once this fragment completes the datagram, whose payload is then in `data`.
bool IpHost::Defragment(const Key& key, std::size_t offset, bool more, Octets& data) {
  Fragments& all = fragments_[key];
  all.pieces.push_back({static_cast<std::int64_t>(offset), data});
  if (!more) all.total = all.pieces.back().end();
  if (all.total < 0) return false;
  bool differ = false;
  data = Assemble(all.pieces, policy_, differ);
  if (data.size() < static_cast<std::size_t>(all.total)) return false;
  data.resize(static_cast<std::size_t>(all.total));
  fragments_.erase(key);
  return true;
}

void IpHost::Transport(const Octets& src, const Octets& dst, std::size_t proto, Octets data) {
  if (data.size() < (proto == 6 ? 20u : 8u)) return;
  if (proto == 17) {
    data = From(data, 0, std::max<std::size_t>(8, Number(data, 4, 2)));
    if (Number(data, 2, 2) == 4789 && data.size() > 16) return Link(0x6558, From(data, 16));
  }
  if (!IsGood(Sum(src) + Sum(dst) + data.size() + proto + Sum(data))) return;
  datagrams.push_back({src, dst, proto == 17, std::move(data)});
}

}  // namespace weir::disguise
