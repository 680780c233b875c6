#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "classifiers/metadata/inspector.h"
#include "classifiers/metadata/tls_reader.h"

namespace weir {

// TLS that begins somewhere in a client's bytes after it asked to switch
// (STARTTLS and its kin). Where is not ours to know: a server may throw away what
// it has buffered behind the request (Postfix does, since CVE-2011-0411) and read
// the next segment as TLS. So every place where a first record could begin is
// followed, until the server answers with a ServerHello; at most kMaxReadings.
//
// Raises kSwitchBudget where more places than that are open, or the server
// answered a hello that none of them has whole.
class TlsHunt {
 public:
  static constexpr std::size_t kMaxReadings = 4;

  explicit TlsHunt(const ReaderLimits& limits) : limits_(&limits) {}
  // `may_begin`: TLS may start in these bytes; otherwise only what began goes on.
  void OnClient(Bytes bytes, bool may_begin, Metadata& out, Inspection& result);
  void OnServer(Bytes bytes, Metadata& out, Inspection& result);

  [[nodiscard]] bool found() const noexcept;  // a whole hello
  [[nodiscard]] bool waits() const noexcept;  // for the rest of one that began
  [[nodiscard]] bool over() const noexcept { return over_; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  void Feed(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  [[nodiscard]] bool IsNew(std::uint64_t window) const noexcept;

  const ReaderLimits* limits_;
  std::vector<TlsReader> readings_;
  std::array<std::uint64_t, 2> window_{};  // the last eight bytes of each direction
  bool server_answers_ = false;
  bool over_ = false;
};

}  // namespace weir
