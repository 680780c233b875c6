#pragma once
#include <string>
#include <string_view>

#include "signatures/match/rule_set_impl.h"

namespace weir {

// Judges all tests that a rule has on one buffer, with Suricata's meaning of
// relative contents: a later test that fails sends an earlier content on to its
// next occurrence. One a worker: it holds the pcre match block and the room for
// transforms. The work on one value is bounded; beyond it the answer is "no".
class ValueMatcher {
 public:
  ValueMatcher();
  ~ValueMatcher();
  ValueMatcher(const ValueMatcher&) = delete;
  ValueMatcher& operator=(const ValueMatcher&) = delete;

  bool Matches(const BufferTests& tests, const std::vector<PcreCode>& pcre, std::string_view value) noexcept;

 private:
  struct Run;
  std::string transformed_;
  pcre2_match_data* match_data_;
  pcre2_match_context* context_;
};

}  // namespace weir
