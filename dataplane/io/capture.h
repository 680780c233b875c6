#pragma once
#include <memory>
#include <optional>
#include <string>

#include "dataplane/core/frame.h"
#include "dataplane/core/result.h"

namespace weir {

// Reads one pcap or pcapng file (libpcap). Frames come in file order; time is
// the file's, in nanoseconds precision kept for CaptureWriter.
class CaptureReader {
 public:
  static Result<std::unique_ptr<CaptureReader>> Open(const std::string& path);
  ~CaptureReader();

  struct Frame {
    Bytes bytes;             // as captured; valid until the next call
    std::uint32_t wire_len;  // as it was on the wire; > bytes.size(): snapped
    std::int64_t time_ns;    // since the epoch, as in the file; within 1970..2255
  };
  // The next frame; nullopt at the end. kCorrupt: a damaged or cut-off record
  // (all before it were handed out).
  Result<std::optional<Frame>> Next();
  [[nodiscard]] LinkType link() const noexcept;
  [[nodiscard]] int dlt() const noexcept;  // libpcap's DLT_* number
  // Does the file itself count nanoseconds (pcap of that magic, any pcapng)?
  [[nodiscard]] bool nanoseconds() const noexcept;

 private:
  CaptureReader();
  struct State;
  std::unique_ptr<State> state_;
};

// Writes a pcap file, nanosecond or microsecond magic as asked.
class CaptureWriter {
 public:
  static Result<std::unique_ptr<CaptureWriter>> Create(const std::string& path, int dlt, bool nanoseconds);
  ~CaptureWriter();
  Result<void> Write(Bytes frame, std::int64_t time_ns, std::uint32_t wire_len);
  Result<void> Close();  // flushes; a full disk shows here at the latest

 private:
  CaptureWriter();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
