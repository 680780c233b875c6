#include "signatures/compile/compiler.h"

#include <algorithm>
#include <array>
#include <map>

#include "signatures/compile/payload_depth.h"
#include "signatures/match/rule_set_impl.h"
#include "signatures/rule/parser.h"

namespace weir {
namespace {

struct RuleClass {
  std::string_view name, text;
  std::uint8_t priority;
};
// Names and priorities as Suricata's classification.config has them.
constexpr std::array kClasses = {
    RuleClass{"policy-violation", "Potential Corporate Privacy Violation", 1},
    RuleClass{"trojan-activity", "A Network Trojan was detected", 1},
    RuleClass{"attempted-admin", "Attempted Administrator Privilege Gain", 1},
    RuleClass{"attempted-user", "Attempted User Privilege Gain", 1},
    RuleClass{"web-application-attack", "Web Application Attack", 1},
    RuleClass{"attempted-recon", "Attempted Information Leak", 2},
    RuleClass{"attempted-dos", "Attempted Denial of Service", 2},
    RuleClass{"bad-unknown", "Potentially Bad Traffic", 2},
    RuleClass{"misc-attack", "Misc Attack", 2},
    RuleClass{"misc-activity", "Misc activity", 3},
    RuleClass{"not-suspicious", "Not Suspicious Traffic", 3},
    RuleClass{"protocol-command-decode", "Generic Protocol Command Decode", 3},
    RuleClass{"unknown", "Unknown Traffic", 3},
};

RuleAction ActionOf(RuleVerb verb) {
  constexpr std::array kActions = {RuleAction::kAlert, RuleAction::kPass, RuleAction::kDrop, RuleAction::kReject};
  return kActions[static_cast<std::size_t>(verb)];
}

class Compiler {
 public:
  explicit Compiler(const AppRegistry& apps) : apps_(apps), impl_(std::make_unique<RuleSet::Impl>()) {}

  void Take(Rule rule) {
    CompiledRule compiled;
    compiled.rule = std::move(rule);
    if (!Info(compiled) || !Shape(compiled.rule) || !Pcres(compiled)) return;
    impl_->rules.push_back(std::move(compiled));
  }

  std::unique_ptr<RuleSet::Impl> Finish() {
    for (std::uint32_t r = 0; r < impl_->rules.size(); ++r) Index(r);
    for (const auto& [index, literals] : literals_) Build(*index, literals);
    return std::move(impl_);
  }

  std::vector<Diagnostic> defects;

 private:
  void Defect(const Rule& rule, std::string what) { defects.push_back({rule.file, rule.line, 1, std::move(what)}); }

  bool Info(CompiledRule& compiled) {
    const Rule& rule = compiled.rule;
    RuleInfo& info = compiled.info;
    info.sid = rule.sid;
    info.rev = rule.rev;
    info.gid = rule.gid;
    info.action = ActionOf(rule.verb);
    info.message = rule.message;
    info.metadata = rule.metadata;
    info.noalert = rule.noalert;
    const auto known =
        std::find_if(kClasses.begin(), kClasses.end(), [&](const RuleClass& c) { return c.name == rule.class_name; });
    if (!rule.class_name.empty() && known == kClasses.end()) {
      Defect(rule, "unknown classtype '" + rule.class_name + "'");
      return false;
    }
    if (known != kClasses.end()) {
      info.class_text = known->text;
      info.severity = known->priority;
    }
    if (rule.priority != 0) info.severity = rule.priority;
    for (const auto& [key, value] : rule.metadata) {
      if (!Ours(rule, key, value, info)) return false;
    }
    if (info.app != AppId{}) info.category = apps_.CategoryOf(info.app);
    return true;
  }

  // metadata: weir_app, weir_category, weir_confidence
  bool Ours(const Rule& rule, const std::string& key, const std::string& value, RuleInfo& info) {
    if (key == "weir_app") {
      info.app = apps_.Find(value);
      if (info.app == AppId{})
        Defect(rule, "unknown app '" + value + "' in weir_app (signatures/data/apps.tsv names the apps)");
      return info.app != AppId{};
    }
    if (key == "weir_confidence") {
      info.confidence = ConfidenceFromName(value);
      if (info.confidence == Confidence::kNone)
        Defect(rule, "unknown weir_confidence '" + value + "' (guess, probable, certain)");
      return info.confidence != Confidence::kNone;
    }
    if (key == "weir_category" && CategoryFromName(value) == Category::kNone) {
      Defect(rule, "unknown weir_category '" + value + "'");
      return false;
    }
    return true;
  }

  // What can be written but not be matched here.
  bool Shape(const Rule& rule) {
    const auto payload = static_cast<std::size_t>(std::count_if(
        rule.buffers.begin(), rule.buffers.end(), [](const BufferTests& t) { return t.buffer == BufferId::kPayload; }));
    const bool mixed = payload != 0 && payload != rule.buffers.size();
    if (mixed) Defect(rule, "contents on the payload and on a buffer cannot stand in one rule");
    const bool hollow =
        std::any_of(rule.buffers.begin(), rule.buffers.end(), [](const BufferTests& t) { return t.tests.empty(); });
    if (hollow) Defect(rule, "a buffer is named and nothing is asked of it");
    return !mixed && !hollow;
  }

  bool Pcres(CompiledRule& compiled) {
    for (const BufferTests& tests : compiled.rule.buffers) {
      std::vector<PcreCode>& codes = compiled.pcre.emplace_back(tests.tests.size());
      for (std::size_t i = 0; i < tests.tests.size(); ++i) {
        const auto* pcre = std::get_if<PcreTest>(&tests.tests[i]);
        if (pcre == nullptr) continue;
        codes[i] = CompilePcre(compiled.rule, *pcre);
        if (!codes[i]) return false;
      }
    }
    return true;
  }

  PcreCode CompilePcre(const Rule& rule, const PcreTest& test) {
    constexpr std::array<std::pair<PcreOption, std::uint32_t>, 7> kOptions = {{{kCaseless, PCRE2_CASELESS},
                                                                               {kMultiline, PCRE2_MULTILINE},
                                                                               {kDotAll, PCRE2_DOTALL},
                                                                               {kExtended, PCRE2_EXTENDED},
                                                                               {kAnchored, PCRE2_ANCHORED},
                                                                               {kDollarEnd, PCRE2_DOLLAR_ENDONLY},
                                                                               {kUngreedy, PCRE2_UNGREEDY}}};
    std::uint32_t options = 0;
    for (const auto& [ours, theirs] : kOptions) options |= (test.options & ours) != 0 ? theirs : 0;
    int error = 0;
    std::size_t at = 0;
    PcreCode code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(test.pattern.data()), test.pattern.size(), options, &error,
                                &at, nullptr));
    if (code) {
      pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
      return code;
    }
    std::array<unsigned char, 160> text{};
    pcre2_get_error_message(error, text.data(), text.size());
    Defect(rule,
           "pcre '" + test.pattern + "' at " + std::to_string(at) + ": " + reinterpret_cast<const char*>(text.data()));
    return nullptr;
  }

  // The content that the scan looks for: the one marked, else the longest.
  static const ContentTest* FastPattern(const BufferTests& tests) {
    const ContentTest* best = nullptr;
    for (const ValueTest& test : tests.tests) {
      const auto* content = std::get_if<ContentTest>(&test);
      if (content == nullptr || content->negated) continue;
      if (content->fast_pattern) return content;
      if (best == nullptr || content->bytes.size() > best->bytes.size()) best = content;
    }
    return best;
  }

  void Index(std::uint32_t r) {
    const Rule& rule = impl_->rules[r].rule;
    if (rule.buffers.empty()) return impl_->header_only.push_back(r);
    if (rule.buffers[0].buffer == BufferId::kPayload) return IndexPayload(r);
    for (std::uint32_t t = 0; t < rule.buffers.size(); ++t) {
      const BufferTests& tests = rule.buffers[t];
      BufferIndex& index = impl_->buffers[static_cast<std::size_t>(tests.buffer)];
      const ContentTest* literal = FastPattern(tests);
      if (literal == nullptr || Alters(tests)) {
        index.always.push_back({r, t});
      } else {
        literals_[&index].push_back({literal, static_cast<std::uint32_t>(index.by_id.size())});
        index.by_id.push_back({r, t});
      }
    }
  }

  // A transform may change the bytes that the scan sees, except for the dot in front.
  static bool Alters(const BufferTests& tests) {
    return std::any_of(tests.transforms.begin(), tests.transforms.end(),
                       [](Transform x) { return x != Transform::kDotPrefix; });
  }

  // Payload tests are verified together; one literal is enough to find the rule.
  void IndexPayload(std::uint32_t r) {
    const Rule& rule = impl_->rules[r].rule;
    const std::uint32_t depth = PayloadDepth(impl_->rules[r]);
    if (rule.header.ip_proto == 0 || rule.header.ip_proto == 6) {
      impl_->rules[r].least_stream = LeastStream(impl_->rules[r]);
      impl_->payload_depth = std::max(impl_->payload_depth, std::min(depth, kStreamDepth));
      IndexPayload(r, impl_->streams);
    }
    if (rule.header.ip_proto != 6) {
      impl_->datagram_depth = std::max(impl_->datagram_depth, depth);
      IndexPayload(r, impl_->datagrams);
    }
  }

  void IndexPayload(std::uint32_t r, BufferIndex& index) {
    const BufferTests& tests = impl_->rules[r].rule.buffers[0];
    const ContentTest* start = tests.transforms.empty() ? StartOf(tests) : nullptr;
    const ContentTest* literal = FastPattern(tests);
    if (start == nullptr && (literal == nullptr || !tests.transforms.empty())) return index.always.push_back({r, 0});
    const auto id = static_cast<std::uint32_t>(index.by_id.size());
    index.by_id.push_back({r, 0});
    if (start != nullptr) return AddStart(*start, id, index);
    literals_[&index].push_back({literal, id});
    index.longest_literal = std::max(index.longest_literal, static_cast<std::uint32_t>(literal->bytes.size()));
  }

  static const ContentTest* StartOf(const BufferTests& tests) {
    const ContentTest* best = nullptr;
    for (const ValueTest& test : tests.tests) {
      const auto* content = std::get_if<ContentTest>(&test);
      const bool fits = content != nullptr && content->starts && !content->negated && !content->bytes.empty();
      if (fits && (best == nullptr || content->bytes.size() > best->bytes.size())) best = content;
    }
    return best;
  }

  static void AddStart(const ContentTest& content, std::uint32_t id, BufferIndex& index) {
    constexpr auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    StartLiteral start{content.bytes, content.nocase, id};
    if (start.nocase) std::transform(start.bytes.begin(), start.bytes.end(), start.bytes.begin(), lower);
    index.longest_start = std::max(index.longest_start, static_cast<std::uint32_t>(start.bytes.size()));
    index.starts.resize(256);
    for (unsigned first = 0; first < 256; ++first) {
      const auto c = static_cast<char>(first);
      if ((start.nocase ? lower(c) : c) == start.bytes[0]) index.starts[first].push_back(start);
    }
  }

  struct Literal {
    const ContentTest* content;
    std::uint32_t id;
  };

  void Build(BufferIndex& index, const std::vector<Literal>& literals) {
    std::vector<std::string> patterns;
    std::vector<const char*> texts;
    std::vector<unsigned> flags;
    std::vector<unsigned> ids;
    for (const auto& [content, id] : literals) {
      std::string& pattern = patterns.emplace_back();
      constexpr std::string_view kHex = "0123456789abcdef";
      for (const char c : content->bytes) {
        const auto code = static_cast<unsigned char>(c);
        pattern += "\\x";
        pattern += kHex[code >> 4];
        pattern += kHex[code & 15];
      }
      flags.push_back(HS_FLAG_SINGLEMATCH | HS_FLAG_DOTALL | (content->nocase ? HS_FLAG_CASELESS : 0u));
      ids.push_back(id);
    }
    for (const std::string& pattern : patterns) texts.push_back(pattern.c_str());
    hs_database_t* database = nullptr;
    hs_compile_error_t* error = nullptr;
    if (hs_compile_multi(texts.data(), flags.data(), ids.data(), static_cast<unsigned>(texts.size()), HS_MODE_BLOCK,
                         nullptr, &database, &error) == HS_SUCCESS) {
      index.literals.reset(database);
      return;
    }
    defects.push_back({"rules", 1, 1, std::string("hyperscan: ") + error->message});
    hs_free_compile_error(error);
  }

  const AppRegistry& apps_;
  std::unique_ptr<RuleSet::Impl> impl_;
  std::map<BufferIndex*, std::vector<Literal>> literals_;  // those that are scanned for
};

}  // namespace

tl::expected<std::unique_ptr<RuleSet>, std::vector<Diagnostic>> CompileRules(std::span<const CompileInput> inputs,
                                                                             const AppRegistry& apps) {
  std::vector<Diagnostic> defects;
  std::map<std::uint32_t, Rule> by_sid;
  for (const CompileInput& input : inputs) {
    ParsedRules parsed = ParseRules(input.file, input.text);
    defects.insert(defects.end(), parsed.defects.begin(), parsed.defects.end());
    for (Rule& rule : parsed.rules) {
      const auto [at, fresh] = by_sid.try_emplace(rule.sid.value(), rule);
      if (fresh) continue;
      if (rule.rev == at->second.rev) {
        defects.push_back({rule.file, rule.line, 1,
                           "sid " + std::to_string(rule.sid.value()) + " stands at " + at->second.file + ":" +
                               std::to_string(at->second.line) + " already with the same rev"});
      } else if (rule.rev > at->second.rev) {
        at->second = std::move(rule);
      }
    }
  }
  Compiler compiler(apps);
  for (auto& [sid, rule] : by_sid) compiler.Take(std::move(rule));
  auto impl = compiler.Finish();
  defects.insert(defects.end(), compiler.defects.begin(), compiler.defects.end());
  std::stable_sort(defects.begin(), defects.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.file, a.line) < std::tie(b.file, b.line);
  });
  if (!defects.empty()) return tl::unexpected(std::move(defects));
  return std::make_unique<RuleSet>(std::move(impl));
}

}  // namespace weir
