#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "classifiers/metadata/buffer_id.h"
#include "dataplane/core/flow_view.h"
#include "dataplane/core/ids.h"
#include "dataplane/core/prefix.h"

namespace weir {

// A rule as its text says it: the syntax tree between parser and compiler.
enum class RuleVerb : std::uint8_t { kAlert, kPass, kDrop, kReject };

struct ContentTest {
  std::string bytes;
  bool negated = false;
  bool nocase = false;
  bool starts = false;  // startswith
  bool ends = false;    // endswith
  bool fast_pattern = false;
  std::optional<std::int64_t> offset, depth;
  std::optional<std::int64_t> distance, within;
};
enum PcreOption : std::uint8_t {
  kCaseless = 1,
  kMultiline = 2,
  kDotAll = 4,
  kExtended = 8,
  kAnchored = 16,
  kDollarEnd = 32,
  kUngreedy = 64
};
struct PcreTest {
  std::string pattern;
  std::uint8_t options = 0;  // PcreOption bits
  bool negated = false;
  bool relative = false;  // R
};
// `bsize` and `dsize`: least <= size <= most.
struct SizeTest {
  std::uint64_t least = 0;
  std::uint64_t most = UINT64_MAX;
  bool negated = false;
};
// isdataat:[!]n[,relative]
struct DataAtTest {
  std::int64_t at = 0;
  bool negated = false;
  bool relative = false;
};
using ValueTest = std::variant<ContentTest, PcreTest, SizeTest, DataAtTest>;

enum class Transform : std::uint8_t { kDotPrefix, kToLower, kToUpper, kStripWhitespace };

// All that a rule asks of one buffer, in the order written.
struct BufferTests {
  BufferId buffer = BufferId::kPayload;
  std::vector<Transform> transforms;
  std::vector<ValueTest> tests;
};

struct AddressSpec {
  std::vector<std::pair<Prefix, bool>> prefixes;  // and whether negated; empty: any
  [[nodiscard]] bool Contains(const IpAddress& address, std::uint8_t version) const noexcept;
};
struct PortSpec {
  struct Range {
    std::uint16_t low, high;
    bool negated;
  };
  std::vector<Range> ranges;  // empty: any
  [[nodiscard]] bool Contains(std::uint16_t port) const noexcept;
};

struct RuleHeader {
  std::uint8_t ip_proto = 0;                // 0: any
  AppProto app_proto = AppProto::kUnknown;  // kUnknown: any; kHttp: HTTP/2 too, as Suricata's `http`
  bool app_exact = false;                   // `http1`: not HTTP/2
  AddressSpec source, destination;
  PortSpec source_ports, destination_ports;
  bool both_ways = false;  // <>
};

struct FlowTest {
  std::optional<Direction> direction;
  std::optional<bool> established;
};

struct Rule {
  std::string file;
  int line = 0;
  RuleVerb verb = RuleVerb::kAlert;
  RuleHeader header;
  FlowTest flow;
  std::vector<BufferTests> buffers;
  RuleId sid{};
  std::uint32_t rev = 1;
  std::uint32_t gid = 1;
  std::uint8_t priority = 0;  // 0: from the class
  std::string message;
  std::string class_name;
  bool noalert = false;
  std::vector<std::pair<std::string, std::string>> metadata;
};

}  // namespace weir
