#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "classifiers/metadata/inspector.h"
#include "classifiers/metadata/tls_hunt.h"

namespace weir {

// A dialogue of text lines (XMPP: of tags) that may switch to TLS: SMTP and LMTP,
// IMAP, POP3, FTP, NNTP, ManageSieve, IRC, XMPP. Message text and literals are
// passed over as the server's own replies say that it takes them, so a ClientHello
// inside of them is not read, and a DATA that the server refused hides nothing.
// Holds at most one line (kMaxLine) a direction, and its TlsHunt.
//
// Sources: RFC 3207, RFC 3030 (BDAT), RFC 9051 s6.2.1, RFC 7888 (literals),
// RFC 2595 s4, RFC 4217, RFC 4642, RFC 5804 s2.2, RFC 6120 s5, ircv3 tls-3.1.
class TextReader {
 public:
  static constexpr std::size_t kMaxLine = 4096;
  static constexpr bool kGreets = true;
  static constexpr bool kYields = true;  // "EHLO / HTTP/1.1" is a request with an odd method

  // 0: no, -1: not enough to tell, n > 0: the dialect to construct it with.
  [[nodiscard]] static int Probe(Direction direction, Bytes start) noexcept;

  TextReader(const ReaderLimits& limits, int dialect);
  void OnStream(Direction direction, Bytes bytes, Metadata& out, Inspection& result);
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return lines_[0].capacity() + lines_[1].capacity() + hunt_.memory_bytes();
  }

 private:
  enum class Mode : std::uint8_t { kCommand, kMessage, kLiteral };

  void OnClient(Bytes bytes, Metadata& out, Inspection& result);
  void OnServer(Bytes bytes, Metadata& out, Inspection& result);
  void OnClientLine(std::string_view line);
  void OnServerLine(std::string_view line);
  void OnCommand(std::string_view first, std::string_view second, std::string_view line);
  void TakeMessageByte(char c) noexcept;
  [[nodiscard]] bool GoesAhead(std::string_view line);

  const ReaderLimits* limits_;
  int dialect_;
  TlsHunt hunt_;
  std::array<std::string, 2> lines_;
  std::string tags_;  // of the requests to switch
  std::uint64_t literal_left_ = 0;
  std::uint64_t literal_offered_ = 0;  // {n}: taken once the server says so
  std::uint64_t command_bytes_ = 0;
  std::string_view message_reply_;  // what the server says to take the message asked for
  Mode mode_ = Mode::kCommand;
  std::uint32_t greeted_ = 0;  // 220s of the server
  std::uint8_t dots_ = 0;      // how much of CRLF . CRLF
  bool asked_ = false;         // the client asked for TLS
  bool switched_ = false;      // and the server went ahead: whatever comes is TLS
  bool chunking_ = false;      // the server takes BDAT
  bool literals_ = false;      // the server takes {n+}
  bool spent_ = false;
};

}  // namespace weir
