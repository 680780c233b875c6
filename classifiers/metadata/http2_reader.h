#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "classifiers/metadata/hpack.h"
#include "classifiers/metadata/inspector.h"

namespace weir {

// HTTP/2 in clear (RFC 9113), from the client's bytes after "PRI * HTTP/2.0\r\n\r\n" and from the server's first frame
// on: frames across any split, header blocks over HEADERS, PUSH_PROMISE and CONTINUATION, padded or not.
//
// Each request, on any stream and pushed ones too, is a transaction in order of arrival: :authority and every host
// field (s8.3.1) as kHttpHost, :method, :path, ... as HttpReader gives them, the response's :status and content-type to
// the same transaction. CONNECT (s8.5) names its authority, and the DATA of its stream is read as a tunnel.
//
// Broken: a header block that is interrupted, has bad padding or a HPACK defect, a block of more than http_head_bytes
// or of more fields than that (kHttpHeadBudget), frames where only the other side may send them. In the client's
// direction nothing can be named any more then: kHttp2Broken with kHttpBadRequest, and broken(). In the server's
// direction: kHttpBadRequest, and only its own bytes are read no further.
//
// Linear in the bytes given. Memory: two blocks of http_head_bytes, two HPACK tables of 64 KiB, 1024 open streams, 64
// tunnels (beyond: kHttpHeadBudget, broken).
// The decoded fields of one call are at most 4 x http_head_bytes + 32 x its bytes.
class Http2Reader {
 public:
  Http2Reader(const ReaderLimits& limits, TxId next) : limits_(&limits), next_(next) {}

  // Stream 1 is the HTTP/1.1 request `tx` that asked for the upgrade (RFC 7540 s3.2).
  void OnUpgrade(TxId tx);
  void OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  [[nodiscard]] bool broken() const noexcept { return halves_[Index(Direction::kToServer)].dead; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  struct Frame {
    std::uint32_t left = 0;  // of the payload, padding included
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
  };
  struct Half {
    std::array<std::byte, 9> header{};
    std::array<std::byte, 6> prefix{};  // pad length, priority or promised stream, before what matters of a payload
    std::uint8_t header_size = 0;
    std::uint8_t prefix_size = 0;
    std::uint8_t prefix_needed = 0;
    std::uint8_t preface_size = 0;  // of "SM\r\n\r\n"
    std::uint8_t padding = 0;
    bool in_block = false;  // a header block is open: only its CONTINUATION may follow
    bool ends_stream = false;
    bool dead = false;
    Frame frame;
    std::uint32_t block_stream = 0;
    bool pushes = false;
    std::uint32_t promised = 0;
    std::string block;
    Hpack hpack;
  };
  std::size_t TakePreface(Bytes bytes, Inspection& result);
  std::size_t TakeHeader(Direction direction, Bytes bytes, Inspection& result);
  std::size_t TakePayload(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  [[nodiscard]] static bool BeginFrame(Direction direction, Half& half);
  [[nodiscard]] static bool OnPrefix(Half& half);
  void OnContent(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  void OnFrameEnd(Direction direction, Metadata& out, Inspection& result);
  void OnBlock(Direction direction, Metadata& out, Inspection& result);
  void OnRequest(std::uint32_t stream, const std::vector<Hpack::Header>& fields, Metadata& out, Inspection& result);
  void OnResponse(std::uint32_t stream, const std::vector<Hpack::Header>& fields, Metadata& out, Inspection& result);
  void OpenTunnel(std::uint32_t stream, Inspection& result);
  void Open(std::uint32_t stream, TxId tx);
  void Break(Direction direction, Inspection& result, ReaderEvent event);

  const ReaderLimits* limits_;
  TxId next_;
  std::uint32_t newest_ = 0;   // the client's highest stream
  std::size_t allowance_ = 0;  // decoded bytes left in this call
  std::array<Half, 2> halves_;
  std::map<std::uint32_t, TxId> streams_;  // asked and not answered
  std::map<std::uint32_t, std::unique_ptr<Inspector>> tunnels_;
};

}  // namespace weir
