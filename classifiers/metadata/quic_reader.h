#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "classifiers/metadata/inspector.h"
#include "classifiers/metadata/quic_keys.h"

namespace weir {

// The Initial packets of the client side of one UDP flow, for every connection
// that is tried on it: v1, v2 and the drafts 23 to 34. CRYPTO frames in any order,
// over any number of packets and datagrams (RFC 9000 s7.5, s17.2.2, s19.6).
class QuicReader {
 public:
  // Is this a long header packet of a version we can read (or grease)?
  [[nodiscard]] static bool LooksLike(Bytes datagram) noexcept;

  explicit QuicReader(const ReaderLimits& limits) : limits_(&limits) {}
  void OnDatagram(Direction direction, Bytes datagram, Metadata& out, Inspection& result);
  [[nodiscard]] std::size_t memory_bytes() const noexcept;
  [[nodiscard]] bool mid_message() const noexcept;

 private:
  // One first flight: its keys and the handshake bytes that came so far.
  struct Attempt {
    const QuicVersion* version = nullptr;
    QuicInitialKeys keys;
    std::vector<std::byte> bytes;                 // handshake stream from 0
    std::map<std::uint64_t, std::uint64_t> have;  // disjoint [start, end)
    std::size_t read = 0;                         // messages before it were whole and are read
  };

  void OnInitial(const QuicVersion& version, Bytes dcid, Bytes packet, std::size_t number_at, Metadata& out,
                 Inspection& result);
  void OnFrames(Attempt& attempt, Bytes frames, Metadata& out, Inspection& result);
  void OnCrypto(Attempt& attempt, std::uint64_t offset, Bytes data, Inspection& result);
  void ReadHello(Attempt& attempt, Metadata& out, Inspection& result);

  const ReaderLimits* limits_;
  std::vector<Attempt> attempts_;
  bool server_secured_ = false;  // the server sent more than Initials
  TxId next_tx_ = 0;
};

}  // namespace weir
