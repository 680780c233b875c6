#include "signatures/rule/parser.h"

#include <array>

#include "signatures/rule/option.h"

namespace weir {

std::string Format(const Diagnostic& d) {
  return d.file + ":" + std::to_string(d.line) + ":" + std::to_string(d.column) + ": " + d.what;
}

namespace {

// A rule's text, continuation lines joined, with the way back to line and column.
struct RuleText {
  std::string text;
  int line = 1;
  std::vector<std::pair<std::size_t, int>> line_starts;  // offset in text -> line

  [[nodiscard]] std::pair<int, int> Place(std::size_t at) const {
    std::pair<std::size_t, int> start{0, line};
    for (const auto& candidate : line_starts) {
      if (candidate.first <= at) start = candidate;
    }
    return {start.second, static_cast<int>(at - start.first) + 1};
  }
};

std::vector<RuleText> SplitRules(const std::string& text) {
  std::vector<RuleText> rules;
  RuleText current;
  bool continued = false;
  int line_number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    ++line_number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!continued) current = {{}, line_number, {}};
    current.line_starts.emplace_back(current.text.size(), line_number);
    continued = !line.empty() && line.back() == '\\';
    if (continued) line.pop_back();
    current.text += line;
    if (continued && at < text.size()) continue;
    continued = false;
    const std::string_view trimmed = TrimBlank(current.text);
    if (!trimmed.empty() && trimmed.front() != '#') rules.push_back(std::move(current));
    current = {};
  }
  return rules;
}

class OneRule {
 public:
  OneRule(const std::string& file, const RuleText& source, ParsedRules& out)
      : file_(file), source_(source), out_(out) {}

  void Parse() {
    builder_.rule.file = file_;
    builder_.rule.line = source_.line;
    const std::size_t defects = out_.defects.size();
    const std::size_t open = source_.text.find('(');
    if (open == std::string::npos)
      return Defect(0, "a rule is: action protocol source port -> destination port (options)");
    Header(open);
    Options(open + 1);
    if (builder_.rule.sid == RuleId{} && out_.defects.size() == defects) Defect(0, "the rule has no sid");
    if (out_.defects.size() == defects) out_.rules.push_back(std::move(builder_.rule));
  }

 private:
  void Defect(std::size_t at, std::string what) {
    const auto [line, column] = source_.Place(at);
    out_.defects.push_back({file_, line, column, std::move(what)});
  }

  // The header's words; blanks inside of brackets do not part them.
  std::vector<std::pair<std::size_t, std::string>> Words(std::size_t end) const {
    std::vector<std::pair<std::size_t, std::string>> words;
    int level = 0;
    bool in_word = false;
    for (std::size_t i = 0; i < end; ++i) {
      const char c = source_.text[i];
      const bool blank = c == ' ' || c == '\t';
      if (c == '[') ++level;
      if (c == ']') --level;
      if (blank && level <= 0) {
        in_word = false;
        continue;
      }
      if (!in_word) words.emplace_back(i, "");
      in_word = true;
      if (!blank) words.back().second += c;
    }
    return words;
  }

  void Header(std::size_t end) {
    const auto words = Words(end);
    if (words.size() != 7)
      return Defect(0, "a rule's header has 7 words, this one " + std::to_string(words.size()) +
                           " (action protocol source port -> destination port)");
    RuleHeader& header = builder_.rule.header;
    const std::array<std::string, 7> errors = {Verb(words[0].second),
                                               ParseProtocol(words[1].second, header),
                                               ParseAddresses(words[2].second, header.source),
                                               ParsePorts(words[3].second, header.source_ports),
                                               Arrow(words[4].second),
                                               ParseAddresses(words[5].second, header.destination),
                                               ParsePorts(words[6].second, header.destination_ports)};
    for (std::size_t i = 0; i < errors.size(); ++i) {
      if (!errors[i].empty()) Defect(words[i].first, errors[i]);
    }
  }

  std::string Verb(const std::string& word) {
    RuleVerb& verb = builder_.rule.verb;
    if (word == "alert")
      verb = RuleVerb::kAlert;
    else if (word == "pass")
      verb = RuleVerb::kPass;
    else if (word == "drop")
      verb = RuleVerb::kDrop;
    else if (word == "reject" || word == "rejectsrc" || word == "rejectdst" || word == "rejectboth")
      verb = RuleVerb::kReject;
    else
      return "unknown action '" + word + "' (alert, drop, reject, pass)";
    return {};
  }

  std::string Arrow(const std::string& word) {
    builder_.rule.header.both_ways = word == "<>";
    return word == "->" || word == "<>" ? "" : "'" + word + "' must be -> or <>";
  }

  // keyword:value; pairs up to the closing parenthesis; \; and quotes keep a semicolon.
  void Options(std::size_t at) {
    const std::string& text = source_.text;
    const std::size_t close = text.rfind(')');
    if (close == std::string::npos || close < at) return Defect(at, "the options have no closing parenthesis");
    if (!TrimBlank(std::string_view(text).substr(close + 1)).empty())
      return Defect(close + 1, "nothing may follow the closing parenthesis");
    while (at < close) {
      std::size_t end = at;
      bool quoted = false;
      for (; end < close && (quoted || text[end] != ';'); ++end) {
        if (text[end] == '\\') {
          ++end;
        } else if (text[end] == '"') {
          quoted = !quoted;
        }
      }
      end = std::min(end, close);
      const std::string_view part = TrimBlank(std::string_view(text).substr(at, end - at));
      if (!part.empty()) One(part, end == close);
      at = end + 1;
    }
  }

  void One(std::string_view part, bool unterminated) {
    const auto at = static_cast<std::size_t>(part.data() - source_.text.data());
    if (unterminated)
      return Defect(at, "the option '" + std::string(part.substr(0, 40)) + "' has no closing semicolon");
    Option option;
    const std::size_t colon = part.find(':');
    option.keyword = TrimBlank(part.substr(0, colon));
    option.has_value = colon != std::string_view::npos;
    if (option.has_value) option.value = TrimBlank(part.substr(colon + 1));
    builder_.error.clear();
    if (!ApplyOption(option, builder_))
      return Defect(at, "unknown keyword '" + option.keyword + "' (docs/rules.md lists the known ones)");
    if (!builder_.error.empty()) Defect(at, builder_.error);
  }

  const std::string& file_;
  const RuleText& source_;
  ParsedRules& out_;
  RuleBuilder builder_;
};

}  // namespace

ParsedRules ParseRules(const std::string& file, const std::string& text) {
  ParsedRules out;
  for (const RuleText& source : SplitRules(text)) OneRule(file, source, out).Parse();
  return out;
}

}  // namespace weir
