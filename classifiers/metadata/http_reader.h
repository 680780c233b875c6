#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "classifiers/metadata/http2_reader.h"
#include "classifiers/metadata/http_framing.h"
#include "classifiers/metadata/http_scout.h"
#include "classifiers/metadata/inspector.h"

namespace weir {

// HTTP in clear on a connection for its whole life: every request head, also those that come pipelined or after a body
// (RFC 9112), and HTTP/2 from where the client sends its preface or the server answers 101 to `Upgrade: h2c`
// (RFC 9113 s3.3, RFC 7540 s3.2).
//
// Lenient where servers are: bare LF, any number of empty lines first, blanks around names, folded lines, absolute URI,
// any method. Where two servers would read two requests, names are taken from both readings and kHttpBadRequest is
// raised: a length or coding that is not agreed on (http_framing.h), a bare CR or NUL in a head, a line of blanks
// only, bytes in a Host that no host has. A body is never read as a request where the framing is agreed on and the
// server waits for it; else http_scout.h looks for names there.
//
// After CONNECT and Upgrade the client's bytes are HTTP as long as they look like it (a refused CONNECT, a proxy within
// a proxy); else both directions are a tunnel, which is the caller's to read. Unreadable requests end the reading with
// kHttpBadRequest and ReaderState::kNoMoreNames. A first line of another protocol (RTSP, SIP): ReaderState::kUnknown.
//
// Memory: two heads of ReaderLimits::http_head_bytes, 1024 unanswered requests of one byte, and the Http2Reader.
class HttpReader {
 public:
  [[nodiscard]] static int Probe(Bytes start) noexcept;  // -1 unknown yet, 0 no, 1 yes

  explicit HttpReader(const ReaderLimits& limits) : limits_(&limits) {}
  void OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  // In a tunnel: how many of the bytes given last were still HTTP; the rest belongs to the tunnel, after what TakeHeld
  // gives: bytes of earlier calls that turned out to be the tunnel's.
  [[nodiscard]] bool tunnels() const noexcept { return tunnels_; }
  [[nodiscard]] std::size_t consumed() const noexcept { return consumed_; }
  [[nodiscard]] std::string TakeHeld(Direction direction);
  [[nodiscard]] bool mid_message() const noexcept { return !halves_[Index(Direction::kToServer)].head.empty(); }
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  enum class Body : std::uint8_t { kHead, kLength, kChunked, kTrailer, kUntilClose, kTunnel, kHttp2 };
  enum class Asked : std::uint8_t { kPlain, kHead, kConnect, kUpgrade, kPreface };
  struct Half {
    std::string head;            // of a message whose head is not whole; in a tunnel: what TakeHeld gives
    std::size_t line_start = 0;  // in head
    std::size_t checked = 0;     // bytes of head
    std::uint64_t left = 0;      // body bytes to skip
    ChunkedBody chunks;
    TxId tx = 0;
    Body body = Body::kHead;
    bool first_line = true;  // the start line is not read yet
    bool told_odd = false;   // names of a possible earlier end of this head were read
  };
  struct Fields {
    BodyFraming framing;
    std::string header;  // http.header
    bool upgrades = false;
    bool upgrades_to_http2 = false;
  };

  std::size_t Take(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  std::size_t TakeChunks(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  std::size_t TakeHead(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  // True: the bytes at a start line's place are no HTTP/1; `taken` of them were read or kept.
  bool TakeOther(Direction direction, Bytes bytes, Metadata& out, Inspection& result, std::size_t& taken);
  void CheckRequestBytes(Metadata& out, Inspection& result);
  void OnLine(Direction direction, Metadata& out, Inspection& result);
  void OnRequestLine(std::string_view line, Metadata& out, Inspection& result);
  void OnStatusLine(std::string_view line, Metadata& out);
  void OnHead(Direction direction, Metadata& out, Inspection& result);
  void OnRequestHead(const Fields& fields, Metadata& out, Inspection& result);
  void OnResponseHead(const Fields& fields, Metadata& out, Inspection& result);
  Fields ReadFields(Direction direction, Metadata& out, Inspection& result);
  void ReadField(Direction direction, std::string_view line, bool folded, Fields& fields, Metadata& out,
                 Inspection& result);
  void ReadPieces(std::string_view text, bool from_request_line, Metadata& out, Inspection& result);
  void Ask(Asked asked);
  void Forget(Asked asked);
  void BeginHttp2();
  void BeginTunnel(Half& half);
  void Break(Inspection& result, ReaderEvent event);
  [[nodiscard]] bool KeepsAnswer() const noexcept;  // are the fields of the present response wanted?
  [[nodiscard]] bool MayTunnel() const noexcept { return accepted_ || hopes_ > 0; }

  const ReaderLimits* limits_;
  std::array<Half, 2> halves_;
  std::vector<Asked> unanswered_;  // at most kMostUnanswered of one octet
  std::unique_ptr<Http2Reader> http2_;
  HttpScout scout_;     // of the client's body at hand
  std::string host_;    // the first of the present request
  std::string method_;  // of the present request
  std::size_t consumed_ = 0;
  std::size_t hopes_ = 0;  // CONNECT and Upgrade among the unanswered
  int status_ = 0;         // of the present response
  bool accepted_ = false;  // a CONNECT or an Upgrade was
  bool preface_ = false;   // the present request line is HTTP/2's
  bool old_ = false;       // it is of HTTP/1.0 or 0.9
  bool tunnels_ = false;
  bool broken_ = false;
  bool other_ = false;  // another protocol after all
};

}  // namespace weir
