#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "classifiers/metadata/metadata.h"
#include "dataplane/core/classification.h"
#include "dataplane/core/flow_view.h"

namespace weir {

enum class RuleAction : std::uint8_t { kAlert, kPass, kDrop, kReject };

// What events say of a rule. Lives as long as its RuleSet.
struct RuleInfo {
  RuleId sid{};
  std::uint32_t rev = 1;
  std::uint32_t gid = 1;
  RuleAction action = RuleAction::kAlert;
  std::uint8_t severity = 3;  // EVE alert.severity: the priority
  std::string message;
  std::string class_text;  // EVE alert.category
  std::vector<std::pair<std::string, std::string>> metadata;
  AppId app{};  // weir_app, 0: the rule names none
  Category category = Category::kNone;
  Confidence confidence = Confidence::kCertain;
  bool noalert = false;
};

struct RuleMatch {
  const RuleInfo* rule = nullptr;
  BufferId buffer = BufferId::kPayload;  // where it matched: evidence
  std::uint32_t field = UINT32_MAX;      // index into Metadata, UINT32_MAX: payload or header only
  TxId tx = 0;
};

// Compiled rules, immutable: one for all workers. Built by signatures/compile.
class RuleSet {
 public:
  struct Impl;  // signatures/match/rule_set_impl.h
  explicit RuleSet(std::unique_ptr<const Impl> impl);
  ~RuleSet();
  [[nodiscard]] const Impl& impl() const noexcept { return *impl_; }

  [[nodiscard]] std::size_t size() const noexcept;  // rules
  // Bytes of a stream's start that rules on raw payload want to see, a direction;
  // 0 when no rule looks at payload: a pass then needs no payload at all.
  [[nodiscard]] std::uint32_t payload_depth() const noexcept;
  // Is there any rule on this buffer? Readers that nobody asks stay cheap.
  [[nodiscard]] bool uses(BufferId buffer) const noexcept;

 private:
  std::unique_ptr<const Impl> impl_;
};

// How far one direction of a stream was looked at, by one RuleSet: start anew with another.
struct StreamScan {
  std::size_t scanned = 0;             // bytes
  std::vector<std::uint32_t> waiting;  // literals that were found, of rules that are not wholly true yet

  [[nodiscard]] std::size_t memory_bytes() const noexcept { return waiting.capacity() * sizeof(waiting[0]); }
};

// One worker's matching: Hyperscan scratch and result buffers. Not thread-safe;
// the RuleSet must outlive it. noexcept, allocates nothing once warm.
class Matcher {
 public:
  explicit Matcher(const RuleSet& rules);
  ~Matcher();
  Matcher(Matcher&&) noexcept;

  // Appends each rule that is wholly true now and that field `field` of
  // `metadata` had a part in (a rule on two buffers fires once both are there).
  void MatchField(const FlowView& flow, const Metadata& metadata, std::size_t field,
                  std::vector<RuleMatch>& out) noexcept;

  // The stream's first bytes of one direction, from offset 0, each time more of them
  // than before. A rule may fire again when more comes.
  void MatchStream(const FlowView& flow, Bytes head, StreamScan& scan, std::vector<RuleMatch>& out) noexcept;
  // One UDP (or other) payload.
  void MatchDatagram(const FlowView& flow, Bytes payload, std::vector<RuleMatch>& out) noexcept;
  // Rules with a header only (no buffer, no payload): once a flow and direction.
  void MatchHeader(const FlowView& flow, std::vector<RuleMatch>& out) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
