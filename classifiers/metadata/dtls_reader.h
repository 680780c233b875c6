#pragma once
#include <cstdint>
#include <vector>

#include "classifiers/metadata/inspector.h"

namespace weir {

// The ClientHellos of one UDP flow that speaks DTLS 1.0, 1.2 or 1.3: records of
// epoch 0, several in a datagram, fragments in any order (RFC 6347 s4.1-4.2, RFC
// 9147 s5.5). Either side may be the client (WebRTC). A fragment that is a whole
// message is read by itself: servers without state (DTLSv1_listen) take no other.
// First wins where fragments overlap; what differs is kHelloConflict.
class DtlsReader {
 public:
  static constexpr std::size_t kMaxOpen = 8;  // messages whose fragments are not all there

  // A record of a version that DTLS has, of epoch 0?
  [[nodiscard]] static bool LooksLike(Bytes datagram) noexcept;

  explicit DtlsReader(const ReaderLimits& limits) : limits_(&limits) {}
  void OnDatagram(Direction direction, Bytes datagram, Metadata& out, Inspection& result);
  [[nodiscard]] bool waits() const noexcept { return !open_.empty(); }  // for the rest of a hello
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  struct Message {
    Direction direction;
    std::uint16_t number;
    std::vector<std::byte> bytes;
    std::vector<bool> have;
    std::size_t missing;
  };

  void OnFragments(Direction direction, Bytes fragments, Metadata& out, Inspection& result);
  void OnHelloPart(Direction direction, std::uint16_t number, std::size_t length, std::size_t offset, Bytes part,
                   Metadata& out, Inspection& result);
  void ReadHello(Bytes body, Metadata& out, Inspection& result);

  const ReaderLimits* limits_;
  std::vector<Message> open_;
  std::size_t hello_bytes_ = 0;
  std::size_t last_hello_ = 0;  // hash of the body: retransmissions are no second hello
  TxId next_tx_ = 0;
  bool answered_ = false;  // a ServerHello, or sealed records
};

}  // namespace weir
