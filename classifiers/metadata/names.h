#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// How names stand in tls.sni, quic.sni and http.host, whatever the sender wrote, so that one rule meets every spelling
// that a server or proxy takes for the same host:
//   - percent-encoding undone (RFC 3986 s3.2.2: reg-name may be encoded, proxies decode it);
//   - a port cut off, and with it whatever else stands after the colon (servers skip it unread);
//   - UTF-8 mapped to A-labels by UTS #46, non-transitional (libidn2), as Go's and curl's proxies do before they look a
//     name up: full-width letters, ideographic dots and ss/ß end as browsers would have sent them. A label that the
//     mapping refuses keeps its bytes. xn-- labels stay as they are: they are not decoded;
//   - lower case (ASCII), without one trailing dot.
// Rules are written in that form: an internationalised name by its xn-- labels. Linear in the name; longer than 1024
// bytes, or with a NUL, UTF-8 is left alone (no host has such a name).
[[nodiscard]] std::string NormaliseHost(std::string_view name);

// NormaliseHost without an allocation, of what most names are: at most 255 bytes, each of them ASCII that may
// stand in a host, without encoding, port or brackets. ReadHost would read that one name and call it well formed.
class PlainHost {
 public:
  // False: the name is of another kind.
  [[nodiscard]] bool Read(std::string_view name) noexcept;
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }

 private:
  std::array<char, 255> text_;
  std::size_t size_ = 0;
};

// The names that some server reads in a Host field, a request target's authority or :authority. First the whole; where
// it holds bytes that no host has (blank, comma, NUL, '/', '@', ... RFC 9112 s3.2 wants a 400 then), also each piece
// between them, and `well_formed` is false. Linear: the pieces together are no longer than the value.
struct HostReadings {
  std::vector<std::string> names;
  bool well_formed = true;
};
[[nodiscard]] HostReadings ReadHost(std::string_view value);

}  // namespace weir
