#include "classifiers/metadata/http_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "classifiers/metadata/http_head.h"

namespace weir {
namespace {

constexpr std::size_t kMostUnanswered = 1024;
constexpr std::size_t kProbed = 4096;     // bytes at a start line's place that tell HTTP from a tunnel
constexpr std::size_t kMostHeld = 4096;   // of a server that speaks before it is asked
constexpr TxId kMostWithoutRequest = 16;  // responses read where no request is ever seen (one-sided traffic)

std::string_view TrimLine(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool TakesNoContent(std::string_view method) noexcept {
  constexpr std::string_view kMethods[] = {"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"};
  return std::any_of(std::begin(kMethods), std::end(kMethods),
                     [&](std::string_view known) { return EqualsNoCase(method, known); });
}

// A field's value for servers that a bare CR ends a line for (Python's http.server); empty: it has none.
std::string BeforeBareCr(std::string_view value) {
  std::size_t at = value.find('\r');
  while (at != std::string_view::npos && at + 1 < value.size() && value[at + 1] == '\n') at = value.find('\r', at + 1);
  if (at == std::string_view::npos) return {};
  std::string start(value.substr(0, at));
  std::erase_if(start, [](char c) { return c == '\r' || c == '\n'; });
  return std::string(TrimLine(start));
}

// Without the bytes that a lenient server skips or a C string ends at.
std::string NameOf(std::string_view text) {
  std::string name(text);
  std::erase_if(name, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
  return name;
}

}  // namespace

int HttpReader::Probe(Bytes start) noexcept { return ProbeHttp(AsText(start)); }

void HttpReader::OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  const Half& half = halves_[Index(direction)];
  const std::size_t given = bytes.size();
  while (!bytes.empty() && !broken_ && !other_ && half.body != Body::kTunnel) {
    bytes = bytes.subspan(Take(direction, bytes, out, result));
  }
  consumed_ = given - bytes.size();
  result.proto = other_ ? AppProto::kUnknown : http2_ ? AppProto::kHttp2 : AppProto::kHttp;
  broken_ = broken_ || (http2_ && http2_->broken());
  result.state = other_ ? ReaderState::kUnknown : broken_ ? ReaderState::kNoMoreNames : ReaderState::kNameMayCome;
}

std::size_t HttpReader::Take(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  Half& half = halves_[Index(direction)];
  switch (half.body) {
    case Body::kHead:
    case Body::kTrailer:
      return TakeHead(direction, bytes, out, result);
    case Body::kChunked:
      return TakeChunks(direction, bytes, out, result);
    case Body::kLength: {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), half.left));
      if (direction == Direction::kToServer) scout_.OnBytes(bytes.first(n), half.tx - 1, out, result);
      half.left -= n;
      if (half.left == 0) half.body = Body::kHead;
      return n;
    }
    case Body::kHttp2:
      http2_->OnStream(direction, bytes, out, result);
      return bytes.size();
    case Body::kUntilClose:
    case Body::kTunnel:
      break;
  }
  return bytes.size();
}

// A line at a time, so that the scout begins at the same byte however they come.
std::size_t HttpReader::TakeChunks(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  Half& half = halves_[Index(direction)];
  const bool client = direction == Direction::kToServer;
  std::size_t taken = 0;
  while (taken < bytes.size() && !half.chunks.done()) {
    const std::string_view rest = AsText(bytes.subspan(taken));
    const std::size_t line_end = rest.find('\n');
    const Bytes line = bytes.subspan(taken, line_end == std::string_view::npos ? rest.size() : line_end + 1);
    const bool ambiguous = half.chunks.ambiguous();
    const std::size_t n = half.chunks.Take(line);
    if (client && !ambiguous && half.chunks.ambiguous()) {
      result.events |= Bit(ReaderEvent::kHttpBadRequest);
      scout_.Begin(HttpScout::Look::kAll, n == 0 || line[n - 1] != std::byte{'\n'});
    } else if (client) {
      scout_.OnBytes(line.first(n), half.tx - 1, out, result);
    }
    taken += n;
    if (n == 0) break;
  }
  if (half.chunks.done()) half.body = Body::kTrailer;
  return taken;
}

std::size_t HttpReader::TakeHead(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  Half& half = halves_[Index(direction)];
  if (half.body == Body::kHead && half.first_line) {
    if (half.head.empty()) {
      const std::size_t empty = std::min(AsText(bytes).find_first_not_of("\r\n"), bytes.size());
      if (empty > 0) return empty;
    }
    if (std::size_t taken = 0; TakeOther(direction, bytes, out, result, taken)) return taken;
  }
  const void* newline = std::memchr(bytes.data(), '\n', bytes.size());
  const std::size_t n = newline == nullptr
                            ? bytes.size()
                            : static_cast<std::size_t>(static_cast<const std::byte*>(newline) - bytes.data()) + 1;
  half.head.append(AsText(bytes.first(n)));
  if (direction == Direction::kToServer && half.body == Body::kTrailer)
    scout_.OnBytes(bytes.first(n), half.tx - 1, out, result);
  if (half.head.size() > limits_->http_head_bytes) {
    Break(result, ReaderEvent::kHttpHeadBudget);
    return n;
  }
  if (direction == Direction::kToServer) CheckRequestBytes(out, result);
  if (newline != nullptr) OnLine(direction, out, result);
  return n;
}

bool HttpReader::TakeOther(Direction direction, Bytes bytes, Metadata& out, Inspection& result, std::size_t& taken) {
  Half& half = halves_[Index(direction)];
  const bool server = direction == Direction::kToClient;
  const bool in_tunnel = tunnels_ && accepted_;
  if (!in_tunnel && !server && !MayTunnel()) return false;
  std::string text = half.head.substr(0, kProbed);
  text.append(AsText(bytes).substr(0, kProbed - text.size()));
  if (!in_tunnel && (server ? ProbeHttpResponse(text) : ProbeHttp(text)) != 0) return false;
  if (server && !unanswered_.empty() && unanswered_.front() == Asked::kPreface) {
    half.body = Body::kHttp2;
    http2_->OnStream(direction, AsBytes(std::string_view(half.head)), out, result);
    half.head = {};
  } else if (!server || accepted_) {
    BeginTunnel(half);
  } else if (unanswered_.empty() && half.head.size() + bytes.size() <= kMostHeld) {
    half.head.append(AsText(bytes));  // HTTP/2's first frames, before the client's preface
    taken = bytes.size();
  } else {
    half.body = Body::kUntilClose;  // HTTP/0.9, or nothing that we know
    half.head = {};
  }
  return true;
}

void HttpReader::BeginTunnel(Half& half) {
  half.body = Body::kTunnel;
  tunnels_ = true;
}

std::string HttpReader::TakeHeld(Direction direction) {
  Half& half = halves_[Index(direction)];
  return half.body == Body::kTunnel ? std::exchange(half.head, {}) : std::string{};
}

// NUL and a CR that ends no line: for some servers the end of a string or of a line (RFC 9112 s2.2, RFC 9110 s5.5).
// Two of them may be the head's end: what it names until there is read at once.
void HttpReader::CheckRequestBytes(Metadata& out, Inspection& result) {
  Half& half = halves_[Index(Direction::kToServer)];
  const std::string_view head = half.head;
  // What may still turn out to be a tunnel's is not judged as HTTP.
  if (half.first_line && MayTunnel() && ProbeHttp(head.substr(0, kProbed)) < 0) return;
  for (std::size_t i = std::exchange(half.checked, head.size()); i < head.size(); ++i) {
    const bool bare = i > 0 && head[i - 1] == '\r' && head[i] != '\n';
    if (!bare && head[i] != '\0') continue;
    result.events |= Bit(ReaderEvent::kHttpBadRequest);
    const bool ends = bare && (head[i] == '\r' || i == 1 || head[i - 2] == '\n' || head[i - 2] == '\r');
    if (!ends || half.told_odd || half.body == Body::kTrailer) continue;
    half.told_odd = true;
    ReadPieces(head.substr(0, i), half.first_line, out, result);
  }
}

// A head's lines where a bare CR ends one too.
void HttpReader::ReadPieces(std::string_view text, bool from_request_line, Metadata& out, Inspection& result) {
  const TxId tx = halves_[Index(Direction::kToServer)].tx;
  bool request_line = from_request_line;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of("\r\n");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty()) continue;
    const std::size_t colon = line.find(':');
    if (request_line) {
      const RequestLine request = ReadRequestLine(line);
      if (!request.method.empty()) result.events |= AddRequest(request.method, request.target, tx, host_, out);
    } else if (colon != std::string_view::npos && EqualsNoCase(NameOf(line.substr(0, colon)), "host")) {
      result.events |= AddHost(TrimLine(line.substr(colon + 1)), tx, host_, out);
    }
    request_line = false;
  }
}

void HttpReader::OnLine(Direction direction, Metadata& out, Inspection& result) {
  Half& half = halves_[Index(direction)];
  std::string_view line = std::string_view(half.head).substr(half.line_start, half.head.size() - 1 - half.line_start);
  while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  half.line_start = half.head.size();
  const bool blank = TrimLine(line).empty();
  if (half.body == Body::kTrailer) {
    if (!blank) return;
    if (!line.empty() && direction == Direction::kToServer) result.events |= Bit(ReaderEvent::kHttpBadRequest);
    half.body = Body::kHead;
  } else if (half.first_line) {
    half.first_line = blank;
    if (!blank && direction == Direction::kToServer) OnRequestLine(line, out, result);
    if (!blank && direction == Direction::kToClient) OnStatusLine(line, out);
    if (half.body == Body::kTunnel) return;
  } else if (line.empty() || (blank && direction == Direction::kToClient)) {
    OnHead(direction, out, result);
    half.first_line = true;
    half.told_odd = false;
  } else {
    // A line of blanks ends the head for some and continues a field for others (RFC 9112 s5.2).
    if (!blank) return;
    result.events |= Bit(ReaderEvent::kHttpBadRequest);
    if (!half.told_odd) ReadFields(direction, out, result);
    half.told_odd = true;
    return;
  }
  half.head.clear();
  half.line_start = half.checked = 0;
}

void HttpReader::OnRequestLine(std::string_view line, Metadata& out, Inspection& result) {
  Half& half = halves_[Index(Direction::kToServer)];
  const RequestLine request = ReadRequestLine(line);
  if (request.method.empty()) {
    half.first_line = true;
    if (MayTunnel()) return BeginTunnel(half);
    other_ = half.tx == 0 && !http2_;
    if (!other_) Break(result, ReaderEvent::kHttpBadRequest);
    return;
  }
  method_ = request.method;
  host_.clear();
  old_ = request.version.empty() || request.version.ends_with("/1.0");
  preface_ = request.method == "PRI" && request.version == "HTTP/2.0";
  if (preface_) return;
  result.events |= AddRequest(request.method, request.target, half.tx, host_, out);
  if (!request.version.empty()) out.Add(BufferId::kHttpProtocol, Direction::kToServer, half.tx, request.version);
  if (line.find('\r') != std::string_view::npos) ReadPieces(line, true, out, result);
}

void HttpReader::OnStatusLine(std::string_view line, Metadata& out) {
  const std::size_t space = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view code = TrimLine(line.substr(space)).substr(0, 3);
  status_ = 0;
  for (const char c : code) status_ = c >= '0' && c <= '9' ? status_ * 10 + (c - '0') : 0;
  const Half& half = halves_[Index(Direction::kToClient)];
  if (KeepsAnswer()) out.Add(BufferId::kHttpStatus, Direction::kToClient, half.tx, code);
}

bool HttpReader::KeepsAnswer() const noexcept {
  const TxId asked = halves_[Index(Direction::kToServer)].tx;
  return halves_[Index(Direction::kToClient)].tx < (asked == 0 ? kMostWithoutRequest : asked);
}

HttpReader::Fields HttpReader::ReadFields(Direction direction, Metadata& out, Inspection& result) {
  Fields fields;
  std::string_view rest = halves_[Index(direction)].head;
  while (!rest.empty()) {
    std::size_t end = rest.find('\n');
    bool folded = false;
    // A line that begins with a blank continues the one before (RFC 9112 s5.2).
    while (end != std::string_view::npos && end + 1 < rest.size() && (rest[end + 1] == ' ' || rest[end + 1] == '\t')) {
      end = rest.find('\n', end + 1);
      folded = true;
    }
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    ReadField(direction, line, folded, fields, out, result);
  }
  return fields;
}

void HttpReader::ReadField(Direction direction, std::string_view line, bool folded, Fields& fields, Metadata& out,
                           Inspection& result) {
  const bool request = direction == Direction::kToServer;
  const TxId tx = halves_[Index(direction)].tx;
  while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    const std::string name = NameOf(line.substr(0, colon));
    std::string unfolded(line.substr(colon + 1));
    std::erase_if(unfolded, [](char c) { return c == '\r' || c == '\n'; });
    const std::string_view value = TrimLine(unfolded);
    fields.framing.OnField(name, value, folded || name.size() != colon);
    if (EqualsNoCase(name, "upgrade")) {
      fields.upgrades = true;
      fields.upgrades_to_http2 = ListHas(value, "h2c");
    }
    if (request && EqualsNoCase(name, "host")) {
      result.events |= AddHost(value, tx, host_, out);
      if (const std::string start = BeforeBareCr(line.substr(colon + 1)); !start.empty())
        result.events |= AddHost(start, tx, host_, out);
      if (name.size() != TrimLine(line.substr(0, colon)).size()) result.events |= Bit(ReaderEvent::kHttpBadRequest);
    }
    if (request || KeepsAnswer()) {
      AddField(direction, name, value, tx, out);
      AppendHeader(name, value, fields.header);
    }
  }
  if (!request || folded || line.find('\r') == std::string_view::npos) return;
  const std::size_t first = line.find('\r');
  ReadPieces(line.substr(first), false, out, result);
}

void HttpReader::OnHead(Direction direction, Metadata& out, Inspection& result) {
  Half& half = halves_[Index(direction)];
  half.body = Body::kHead;
  half.chunks = {};
  const Fields fields = ReadFields(direction, out, result);
  if (!fields.header.empty()) out.Add(BufferId::kHttpHeader, direction, half.tx, fields.header);
  if (direction == Direction::kToServer) return OnRequestHead(fields, out, result);
  OnResponseHead(fields, out, result);
}

void HttpReader::OnRequestHead(const Fields& fields, Metadata&, Inspection& result) {
  Half& half = halves_[Index(Direction::kToServer)];
  if (preface_) {
    Ask(Asked::kPreface);
    BeginHttp2();
    half.body = Body::kHttp2;
    return;
  }
  const BodyFraming& framing = fields.framing;
  const bool connect = EqualsNoCase(method_, "CONNECT");
  const std::uint64_t length = framing.length().value_or(0);
  const bool ambiguous =
      framing.ambiguous() || (framing.coded() && old_) || (connect && (framing.coded() || length > 0));
  if (ambiguous) result.events |= Bit(ReaderEvent::kHttpBadRequest);
  half.left = length;
  if (!connect && (framing.chunked() || length > 0)) half.body = framing.chunked() ? Body::kChunked : Body::kLength;
  scout_.Begin(ambiguous                 ? HttpScout::Look::kAll
               : TakesNoContent(method_) ? HttpScout::Look::kAtRequest
                                         : HttpScout::Look::kNone);
  result.tx_complete = true;
  result.tx = half.tx++;
  Ask(connect                         ? Asked::kConnect
      : fields.upgrades               ? Asked::kUpgrade
      : EqualsNoCase(method_, "HEAD") ? Asked::kHead
                                      : Asked::kPlain);
}

void HttpReader::OnResponseHead(const Fields& fields, Metadata&, Inspection& result) {
  Half& half = halves_[Index(Direction::kToClient)];
  const bool switches = status_ == 101;
  if (status_ >= 100 && status_ < 200 && !switches) return;
  Asked asked = Asked::kPlain;
  if (!unanswered_.empty()) {
    asked = unanswered_.front();
    unanswered_.erase(unanswered_.begin());
    Forget(asked);
  }
  // Answered before its body came: some do not wait for it then.
  const Body client = halves_[Index(Direction::kToServer)].body;
  const bool early = unanswered_.empty() && (client == Body::kLength || client == Body::kChunked);
  if (early && !scout_.looks()) scout_.Begin(HttpScout::Look::kAtRequest);
  if (asked != Asked::kPreface) {
    if (half.tx < halves_[Index(Direction::kToServer)].tx) {
      result.tx_complete = true;
      result.tx = std::max(result.tx, half.tx);
    }
    ++half.tx;
  }
  if (switches && fields.upgrades_to_http2) {
    BeginHttp2();
    if (half.tx > 0) http2_->OnUpgrade(half.tx - 1);
    half.body = Body::kHttp2;
  } else if (switches || (asked == Asked::kConnect && status_ / 100 == 2)) {
    accepted_ = true;
  } else if (asked != Asked::kHead && status_ != 204 && status_ != 304) {
    const std::optional<std::uint64_t> length = fields.framing.length();
    half.left = length.value_or(0);
    half.body = fields.framing.chunked() ? Body::kChunked
                : !length                ? Body::kUntilClose
                : *length > 0            ? Body::kLength
                                         : Body::kHead;
  }
}

void HttpReader::Ask(Asked asked) {
  unanswered_.push_back(asked);
  if (asked == Asked::kConnect || asked == Asked::kUpgrade) ++hopes_;
  if (unanswered_.size() <= kMostUnanswered) return;
  // The answers are not seen, or nobody reads them: the latest matter.
  const Asked oldest = unanswered_.front();
  unanswered_.erase(unanswered_.begin());
  Forget(oldest);
  if (oldest != Asked::kPreface) ++halves_[Index(Direction::kToClient)].tx;
}

void HttpReader::Forget(Asked asked) {
  if (asked == Asked::kConnect || asked == Asked::kUpgrade) --hopes_;
}

void HttpReader::BeginHttp2() {
  if (!http2_) http2_ = std::make_unique<Http2Reader>(*limits_, halves_[Index(Direction::kToServer)].tx);
}

void HttpReader::Break(Inspection& result, ReaderEvent event) {
  result.events |= Bit(event);
  broken_ = true;
  for (Half& half : halves_) half.head = {};
}

std::size_t HttpReader::memory_bytes() const noexcept {
  return halves_[0].head.capacity() + halves_[1].head.capacity() + scout_.memory_bytes() +
         unanswered_.capacity() * sizeof(Asked) + (http2_ ? sizeof(Http2Reader) + http2_->memory_bytes() : 0);
}

}  // namespace weir
