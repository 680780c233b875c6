#include "dataplane/io/capture.h"

#include <pcap/pcap.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace weir {
namespace {

LinkType LinkOf(int dlt) noexcept {
  switch (dlt) {
    case DLT_EN10MB:
      return LinkType::kEthernet;
    case DLT_RAW:
    case 14:
    case 101:
    case DLT_IPV4:
    case DLT_IPV6:
      return LinkType::kRawIp;
    case DLT_LINUX_SLL:
      return LinkType::kLinuxSll;
    case DLT_LINUX_SLL2:
      return LinkType::kLinuxSll2;
    case DLT_NULL:
      return LinkType::kNull;
    case DLT_LOOP:
      return LinkType::kLoop;
    case DLT_PPP:
    case DLT_PPP_SERIAL:
      return LinkType::kPpp;
    case DLT_PPP_WITH_DIR:
      return LinkType::kPppDir;
    case DLT_IEEE802_11:
      return LinkType::kIeee80211;
    case DLT_IEEE802_11_RADIO:
      return LinkType::kRadiotap;
    case DLT_PPI:
      return LinkType::kPpi;
    default:
      return LinkType::kUnsupported;
  }
}

constexpr int kSnapLength = 262144;
constexpr std::size_t kReadBytes = 256 * 1024;  // at a time: libpcap's own 4 KiB are a system call for a few frames
constexpr std::int64_t kLastSecond = 9'000'000'000;  // year 2255: its nanoseconds fit into 63 bits

// libpcap extends a pcap file's 32 bits of seconds by their sign; they count to 2106. A
// pcapng file may hold any 64 bits.
std::int64_t SecondsOf(const pcap_pkthdr& header) noexcept {
  std::int64_t seconds = header.ts.tv_sec;
  if (seconds < 0 && seconds >= INT32_MIN) seconds += std::int64_t{1} << 32;
  return std::clamp<std::int64_t>(seconds, 0, kLastSecond);
}

}  // namespace

struct CaptureReader::State {
  pcap_t* pcap = nullptr;
  std::unique_ptr<char[]> room;  // the stream's: setvbuf without one ignores the size
  std::string path;
  bool nanoseconds = false;
  ~State() {
    if (pcap != nullptr) pcap_close(pcap);
  }
};

CaptureReader::CaptureReader() : state_(std::make_unique<State>()) {}
CaptureReader::~CaptureReader() = default;

Result<std::unique_ptr<CaptureReader>> CaptureReader::Open(const std::string& path) {
  std::unique_ptr<CaptureReader> made(new CaptureReader());
  char error[PCAP_ERRBUF_SIZE] = "";
  errno = 0;
  made->state_->path = path;
  std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rbe");
  if (file == nullptr) {
    return Fail(errno == ENOENT ? Errc::kNotFound : Errc::kCorrupt, path + ": " + std::strerror(errno));
  }
  if (file != stdin) {  // which outlives the room
    made->state_->room = std::make_unique_for_overwrite<char[]>(kReadBytes);
    std::setvbuf(file, made->state_->room.get(), _IOFBF, kReadBytes);
  }
  made->state_->pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);
  if (made->state_->pcap == nullptr) std::fclose(file);
  if (made->state_->pcap != nullptr) {
    std::uint32_t magic = 0;
    std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(&magic), sizeof magic);
    made->state_->nanoseconds = magic == 0xa1b23c4d || magic == 0x4d3cb2a1 || magic == 0x0a0d0d0a;
    return made;
  }
  const std::string what = error;
  return Fail(Errc::kCorrupt, what.find(path) == std::string::npos ? path + ": " + what : what);
}

Result<std::optional<CaptureReader::Frame>> CaptureReader::Next() {
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  const int got = pcap_next_ex(state_->pcap, &header, &bytes);
  if (got == PCAP_ERROR_BREAK) return std::nullopt;
  if (got != 1) return Fail(Errc::kCorrupt, state_->path + ": " + pcap_geterr(state_->pcap));
  // With nanosecond precision tv_usec counts nanoseconds.
  return Frame{{reinterpret_cast<const std::byte*>(bytes), header->caplen},
               header->len,
               SecondsOf(*header) * 1'000'000'000 + std::clamp<std::int64_t>(header->ts.tv_usec, 0, 999'999'999)};
}

LinkType CaptureReader::link() const noexcept { return LinkOf(dlt()); }
bool CaptureReader::nanoseconds() const noexcept { return state_->nanoseconds; }
int CaptureReader::dlt() const noexcept { return pcap_datalink(state_->pcap); }

struct CaptureWriter::State {
  pcap_t* pcap = nullptr;
  pcap_dumper_t* dumper = nullptr;
  std::string path;
  bool nanoseconds = false;
  ~State() {
    if (dumper != nullptr) pcap_dump_close(dumper);
    if (pcap != nullptr) pcap_close(pcap);
  }
  [[nodiscard]] tl::unexpected<Error> Failed() const { return Fail(Errc::kIo, path + ": " + std::strerror(errno)); }
};

CaptureWriter::CaptureWriter() : state_(std::make_unique<State>()) {}
CaptureWriter::~CaptureWriter() = default;

Result<std::unique_ptr<CaptureWriter>> CaptureWriter::Create(const std::string& path, int dlt, bool nanoseconds) {
  std::unique_ptr<CaptureWriter> made(new CaptureWriter());
  State& s = *made->state_;
  s.path = path;
  s.nanoseconds = nanoseconds;
  s.pcap = pcap_open_dead_with_tstamp_precision(dlt, kSnapLength,
                                                nanoseconds ? PCAP_TSTAMP_PRECISION_NANO : PCAP_TSTAMP_PRECISION_MICRO);
  s.dumper = s.pcap == nullptr ? nullptr : pcap_dump_open(s.pcap, path.c_str());
  if (s.dumper == nullptr) return Fail(Errc::kIo, s.pcap == nullptr ? path + ": out of memory" : pcap_geterr(s.pcap));
  return made;
}

Result<void> CaptureWriter::Write(Bytes frame, std::int64_t time_ns, std::uint32_t wire_len) {
  pcap_pkthdr header{};
  header.ts.tv_sec = time_ns / 1'000'000'000;
  header.ts.tv_usec = state_->nanoseconds ? time_ns % 1'000'000'000 : time_ns % 1'000'000'000 / 1000;
  header.caplen = static_cast<bpf_u_int32>(frame.size());
  header.len = wire_len;
  pcap_dump(reinterpret_cast<u_char*>(state_->dumper), &header, reinterpret_cast<const u_char*>(frame.data()));
  if (std::ferror(pcap_dump_file(state_->dumper)) != 0) return state_->Failed();
  return {};
}

Result<void> CaptureWriter::Close() {
  const bool bad = pcap_dump_flush(state_->dumper) != 0;
  if (bad) return state_->Failed();
  pcap_dump_close(state_->dumper);
  state_->dumper = nullptr;
  return {};
}

}  // namespace weir
