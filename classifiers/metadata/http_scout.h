#pragma once
#include <string>
#include <string_view>

#include "classifiers/metadata/inspector.h"

namespace weir {

// Reads the requests that some server would find in what we read as another request's body: one
// that takes no content with a GET, that has answered already (417 to `Expect`), or that reads a
// length or coding which is not agreed on in the other way (RFC 9112 s6.3, s11.2; RFC 9110 s9.3.1, s10.1.1).
//
// What looks like a request line or a Host field adds its names, more than kMostNames of them in
// a body raise kHttpHeadBudget. Holds at most kMaxLine bytes; linear.
class HttpScout {
 public:
  static constexpr std::size_t kMaxLine = 4096;  // of a longer line the rest is not looked at
  static constexpr unsigned kMostNames = 64;     // a body

  enum class Look : std::uint8_t {
    kNone,
    kAtRequest,  // if what comes next begins as a request does
    kAll,        // at every line
  };
  // A body begins, or what is left of it; `amid_line`: behind the line that is being sent.
  void Begin(Look look, bool amid_line = false);
  void OnBytes(Bytes bytes, TxId tx, Metadata& out, Inspection& result);
  [[nodiscard]] bool looks() const noexcept { return look_ != Look::kNone; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return line_.capacity() + host_.capacity(); }

 private:
  void OnLine(TxId tx, Metadata& out, Inspection& result);
  void OnHost(std::string_view value, TxId tx, Metadata& out, Inspection& result);

  Look look_ = Look::kNone;
  bool amid_line_ = false;
  bool in_host_ = false;  // a folded Host may go on
  unsigned names_ = 0;
  std::string line_;
  std::string host_;
};

}  // namespace weir
