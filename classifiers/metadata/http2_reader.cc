#include "classifiers/metadata/http2_reader.h"

#include <algorithm>

#include "classifiers/metadata/http_framing.h"
#include "classifiers/metadata/http_head.h"

namespace weir {
namespace {

// Frame types and flags (RFC 9113 s6).
constexpr std::uint8_t kData = 0;
constexpr std::uint8_t kHeaders = 1;
constexpr std::uint8_t kRstStream = 3;
constexpr std::uint8_t kPushPromise = 5;
constexpr std::uint8_t kContinuation = 9;
constexpr std::uint8_t kEndStream = 0x1;
constexpr std::uint8_t kEndHeaders = 0x4;
constexpr std::uint8_t kPadded = 0x8;
constexpr std::uint8_t kPriority = 0x20;

constexpr std::string_view kPreface = "SM\r\n\r\n";  // its second half (s3.4)
constexpr std::size_t kMostStreams = 1024;
constexpr std::size_t kMostTunnels = 64;
constexpr std::uint8_t kTcp = 6;

std::string_view First(const std::vector<Hpack::Header>& fields, std::string_view name) noexcept {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

void Http2Reader::OnUpgrade(TxId tx) {
  newest_ = std::max(newest_, 1u);
  Open(1, tx);
}

void Http2Reader::OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  Half& half = halves_[Index(direction)];
  allowance_ = std::size_t{4} * limits_->http_head_bytes + 32 * bytes.size();
  while (!bytes.empty() && !half.dead) {
    std::size_t n = 0;
    if (direction == Direction::kToServer && half.preface_size < kPreface.size()) {
      n = TakePreface(bytes, result);
    } else if (half.header_size < half.header.size()) {
      n = TakeHeader(direction, bytes, result);
    } else {
      n = TakePayload(direction, bytes, out, result);
    }
    bytes = bytes.subspan(n);
    const bool whole = half.header_size == half.header.size() && half.frame.left == 0;
    if (whole && !half.dead) OnFrameEnd(direction, out, result);
  }
}

std::size_t Http2Reader::TakePreface(Bytes bytes, Inspection& result) {
  Half& half = halves_[Index(Direction::kToServer)];
  const std::string_view expected = kPreface.substr(half.preface_size);
  const std::size_t n = std::min(expected.size(), bytes.size());
  half.preface_size = static_cast<std::uint8_t>(half.preface_size + n);
  if (AsText(bytes.first(n)) != expected.substr(0, n)) {
    Break(Direction::kToServer, result, ReaderEvent::kHttpBadRequest);
  }
  return n;
}

std::size_t Http2Reader::TakeHeader(Direction direction, Bytes bytes, Inspection& result) {
  Half& half = halves_[Index(direction)];
  const std::size_t n = std::min(bytes.size(), half.header.size() - half.header_size);
  std::copy_n(bytes.begin(), n, half.header.begin() + half.header_size);
  half.header_size = static_cast<std::uint8_t>(half.header_size + n);
  if (half.header_size == half.header.size() && !BeginFrame(direction, half)) {
    Break(direction, result, ReaderEvent::kHttpBadRequest);
  }
  return n;
}

// False: a frame that ends the connection for every peer, where it touches header blocks.
bool Http2Reader::BeginFrame(Direction direction, Half& half) {
  const std::uint32_t length_and_type = LoadBe32(half.header.data());
  half.frame = {length_and_type >> 8, static_cast<std::uint8_t>(length_and_type), LoadU8(&half.header[4]),
                LoadBe32(&half.header[5]) & 0x7fffffff};
  const Frame& frame = half.frame;
  half.prefix_size = 0;
  half.padding = 0;
  if (half.in_block != (frame.type == kContinuation)) return false;  // s6.2, s6.10
  if (half.in_block && frame.stream != half.block_stream) return false;
  const bool padded = (frame.flags & kPadded) != 0;
  half.prefix_needed = 0;
  if (frame.type == kData) half.prefix_needed = padded ? 1 : 0;
  if (frame.type == kHeaders) {
    half.prefix_needed = static_cast<std::uint8_t>((padded ? 1 : 0) + ((frame.flags & kPriority) != 0 ? 5 : 0));
  }
  if (frame.type == kPushPromise) half.prefix_needed = padded ? 5 : 4;
  if (frame.type == kHeaders || frame.type == kPushPromise) {
    if (frame.stream == 0) return false;
    if (frame.type == kPushPromise && direction == Direction::kToServer) return false;  // s8.4
    half.in_block = true;
    half.block_stream = frame.stream;
    half.pushes = frame.type == kPushPromise;
    half.ends_stream = !half.pushes && (frame.flags & kEndStream) != 0;
    half.block.clear();
  }
  return half.prefix_needed <= frame.left;
}

std::size_t Http2Reader::TakePayload(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  Half& half = halves_[Index(direction)];
  std::size_t n = std::min<std::size_t>(bytes.size(), half.frame.left);
  if (half.prefix_size < half.prefix_needed) {
    n = std::min<std::size_t>(n, half.prefix_needed - half.prefix_size);
    std::copy_n(bytes.begin(), n, half.prefix.begin() + half.prefix_size);
    half.prefix_size = static_cast<std::uint8_t>(half.prefix_size + n);
    half.frame.left -= static_cast<std::uint32_t>(n);
    if (half.prefix_size == half.prefix_needed && !OnPrefix(half)) {
      Break(direction, result, ReaderEvent::kHttpBadRequest);
    }
    return n;
  }
  const std::size_t content = half.frame.left - half.padding;
  if (content == 0) {
    half.padding = static_cast<std::uint8_t>(half.padding - n);
  } else {
    n = std::min(n, content);
    OnContent(direction, bytes.first(n), out, result);
  }
  half.frame.left -= static_cast<std::uint32_t>(n);
  return n;
}

bool Http2Reader::OnPrefix(Half& half) {
  if ((half.frame.flags & kPadded) != 0) half.padding = LoadU8(half.prefix.data());
  if (half.frame.type == kPushPromise) half.promised = LoadBe32(&half.prefix[half.prefix_needed - 4u]) & 0x7fffffff;
  return half.padding <= half.frame.left;  // s6.1: more is an error of the connection
}

void Http2Reader::OnContent(Direction direction, Bytes bytes, Metadata& out, Inspection& result) {
  Half& half = halves_[Index(direction)];
  if (half.frame.type == kData) {
    const auto tunnel = tunnels_.find(half.frame.stream);
    if (tunnel != tunnels_.end()) result.events |= tunnel->second->OnStream(direction, bytes, out).events;
    return;
  }
  if (!half.in_block) return;
  if (half.block.size() + bytes.size() > limits_->http_head_bytes) {
    return Break(direction, result, ReaderEvent::kHttpHeadBudget);
  }
  half.block.append(AsText(bytes));
}

void Http2Reader::OnFrameEnd(Direction direction, Metadata& out, Inspection& result) {
  Half& half = halves_[Index(direction)];
  half.header_size = 0;
  const Frame& frame = half.frame;
  if (half.in_block) {
    if ((frame.flags & kEndHeaders) == 0) return;
    half.in_block = false;
    return OnBlock(direction, out, result);
  }
  const bool ends = frame.type == kRstStream || (frame.type == kData && (frame.flags & kEndStream) != 0);
  if (!ends) return;
  // A tunnel that only the server closed may still carry what the client sends.
  if (frame.type == kRstStream || direction == Direction::kToServer) tunnels_.erase(frame.stream);
  if (frame.type == kRstStream || direction == Direction::kToClient) streams_.erase(frame.stream);
}

void Http2Reader::OnBlock(Direction direction, Metadata& out, Inspection& result) {
  Half& half = halves_[Index(direction)];
  std::vector<Hpack::Header> fields;
  std::size_t budget = std::min<std::size_t>(limits_->http_head_bytes, allowance_);
  allowance_ -= budget;
  const Hpack::Outcome outcome = half.hpack.Decode(AsBytes(std::string_view(half.block)), budget, fields);
  allowance_ += budget;
  half.block.clear();
  const bool request = half.pushes || direction == Direction::kToServer;
  const std::uint32_t stream = half.pushes ? half.promised : half.block_stream;
  // What was read before a defect or the budget is not taken back.
  if (request) {
    OnRequest(stream, fields, out, result);
  } else {
    OnResponse(stream, fields, out, result);
  }
  if (outcome == Hpack::Outcome::kDefect) Break(direction, result, ReaderEvent::kHttpBadRequest);
  if (outcome == Hpack::Outcome::kOverBudget) Break(direction, result, ReaderEvent::kHttpHeadBudget);
}

void Http2Reader::OnRequest(std::uint32_t stream, const std::vector<Hpack::Header>& fields, Metadata& out,
                            Inspection& result) {
  const bool pseudo = std::any_of(fields.begin(), fields.end(),
                                  [](const Hpack::Header& field) { return field.first.starts_with(":"); });
  const bool pushed = (stream & 1) == 0;
  if (!pushed && stream <= newest_) {
    if (!pseudo) return;                                 // trailers
    result.events |= Bit(ReaderEvent::kHttpBadRequest);  // a second request on a stream, or one out of order
  }
  if (!pushed) newest_ = std::max(newest_, stream);
  const TxId tx = next_++;
  const std::string_view method = First(fields, ":method");
  std::string first;
  std::string header;
  // :authority first, as it is the one that counts.
  for (const auto& [name, value] : fields) {
    if (name == ":authority") result.events |= AddHost(value, tx, first, out);
  }
  result.events |= AddRequest(method, First(fields, ":path"), tx, first, out);
  out.Add(BufferId::kHttpProtocol, Direction::kToServer, tx, "HTTP/2");
  for (const auto& [name, value] : fields) {
    if (EqualsNoCase(name, "host")) result.events |= AddHost(value, tx, first, out);
    AddField(Direction::kToServer, name, value, tx, out);
    if (!name.starts_with(":")) AppendHeader(name, value, header);
  }
  if (!header.empty()) out.Add(BufferId::kHttpHeader, Direction::kToServer, tx, header);
  // Extended CONNECT (RFC 8441) carries WebSocket frames and the like: no tunnel of bytes.
  if (EqualsNoCase(method, "CONNECT") && First(fields, ":protocol").empty()) OpenTunnel(stream, result);
  Open(stream, tx);
  result.tx_complete = true;
  result.tx = tx;
}

void Http2Reader::OnResponse(std::uint32_t stream, const std::vector<Hpack::Header>& fields, Metadata& out,
                             Inspection& result) {
  const auto open = streams_.find(stream);
  if (open == streams_.end()) return;
  const TxId tx = open->second;
  std::string header;
  for (const auto& [name, value] : fields) {
    if (name == ":status") out.Add(BufferId::kHttpStatus, Direction::kToClient, tx, value);
    AddField(Direction::kToClient, name, value, tx, out);
    if (!name.starts_with(":")) AppendHeader(name, value, header);
  }
  if (!header.empty()) out.Add(BufferId::kHttpHeader, Direction::kToClient, tx, header);
  if (!result.tx_complete) result.tx = tx;
  result.tx = std::max(result.tx, tx);
  result.tx_complete = true;
  if (halves_[Index(Direction::kToClient)].ends_stream) streams_.erase(open);
  const std::string_view status = First(fields, ":status");
  if (!status.starts_with("1") && !status.starts_with("2")) tunnels_.erase(stream);
}

void Http2Reader::OpenTunnel(std::uint32_t stream, Inspection& result) {
  if (limits_->tunnels == 0 || tunnels_.size() >= kMostTunnels) {
    return Break(Direction::kToServer, result, ReaderEvent::kHttpHeadBudget);
  }
  ReaderLimits limits = *limits_;
  --limits.tunnels;
  tunnels_[stream] = std::make_unique<Inspector>(limits, kTcp);
}

void Http2Reader::Open(std::uint32_t stream, TxId tx) {
  // Where nobody answers: what the oldest is answered names nothing.
  if (streams_.size() >= kMostStreams) streams_.erase(streams_.begin());
  streams_[stream] = tx;
}

void Http2Reader::Break(Direction direction, Inspection& result, ReaderEvent event) {
  Half& half = halves_[Index(direction)];
  half.dead = true;
  half.block = {};
  result.events |= Bit(event);
  if (direction == Direction::kToServer) result.events |= Bit(ReaderEvent::kHttp2Broken);
}

std::size_t Http2Reader::memory_bytes() const noexcept {
  constexpr std::size_t kNode = 6 * sizeof(void*);
  std::size_t sum = (streams_.size() + tunnels_.size()) * kNode;
  for (const Half& half : halves_) sum += half.block.capacity() + half.hpack.memory_bytes();
  for (const auto& [stream, tunnel] : tunnels_) sum += tunnel->memory_bytes();
  return sum;
}

}  // namespace weir
