#pragma once
#include <hs/hs.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "signatures/match/rule_set.h"
#include "signatures/rule/rule.h"

namespace weir {

struct PcreFree {
  void operator()(pcre2_code* p) const noexcept { pcre2_code_free(p); }
};
using PcreCode = std::unique_ptr<pcre2_code, PcreFree>;

// A rule ready to be verified: its syntax tree, and each pcre compiled at the
// same place as in the tree (nullptr for other tests).
struct CompiledRule {
  Rule rule;
  RuleInfo info;
  std::vector<std::vector<PcreCode>> pcre;
  std::uint32_t least_stream = 0;  // bytes of a stream before what is negated in it can be judged
};

// Which of a rule's BufferTests a literal belongs to.
struct TestRef {
  std::uint32_t rule;
  std::uint32_t tests;
};

struct HyperscanFree {
  void operator()(hs_database_t* p) const noexcept { hs_free_database(p); }
};

// A literal that stands at the very start (startswith): compared there, not scanned for.
struct StartLiteral {
  std::string bytes;  // lower case where `nocase`
  bool nocase = false;
  std::uint32_t id = 0;
};

// One buffer's literals: what is found is only a candidate.
struct BufferIndex {
  std::unique_ptr<hs_database_t, HyperscanFree> literals;  // id -> by_id; nullptr: no literal to scan for
  std::vector<std::vector<StartLiteral>> starts;           // by first byte: 256, or none. Of payloads only
  std::uint32_t longest_start = 0;
  std::uint32_t longest_literal = 0;  // of those that are scanned for
  std::vector<TestRef> by_id;
  std::vector<TestRef> always;  // tests without a literal

  [[nodiscard]] bool empty() const noexcept { return by_id.empty() && always.empty(); }
};

struct RuleSet::Impl {
  std::vector<CompiledRule> rules;
  std::array<BufferIndex, kBufferCount> buffers;  // kPayload's is empty:
  BufferIndex streams, datagrams;                 // rules on payload, by what carries it
  std::vector<std::uint32_t> header_only;
  std::uint32_t payload_depth = 0;   // of streams: what RuleSet::payload_depth says
  std::uint32_t datagram_depth = 0;  // literals are looked for in so many bytes of a datagram
};

}  // namespace weir
