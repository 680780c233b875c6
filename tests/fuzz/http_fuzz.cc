// Input: split, then what a client sends.
// Claims: of a first request that any server would take (method, target, HTTP/1.x, fields,
// an empty line), the authority of the target, else each Host field, is among the hosts
// found, unless a budget was told; however the stream is split, the same is found.
#include "tests/fuzz/support/readings.h"

namespace weir::fuzz {
namespace {

constexpr std::array<std::string_view, 6> kMethods = {"GET", "POST", "HEAD", "PUT", "OPTIONS", "DELETE"};

bool IsHostChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

// Takes a line off; a bare LF ends one too (RFC 9112 s2.2). False: there is none.
bool TakeLine(std::string_view& from, std::string_view& line) {
  const std::size_t end = from.find('\n');
  if (end == std::string_view::npos) return false;
  line = from.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  from.remove_prefix(end + 1);
  return true;
}

// Host fields of a plain origin-form request; nothing for what servers may refuse.
Names Hosts(std::string_view stream) {
  std::string_view line;
  if (!TakeLine(stream, line)) return {};
  const std::size_t space = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (space == std::string_view::npos || last == space || line.substr(last) != " HTTP/1.1") return {};
  const bool known = std::find(kMethods.begin(), kMethods.end(), line.substr(0, space)) != kMethods.end();
  const std::string_view target = line.substr(space + 1, last - space - 1);
  if (!known || !target.starts_with('/') || target.find_first_of(" \t\r") != std::string_view::npos) return {};
  Names hosts;
  while (TakeLine(stream, line)) {
    if (line.empty()) return hosts;
    const std::size_t colon = line.find(':');
    // A folded, bare or odd line: what a server makes of it is its own affair.
    if (colon == std::string_view::npos || colon == 0 || line.find('\r') != std::string_view::npos) return {};
    if (!std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon), IsHostChar)) return {};
    std::string name(line.substr(0, colon));
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (name != "host") continue;
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
    if (!value.empty() && std::all_of(value.begin(), value.end(), IsHostChar)) hosts.emplace_back(value);
  }
  return {};
}

Reading Read(Bytes stream, std::uint8_t split) {
  const ReaderLimits limits;
  Inspector readers(limits, 6);
  Reading reading;
  Splitter splitter(split);
  reading.Stream(readers, Direction::kToServer, stream, splitter);
  Require(readers.memory_bytes() <= std::size_t{4} * limits.http_head_bytes + 300'000, "memory is bounded");
  return reading;
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::Input input(data, std::min<std::size_t>(size, 8000));
  const std::uint8_t split = input.U8();
  const Bytes stream = input.Rest();
  const fuzz::Reading whole = fuzz::Read(stream, 0);
  fuzz::Require(whole.Same(fuzz::Read(stream, split)), "a split changes nothing");
  if (fuzz::BudgetTold(whole.events)) return 0;
  for (const std::string& host : fuzz::Hosts(AsText(stream)))
    fuzz::Require(fuzz::Has(whole.metadata, BufferId::kHttpHost, host), "each Host of the first request is found");
  return 0;
}
