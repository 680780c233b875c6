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

constexpr std::uint32_t kStreamDepth = 16 * 1024;  // of a stream, for contents that may lie anywhere

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
    for (std::size_t b = 0; b < kBufferCount; ++b) Build(b);
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
    if (rule.buffers.empty()) impl_->header_only.push_back(r);
    const bool payload = !rule.buffers.empty() && rule.buffers[0].buffer == BufferId::kPayload;
    const std::uint32_t depth = payload ? PayloadDepth(impl_->rules[r]) : 0;
    const auto deepen = [&](std::uint32_t& of, std::uint32_t most) { of = std::max(of, std::min(depth, most)); };
    if (rule.header.ip_proto == 0 || rule.header.ip_proto == 6) deepen(impl_->payload_depth, kStreamDepth);
    if (rule.header.ip_proto != 6) deepen(impl_->datagram_depth, UINT32_MAX);
    // Payload tests are verified together; one literal is enough to find the rule.
    for (std::uint32_t t = 0; t < (payload ? 1 : rule.buffers.size()); ++t) {
      const BufferTests& tests = rule.buffers[t];
      const auto b = static_cast<std::size_t>(tests.buffer);
      const ContentTest* literal = FastPattern(tests);
      // A transform may change the bytes that the scan sees, except for the dot in front.
      const bool altered = std::any_of(tests.transforms.begin(), tests.transforms.end(),
                                       [](Transform x) { return x != Transform::kDotPrefix; });
      if (literal == nullptr || altered) {
        impl_->buffers[b].always.push_back({r, t});
        continue;
      }
      literals_[b].push_back(literal);
      impl_->buffers[b].by_id.push_back({r, t});
      if (payload)
        impl_->longest_literal = std::max(impl_->longest_literal, static_cast<std::uint32_t>(literal->bytes.size()));
    }
  }

  void Build(std::size_t b) {
    const auto& literals = literals_[b];
    if (literals.empty()) return;
    std::vector<std::string> patterns;
    std::vector<const char*> texts;
    std::vector<unsigned> flags;
    std::vector<unsigned> ids;
    for (const ContentTest* literal : literals) {
      std::string& pattern = patterns.emplace_back();
      constexpr std::string_view kHex = "0123456789abcdef";
      for (const char c : literal->bytes) {
        const auto code = static_cast<unsigned char>(c);
        pattern += "\\x";
        pattern += kHex[code >> 4];
        pattern += kHex[code & 15];
      }
      flags.push_back(HS_FLAG_SINGLEMATCH | HS_FLAG_DOTALL | (literal->nocase ? HS_FLAG_CASELESS : 0u));
      ids.push_back(static_cast<unsigned>(ids.size()));
    }
    for (const std::string& pattern : patterns) texts.push_back(pattern.c_str());
    hs_database_t* database = nullptr;
    hs_compile_error_t* error = nullptr;
    if (hs_compile_multi(texts.data(), flags.data(), ids.data(), static_cast<unsigned>(texts.size()), HS_MODE_BLOCK,
                         nullptr, &database, &error) == HS_SUCCESS) {
      impl_->buffers[b].literals.reset(database);
      return;
    }
    defects.push_back({"rules", 1, 1, std::string("hyperscan: ") + error->message});
    hs_free_compile_error(error);
  }

  const AppRegistry& apps_;
  std::unique_ptr<RuleSet::Impl> impl_;
  std::array<std::vector<const ContentTest*>, kBufferCount> literals_;
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
