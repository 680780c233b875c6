#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "classifiers/metadata/buffer_id.h"
#include "dataplane/core/bytes.h"
#include "dataplane/core/flow_view.h"

namespace weir {

// A transaction: one TLS or QUIC handshake, one HTTP request and its response,
// one DNS message. Counted from 0 in each flow (EVE `tx_id`).
using TxId = std::uint32_t;

// What the readers found in one undecided flow. Owned by the flow's inspection
// state, gone when the flow is decided. A field never changes once added; a
// name with several values (two SNI entries, DNS questions) is several fields.
// Values are normalised as Suricata does (names lower case, one trailing dot and
// a port stripped in kHttpHost; kHttpHostRaw keeps the bytes).
// One thread: the flow's worker. May allocate (undecided flows only).
class Metadata {
 public:
  struct Field {
    BufferId id;
    Direction direction;
    TxId tx;
    std::uint32_t offset;
    std::uint32_t size;
  };

  // An address of a DNS answer, beside its field kDnsAnswer.
  struct Address {
    TxId tx;
    IpAddress address;
    std::uint8_t ip_version;
    std::uint32_t ttl;  // seconds
  };

  void Add(BufferId id, Direction direction, TxId tx, std::string_view value);
  // So much is about to come: the first fields then cost one allocation each of two, not many.
  void Expect(std::size_t fields, std::size_t bytes);

  void AddAddress(const Address& address) { addresses_.push_back(address); }
  [[nodiscard]] const std::vector<Address>& addresses() const noexcept { return addresses_; }
  void ClearAddresses() noexcept { addresses_.clear(); }

  [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
  [[nodiscard]] const Field& field(std::size_t i) const noexcept { return fields_[i]; }
  [[nodiscard]] std::string_view value(const Field& f) const noexcept {
    return std::string_view(arena_).substr(f.offset, f.size);
  }
  // The first field of that kind in the transaction, empty where there is none.
  [[nodiscard]] std::string_view First(BufferId id, TxId tx) const noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return arena_.capacity() + fields_.capacity() * sizeof(Field) + addresses_.capacity() * sizeof(Address);
  }

  // Forgets the fields of transactions before `tx` (HTTP keep-alive, DNS).
  void DropBefore(TxId tx);

 private:
  std::vector<Field> fields_;
  std::vector<Address> addresses_;
  std::string arena_;
};

}  // namespace weir
