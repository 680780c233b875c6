#pragma once
#include <array>
#include <cstdint>
#include <string>

#include "classifiers/metadata/inspector.h"

namespace weir {

// HTTP/1.x on a connection for its whole life: every request head, also those
// that come pipelined or after a body (RFC 9112). Lenient where servers are:
// bare LF, empty lines first, space around names, folded lines, absolute URI.
class HttpReader {
 public:
  [[nodiscard]] static int Probe(Bytes start) noexcept;  // -1 unknown yet, 0 no, 1 yes

  explicit HttpReader(const ReaderLimits& limits) : limits_(&limits) {}
  void OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  // After a CONNECT request: how many of the given bytes were still HTTP; the rest
  // belongs to the tunnel.
  [[nodiscard]] bool tunnels() const noexcept { return tunnels_; }
  [[nodiscard]] std::size_t consumed() const noexcept { return consumed_; }
  [[nodiscard]] bool mid_message() const noexcept { return !halves_[Index(Direction::kToServer)].head.empty(); }
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return halves_[0].head.capacity() + halves_[1].head.capacity();
  }

 private:
  enum class Body : std::uint8_t { kHead, kLength, kChunkSize, kChunkData, kTrailer, kForever };
  struct ChunkLine {
    std::uint64_t size = 0;
    bool any = false;    // a byte that is no blank
    bool ended = false;  // the size: extensions follow
  };
  struct Half {
    std::string head;  // of a message whose head is not whole
    ChunkLine chunk_line;
    Body body = Body::kHead;
    std::uint64_t left = 0;      // body or chunk bytes to skip
    std::size_t line_start = 0;  // in head
    TxId tx = 0;
  };

  std::size_t TakeHead(Direction direction, Half& half, Bytes bytes, Metadata& out, Inspection& result);
  std::size_t TakeChunkLine(Half& half, Bytes bytes);
  void OnHead(Direction direction, Half& half, Metadata& out, Inspection& result);
  void OnRequestLine(std::string_view line, TxId tx, Metadata& out, Inspection& result);
  void OnField(Direction direction, std::string_view name, std::string_view value, Half& half, Metadata& out);

  const ReaderLimits* limits_;
  std::array<Half, 2> halves_;
  std::size_t consumed_ = 0;
  bool tunnels_ = false;
  bool broken_ = false;
};

}  // namespace weir
