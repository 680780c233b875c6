#include "classifiers/metadata/http_reader.h"

#include <algorithm>
#include <cstring>

#include "classifiers/metadata/names.h"

namespace weir {
namespace {

constexpr std::uint64_t kMostChunk = std::uint64_t{1} << 59;

constexpr std::array<std::string_view, 16> kMethods = {"GET",     "POST",  "HEAD",   "PUT",      "DELETE",    "OPTIONS",
                                                       "CONNECT", "PATCH", "TRACE",  "PROPFIND", "PROPPATCH", "MOVE",
                                                       "COPY",    "LOCK",  "REPORT", "SEARCH"};

std::string_view Trim(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool EqualsNoCase(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

bool ContainsNoCase(std::string_view text, std::string_view word) noexcept {
  return std::search(text.begin(), text.end(), word.begin(), word.end(),
                     [](char x, char y) { return (x | 0x20) == (y | 0x20); }) != text.end();
}

// The authority of an absolute URI, without userinfo; empty for another form.
std::string_view Authority(std::string_view uri) noexcept {
  const std::size_t scheme = uri.find("://");
  if (scheme == std::string_view::npos || scheme > 10 || uri.front() == '/') return {};
  uri.remove_prefix(scheme + 3);
  uri = uri.substr(0, uri.find_first_of("/?#"));
  const std::size_t at = uri.rfind('@');
  return at == std::string_view::npos ? uri : uri.substr(at + 1);
}

void AddHost(std::string_view host, TxId tx, Metadata& out) {
  out.Add(BufferId::kHttpHost, Direction::kToServer, tx, NormaliseHost(host));
  out.Add(BufferId::kHttpHostRaw, Direction::kToServer, tx, host);
}

}  // namespace

int HttpReader::Probe(Bytes start) noexcept {
  std::string_view text = AsText(start);
  while (!text.empty() && (text.front() == '\r' || text.front() == '\n')) text.remove_prefix(1);
  if (text.empty()) return start.size() < 64 ? -1 : 0;
  if (text.starts_with("HTTP/1.")) return 1;
  if (std::string_view("HTTP/1.").starts_with(text)) return -1;
  for (const std::string_view method : kMethods) {
    if (text.size() > method.size() ? text.starts_with(method) && text[method.size()] == ' ' : false) return 1;
    if (method.starts_with(text)) return -1;
  }
  return 0;
}

void HttpReader::OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  Half& half = halves_[Index(direction)];
  result.proto = AppProto::kHttp;
  const std::size_t given = bytes.size();
  while (!bytes.empty() && !broken_ && !(tunnels_ && half.body == Body::kForever)) {
    std::size_t n = bytes.size();
    switch (half.body) {
      case Body::kHead:
      case Body::kTrailer:
        n = TakeHead(direction, half, bytes, out, result);
        break;
      case Body::kChunkSize:
        n = TakeChunkLine(half, bytes);
        break;
      case Body::kLength:
      case Body::kChunkData:
        n = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), half.left));
        half.left -= n;
        if (half.left == 0) half.body = half.body == Body::kLength ? Body::kHead : Body::kChunkSize;
        break;
      case Body::kForever:
        break;
    }
    bytes = bytes.subspan(n);
  }
  consumed_ = given - bytes.size();
  result.state = broken_ ? ReaderState::kNoMoreNames : ReaderState::kNameMayCome;
}

std::size_t HttpReader::TakeHead(Direction direction, Half& half, Bytes bytes, Metadata& out, Inspection& result) {
  const void* newline = std::memchr(bytes.data(), '\n', bytes.size());
  const std::size_t n = newline == nullptr
                            ? bytes.size()
                            : static_cast<std::size_t>(static_cast<const std::byte*>(newline) - bytes.data()) + 1;
  half.head.append(AsText(bytes.first(n)));
  if (half.head.size() > limits_->http_head_bytes) {
    result.events |= Bit(ReaderEvent::kHttpHeadBudget);
    broken_ = true;
    half.head = {};
    return n;
  }
  if (newline == nullptr) return n;
  const std::string_view line =
      Trim(std::string_view(half.head).substr(half.line_start, half.head.size() - 1 - half.line_start));
  half.line_start = half.head.size();
  if (!line.empty()) return n;
  if (half.body == Body::kTrailer) {
    half.body = Body::kHead;
  } else if (half.head.find_first_not_of("\r\n") != std::string::npos) {
    OnHead(direction, half, out, result);
  }
  half.head.clear();
  half.line_start = 0;
  return n;
}

// chunk-size [ chunk-ext ] CRLF (RFC 9112 s7.1), and the empty line that ends a chunk's data.
std::size_t HttpReader::TakeChunkLine(Half& half, Bytes bytes) {
  ChunkLine& line = half.chunk_line;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = static_cast<char>(bytes[i]);
    if (c == '\n') {
      if (line.any) {
        half.left = line.size;
        half.body = half.left == 0 ? Body::kTrailer : Body::kChunkData;
      }
      line = {};
      return i + 1;
    }
    if (c == ' ' || c == '\t' || c == '\r') continue;
    line.any = true;
    const int digit = c >= '0' && c <= '9'                     ? c - '0'
                      : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                               : -1;
    line.ended = line.ended || digit < 0;
    // Any number of leading zeros is a number; one beyond 60 bits is more than any connection brings.
    if (!line.ended) line.size = std::min(line.size * 16 + static_cast<unsigned>(digit), kMostChunk);
  }
  return bytes.size();
}

void HttpReader::OnHead(Direction direction, Half& half, Metadata& out, Inspection& result) {
  std::string_view head = half.head;
  while (!head.empty() && (head.front() == '\r' || head.front() == '\n')) head.remove_prefix(1);
  half.body = Body::kHead;
  half.left = 0;
  const TxId tx = half.tx++;
  bool first = true;
  std::string fields;  // http.header: "Name: value" lines as they should be
  while (!head.empty()) {
    std::size_t end = head.find('\n');
    // A line that begins with a blank continues the one before (RFC 9112 s5.2).
    while (!first && end + 1 < head.size() && (head[end + 1] == ' ' || head[end + 1] == '\t'))
      end = head.find('\n', end + 1);
    std::string line(Trim(head.substr(0, end)));
    std::erase_if(line, [](char c) { return c == '\r' || c == '\n'; });
    head.remove_prefix(std::min(end, head.size() - 1) + 1);
    if (first && direction == Direction::kToServer) {
      OnRequestLine(line, tx, out, result);
    } else if (first) {
      out.Add(BufferId::kHttpStatus, direction, tx,
              std::string_view(line).substr(std::min<std::size_t>(9, line.size()), 3));
      if (tunnels_) half.body = Body::kForever;
    } else if (const std::size_t colon = line.find(':'); colon != std::string::npos) {
      const std::string_view name = Trim(std::string_view(line).substr(0, colon));
      const std::string_view value = Trim(std::string_view(line).substr(colon + 1));
      OnField(direction, name, value, half, out);
      fields.append(name).append(": ").append(value).append("\r\n");
    }
    first = false;
  }
  if (!fields.empty()) out.Add(BufferId::kHttpHeader, direction, tx, fields);
  if (tunnels_) half.body = Body::kForever;
  if (direction == Direction::kToServer) {
    result.tx_complete = true;
    result.tx = tx;
  }
}

void HttpReader::OnRequestLine(std::string_view line, TxId tx, Metadata& out, Inspection& result) {
  const std::size_t space = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (space == std::string_view::npos || Probe(AsBytes(line)) == 0) {
    // After an upgrade, or no HTTP at all: what follows is not ours to read.
    result.events |= Bit(ReaderEvent::kHttpBadRequest);
    broken_ = true;
    return;
  }
  const std::string_view method = line.substr(0, space);
  const std::string_view uri = Trim(last > space ? line.substr(space + 1, last - space - 1) : line.substr(space + 1));
  out.Add(BufferId::kHttpMethod, Direction::kToServer, tx, method);
  out.Add(BufferId::kHttpUri, Direction::kToServer, tx, uri);
  out.Add(BufferId::kHttpUriRaw, Direction::kToServer, tx, uri);
  if (last > space) out.Add(BufferId::kHttpProtocol, Direction::kToServer, tx, line.substr(last + 1));
  if (method == "CONNECT") {
    tunnels_ = true;
    AddHost(uri, tx, out);
  } else if (const std::string_view host = uri.empty() ? uri : Authority(uri); !host.empty()) {
    AddHost(host, tx, out);
  }
}

void HttpReader::OnField(Direction direction, std::string_view name, std::string_view value, Half& half,
                         Metadata& out) {
  const TxId tx = half.tx - 1;
  if (EqualsNoCase(name, "content-length") && half.body == Body::kHead) {
    half.left = 0;
    for (const char c : value.substr(0, 18)) {
      if (c < '0' || c > '9') break;
      half.left = half.left * 10 + static_cast<unsigned>(c - '0');
    }
    if (half.left > 0) half.body = Body::kLength;
  } else if (EqualsNoCase(name, "transfer-encoding") && ContainsNoCase(value, "chunked")) {
    half.body = Body::kChunkSize;  // wins over a length (RFC 9112 s6.3)
  } else if (EqualsNoCase(name, "content-type")) {
    out.Add(BufferId::kHttpContentType, direction, tx, value);
  }
  if (direction == Direction::kToClient) return;
  if (EqualsNoCase(name, "host")) AddHost(value, tx, out);
  if (EqualsNoCase(name, "user-agent")) out.Add(BufferId::kHttpUserAgent, direction, tx, value);
  if (EqualsNoCase(name, "referer")) out.Add(BufferId::kHttpReferer, direction, tx, value);
}

}  // namespace weir
