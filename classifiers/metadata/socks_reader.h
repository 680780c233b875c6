#pragma once
#include <cstdint>
#include <string>

#include "classifiers/metadata/inspector.h"

namespace weir {

// What a client says to a SOCKS proxy (4, 4a, 5), up to its request; the rest of
// both directions is the tunnel's. The client is never waited for: it may send all
// at once. Adds the requested domain as kSocksHost. Holds less than 1 KiB.
//
// Sources: RFC 1928 s3-6, RFC 1929 s2, openssh.org socks4.protocol and socks4a.protocol.
class SocksReader {
 public:
  [[nodiscard]] static int Probe(Direction direction, Bytes start) noexcept;  // -1 unknown yet, 0 no, 1 yes

  explicit SocksReader(const ReaderLimits&) {}
  void OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  [[nodiscard]] bool tunnels() const noexcept { return open_; }
  [[nodiscard]] std::size_t consumed() const noexcept { return consumed_; }
  // What the server said behind its answer, before the client's request was whole: it belongs inside.
  [[nodiscard]] std::string TakeHeld(Direction direction);
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return client_.capacity() + server_.capacity() + held_.capacity();
  }

 private:
  [[nodiscard]] std::size_t ReadClient(Metadata& out);
  [[nodiscard]] std::size_t ReadVersion5(Metadata& out);
  [[nodiscard]] std::size_t ServerBytes();

  std::string client_;  // all that it said so far
  static constexpr std::size_t kMostHeld = 4096;
  std::string server_;
  std::string held_;
  std::size_t consumed_ = 0;
  bool open_ = false;      // the client's request is whole
  bool answered_ = false;  // and the server's answer to it
  bool broken_ = false;
};

// A connection's origin as a proxy in front of the server tells it (PROXY protocol
// of HAProxy, versions 1 and 2, proxy-protocol.txt s2): one header, then whatever
// the client sends. Several headers may follow each other.
class ProxyReader {
 public:
  [[nodiscard]] static int Probe(Direction direction, Bytes start) noexcept;

  explicit ProxyReader(const ReaderLimits&) {}
  void OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  [[nodiscard]] bool tunnels() const noexcept { return open_; }
  [[nodiscard]] std::size_t consumed() const noexcept { return consumed_; }
  // What the server said before the header's end: it belongs inside. At most kMostHeld bytes.
  [[nodiscard]] std::string TakeHeld(Direction direction);
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return head_.capacity() + held_.capacity(); }

 private:
  static constexpr std::size_t kMostHeld = 4096;
  std::string head_;
  std::string held_;
  std::size_t left_ = 0;
  std::size_t consumed_ = 0;
  bool open_ = false;
};

}  // namespace weir
