#pragma once
#include <nghttp2/nghttp2.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir::test {

using HeaderFields = std::vector<std::pair<std::string, std::string>>;

inline const std::string kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// A frame (RFC 9113 s4.1).
inline Octets Http2Frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, const Octets& payload) {
  return Octets{static_cast<std::byte>(payload.size() >> 16), static_cast<std::byte>(payload.size() >> 8),
                static_cast<std::byte>(payload.size()), static_cast<std::byte>(type), static_cast<std::byte>(flags)} +
         Be16({static_cast<std::uint16_t>(stream >> 16), static_cast<std::uint16_t>(stream)}) + payload;
}

// What an endpoint's HPACK encoder makes: indexed fields, Huffman, a dynamic table.
class HpackEncoder {
 public:
  explicit HpackEncoder(std::size_t table = 4096) {
    nghttp2_hd_deflate_new(&deflater_, table);
    if (table > 4096) nghttp2_hd_deflate_change_table_size(deflater_, table);
  }
  ~HpackEncoder() { nghttp2_hd_deflate_del(deflater_); }
  HpackEncoder(const HpackEncoder&) = delete;
  HpackEncoder& operator=(const HpackEncoder&) = delete;

  Octets Block(HeaderFields fields) {
    std::vector<nghttp2_nv> list;
    for (auto& [name, value] : fields) {
      list.push_back({reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()),
                      name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    Octets out(nghttp2_hd_deflate_bound(deflater_, list.data(), list.size()));
    const auto size = nghttp2_hd_deflate_hd(deflater_, reinterpret_cast<std::uint8_t*>(out.data()), out.size(),
                                            list.data(), list.size());
    out.resize(static_cast<std::size_t>(size));
    return out;
  }
  void ChangeTable(std::size_t size) { nghttp2_hd_deflate_change_table_size(deflater_, size); }

 private:
  nghttp2_hd_deflater* deflater_ = nullptr;
};

// Literals without Huffman and index (RFC 7541 s6.2.2); names and values below 127 bytes.
inline Octets PlainBlock(const HeaderFields& fields) {
  Octets out;
  for (const auto& [name, value] : fields) out = out + Hex("00") + Sized(1, Text(name)) + Sized(1, Text(value));
  return out;
}

inline HeaderFields Get(const std::string& authority, const std::string& path = "/") {
  return {{":method", "GET"}, {":scheme", "http"}, {":path", path}, {":authority", authority}, {"user-agent", "ua"}};
}

inline Octets Headers(std::uint32_t stream, const Octets& block, std::uint8_t flags = 0x5) {
  return Http2Frame(1, flags, stream, block);
}
inline Octets Settings() { return Http2Frame(4, 0, 0, {}); }
inline Octets ClientStart() { return Text(kHttp2Preface) + Settings(); }

}  // namespace weir::test
