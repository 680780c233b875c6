#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "signatures/rule/rule.h"

namespace weir {

// One `keyword:value;` of a rule and where it stands. Inside of rule/.
struct Option {
  std::string keyword;
  std::string value;  // trimmed, escapes as written
  bool has_value = false;
  int line = 0;
  int column = 0;  // of the keyword
};

// The rule that options are applied to, and the buffer that is open.
struct RuleBuilder {
  Rule rule;
  std::size_t buffer = SIZE_MAX;  // index into rule.buffers; SIZE_MAX: raw payload, none asked yet
  std::string error;              // set by a keyword that cannot take its value

  BufferTests& Open(BufferId id);  // always a new one: sticky buffers may stand twice
  BufferTests& Current();
  ContentTest* LastContent();  // nullptr: no content before
};

// Applies one option. False: there is no such keyword. A value that does not fit
// sets builder.error.
bool ApplyOption(const Option& option, RuleBuilder& builder);

// "a, b,c" -> {"a", "b", "c"}; blanks around parts go.
[[nodiscard]] std::vector<std::string> SplitList(std::string_view text, char separator);
[[nodiscard]] std::string_view TrimBlank(std::string_view text) noexcept;
[[nodiscard]] std::optional<std::int64_t> ParseInteger(std::string_view text) noexcept;

// Header fields: empty string, or what is wrong.
[[nodiscard]] std::string ParseProtocol(std::string_view text, RuleHeader& header);
[[nodiscard]] std::string ParseAddresses(std::string_view text, AddressSpec& out);
[[nodiscard]] std::string ParsePorts(std::string_view text, PortSpec& out);

}  // namespace weir
