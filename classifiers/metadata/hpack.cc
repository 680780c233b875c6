#include "classifiers/metadata/hpack.h"

#include <nghttp2/nghttp2.h>

#include <new>
#include <string_view>

namespace weir {

void Hpack::Delete::operator()(nghttp2_hd_inflater* inflater) const noexcept { nghttp2_hd_inflate_del(inflater); }

Hpack::Hpack() {
  nghttp2_hd_inflater* inflater = nullptr;
  if (nghttp2_hd_inflate_new(&inflater) != 0) throw std::bad_alloc();
  inflater_.reset(inflater);
  nghttp2_hd_inflate_change_table_size(inflater, kMaxTable);
}
Hpack::~Hpack() = default;
Hpack::Hpack(Hpack&&) noexcept = default;
Hpack& Hpack::operator=(Hpack&&) noexcept = default;

Hpack::Outcome Hpack::Decode(Bytes block, std::size_t& budget, std::vector<Header>& out) {
  const auto* at = reinterpret_cast<const std::uint8_t*>(block.data());
  std::size_t left = block.size();
  for (;;) {
    nghttp2_nv field{};
    int flags = 0;
    const auto taken = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, at, left, 1);
    if (taken < 0) return Outcome::kDefect;
    at += taken;
    left -= static_cast<std::size_t>(taken);
    const bool emitted = (flags & NGHTTP2_HD_INFLATE_EMIT) != 0;
    if (emitted) {
      const std::string_view name(reinterpret_cast<const char*>(field.name), field.namelen);
      const bool kept = name != "cookie" && name != "set-cookie";
      const std::size_t cost = 32 + (kept ? field.namelen + field.valuelen : 0);
      if (cost > budget) return Outcome::kOverBudget;
      budget -= cost;
      if (kept) out.emplace_back(name, std::string(reinterpret_cast<const char*>(field.value), field.valuelen));
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    if (!emitted && left == 0) return Outcome::kDefect;
  }
  nghttp2_hd_inflate_end_headers(inflater_.get());
  return Outcome::kWhole;
}

std::size_t Hpack::memory_bytes() const noexcept {
  constexpr std::size_t kContext = 2048;  // the decoder itself with its ring of 128 entries
  return kContext + nghttp2_hd_inflate_get_dynamic_table_size(inflater_.get());
}

}  // namespace weir
