#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "classifiers/metadata/inspector.h"
#include "classifiers/metadata/quic_keys.h"

namespace weir {

// The Initial packets of the client side of one UDP flow, for every connection
// that is tried on it: v1, v2 and the drafts 23 to 34. CRYPTO frames in any order,
// over any number of packets and datagrams (RFC 9000 s7.5, s17.2.2, s19.6). A long
// header of another version is kQuicUnknownVersion. Initials in datagrams below
// 1200 bytes are read too, though servers discard them. The client may be either
// side: the flow's first packet may have been a server's, late.
//
// Trying a key costs some microseconds, whatever comes of it: beyond ReaderLimits::opens
// in one datagram kWorkBudget is raised and the rest of it is not read.
// Any connection id has keys, so a client may begin as many first flights as it
// likes: beyond kMaxAttempts the oldest whose hello is whole is let go, and what then
// opens with no key raises kTlsHandshakeBudget; so does one more that none makes room
// for, and more than handshake_bytes held for all of them together. The rest is not read.
//
// Raises kSwitchBudget where the server goes on to the handshake with half a hello here:
// it has had the other half from elsewhere (another port of the client's, RFC 9000 s9).
// A server may go on in another version (RFC 9369 s4), with keys of the same first id.
class QuicReader {
 public:
  // Does a long header begin here, of a version that we can read, or one that we
  // cannot: then by what no version changes (RFC 8999 s5.1) and a client's first
  // size (RFC 9000 s14.1)? The fixed bit is asked for, though RFC 9287 lets it be
  // 0: only after the server's transport parameters, so in no Initial; it keeps RTP
  // out. For every datagram: a few loads.
  [[nodiscard]] static bool LooksLike(Bytes datagram) noexcept;
  // On a flow that speaks QUIC: any packet of it?
  // What a server answers to the first packet of a version that it does not speak (RFC
  // 9000 s17.2.1): a Version Negotiation packet with v1 and v2. Empty if `datagram` is
  // none that may be answered.
  [[nodiscard]] static std::vector<std::byte> NegotiateVersion(Bytes datagram);
  [[nodiscard]] static bool IsPacket(Bytes datagram) noexcept {
    return !datagram.empty() && LoadU8(datagram.data()) >= 0x40;
  }

  explicit QuicReader(const ReaderLimits& limits) : limits_(&limits) {}
  void OnDatagram(Direction direction, Bytes datagram, Metadata& out, Inspection& result);
  [[nodiscard]] std::size_t memory_bytes() const noexcept;
  [[nodiscard]] bool mid_message() const noexcept;

 private:
  // One first flight: its keys and the handshake bytes that came so far.
  struct Attempt {
    const QuicVersion* version = nullptr;
    QuicInitialKeys keys;
    std::vector<std::byte> id;           // that the keys are of
    const QuicVersion* later = nullptr;  // another version that was tried for it
    QuicInitialKeys later_keys;
    std::vector<std::byte> bytes;                 // handshake stream from 0
    std::map<std::uint64_t, std::uint64_t> have;  // disjoint [start, end)
    std::size_t read = 0;                         // messages before it were whole and are read
    std::uint64_t next_number = 0;                // one above the largest packet number

    [[nodiscard]] const QuicInitialKeys& KeysOf(const QuicVersion& of);
    [[nodiscard]] bool whole() const noexcept { return read > 0 && have.size() == 1 && have.begin()->second == read; }
  };

  void OnInitial(const QuicVersion& version, Direction direction, Bytes dcid, Bytes packet, std::size_t number_at,
                 Metadata& out, Inspection& result);
  bool MakeRoom();
  [[nodiscard]] bool MayOpen(Inspection& result) const noexcept;
  void OnFrames(Attempt& attempt, Bytes frames, Metadata& out, Inspection& result);
  void OnCrypto(Attempt& attempt, std::uint64_t offset, Bytes data, Inspection& result);
  void ReadHello(Attempt& attempt, Metadata& out, Inspection& result);

  const ReaderLimits* limits_;
  std::vector<Attempt> attempts_;
  Direction client_ = Direction::kToServer;  // the direction of what the client sends
  std::size_t held_ = 0;                     // bytes of all attempts
  bool server_secured_ = false;              // the server sent more than Initials
  bool forgot_ = false;                      // an attempt was let go
  TxId next_tx_ = 0;
};

}  // namespace weir
