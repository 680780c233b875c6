#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "classifiers/metadata/inspector.h"

namespace weir {

// A request line taken as servers take it: any token for a method, any run of blanks between the parts (RFC 9112 s3).
struct RequestLine {
  std::string_view method;
  std::string_view target;
  std::string_view version;  // "HTTP/1.1"; empty: HTTP/0.9
};
// Not a request: an empty method (no token and target, another protocol's version, or 0.9 without GET, HEAD or POST).
[[nodiscard]] RequestLine ReadRequestLine(std::string_view line) noexcept;

// Could these first bytes of a stream be HTTP/1 (a request of any method, a response) or HTTP/2's preface?
// -1: not enough to tell, 0: no, 1: yes. Empty lines and blanks may come first, in any number.
[[nodiscard]] int ProbeHttp(std::string_view start) noexcept;
[[nodiscard]] int ProbeHttpResponse(std::string_view start) noexcept;

// The authorities that some server or proxy finds in a request target: of an absolute URI with any scheme (RFC 9112
// s3.2.2), with the `\` and the missing slashes that browsers' URL parsers accept, of `//host/`, and CONNECT's whole
// target. Without userinfo; where parsers disagree on its end, every reading.
[[nodiscard]] std::vector<std::string_view> TargetAuthorities(std::string_view target, bool connect);

// Adds each name in a Host field or an authority as kHttpHost, and the bytes as kHttpHostRaw. ReaderEvent bits:
// kHttpBadRequest if it is not well-formed; kSeveralNames if it is not `first`, the request's first host (empty: none
// yet, then it is set).
std::uint16_t AddHost(std::string_view value, TxId tx, std::string& first, Metadata& out);
// kHttpMethod, kHttpUri, kHttpUriRaw and the hosts of the target.
std::uint16_t AddRequest(std::string_view method, std::string_view target, TxId tx, std::string& first, Metadata& out);
// User-Agent, Referer, Content-Type: one of the fields that have a buffer of their own.
void AddField(Direction direction, std::string_view name, std::string_view value, TxId tx, Metadata& out);
// As Suricata's http.header: all but cookies.
void AppendHeader(std::string_view name, std::string_view value, std::string& header);

}  // namespace weir
