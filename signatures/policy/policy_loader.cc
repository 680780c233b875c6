// policy.yaml -> Policy.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>

#include "signatures/policy/policy_impl.h"
#include "signatures/policy/yaml_text.h"

namespace weir {
namespace {

// "2026-10-31T00:00:00+08:00" (RFC 3339), or a date alone, which is its midnight in UTC.
std::optional<Timestamp> ParseInstant(const std::string& text) {
  std::tm tm{};
  int hours = 0;
  int minutes = 0;
  char sign = '+';
  char tail = 0;
  const int n = std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%c%2d:%2d%c", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                            &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &sign, &hours, &minutes, &tail);
  const bool date = n == 3 && text.size() == 10;
  const bool utc = n == 7 && sign == 'Z' && text.size() == 20;
  const bool offset = n == 9 && (sign == '+' || sign == '-') && text.size() == 25;
  if (!date && !utc && !offset) return {};
  const bool in_range = tm.tm_mon >= 1 && tm.tm_mon <= 12 && tm.tm_mday >= 1 && tm.tm_mday <= 31 && tm.tm_hour < 24 &&
                        tm.tm_min < 60 && tm.tm_sec < 61 && hours < 24 && minutes < 60;
  if (!in_range) return {};
  tm.tm_year -= 1900;
  tm.tm_mon -= 1;
  const std::int64_t shift = std::int64_t{hours} * 3600 + minutes * 60;
  return Timestamp{(static_cast<std::int64_t>(timegm(&tm)) - (offset ? (sign == '+' ? shift : -shift) : 0)) *
                   1'000'000};
}

class Loader {
 public:
  Loader(YamlText& yaml, const AppRegistry& apps) : yaml_(yaml), apps_(apps) {}

  std::unique_ptr<Policy::Impl> Load() {
    auto policy = std::make_unique<Policy::Impl>();
    bool versioned = false;
    const auto& root = yaml_.root();
    // Rules name networks, so these come first wherever they stand.
    if (root.IsMap() && root["networks"]) Networks(root["networks"]);
    yaml_.Map(root, {"version", "networks", "rules", "default", "pending"},
              [&](const std::string& key, const YAML::Node& value) {
                if (key == "version") versioned = yaml_.Number(value, 1, 1) == 1;
                if (key == "rules") Rules(value, *policy);
                if (key == "default") Default(value, *policy);
                if (key == "pending") Pending(value, policy->pending);
              });
    if (!versioned) yaml_.Defect(root, "the policy must say 'version: 1'");
    return policy;
  }

 private:
  void Networks(const YAML::Node& node) {
    yaml_.Map(node, {}, [&](const std::string& name, const YAML::Node& value) {
      NetworkSet& set = networks_[name];
      for (const auto& [text, at] : yaml_.List(value)) AddNetwork(text, at, set);
    });
  }

  void AddNetwork(const std::string& text, const YAML::Node& at, NetworkSet& set) {
    if (text.starts_with("vlan:")) {
      const std::string digits = text.substr(5);
      const bool number =
          !digits.empty() && digits.size() <= 4 && digits.find_first_not_of("0123456789") == std::string::npos;
      const int id = number ? std::stoi(digits) : 0;
      if (id < 1 || id > 4094) return yaml_.Defect(at, "'" + text + "' is no VLAN (vlan:1 to vlan:4094)");
      set.vlans.push_back(static_cast<std::uint16_t>(id));
    } else if (const auto prefix = Prefix::Parse(text)) {
      set.prefixes.push_back(*prefix);
    } else {
      yaml_.Defect(at, "'" + text + "' is no address range (like 10.4.0.0/16, 2001:db8::/32 or vlan:40)");
    }
  }

  void Rules(const YAML::Node& node, Policy::Impl& policy) {
    if (!node.IsSequence()) return yaml_.Defect(node, "rules must be a list");
    for (const YAML::Node& item : node) {
      PolicyRuleSpec rule;
      bool acts = false;
      yaml_.Map(item, {"name", "match", "effective", "action", "mirror", "min_confidence"},
                [&](const std::string& key, const YAML::Node& value) {
                  if (key == "name") rule.name = yaml_.Scalar(value);
                  if (key == "match") Match(value, rule);
                  if (key == "effective") Effective(value, rule);
                  if (key == "action") acts = ReadAction(value, rule.action);
                  if (key == "mirror") rule.mirror = yaml_.Scalar(value) != "false";
                  if (key == "min_confidence") MinConfidence(value, rule);
                });
      const bool one_line = std::none_of(rule.name.begin(), rule.name.end(),
                                         [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
      if (rule.name.empty()) yaml_.Defect(item, "a rule needs a name");
      if (!one_line) yaml_.Defect(item, "a rule's name holds a control character (right: one line of text)");
      if (!acts && !rule.mirror) yaml_.Defect(item, "a rule needs an action (pass, drop, reject) or a mirror");
      const bool twice = std::any_of(policy.rules.begin(), policy.rules.end(),
                                     [&](const PolicyRuleSpec& r) { return r.name == rule.name; });
      if (twice) yaml_.Defect(item, "a rule named '" + rule.name + "' stands above already");
      policy.rules.push_back(std::move(rule));
    }
  }

  void Match(const YAML::Node& node, PolicyRuleSpec& rule) {
    yaml_.Map(node, {"category", "app", "except_app", "from", "to"},
              [&](const std::string& key, const YAML::Node& value) {
                for (const auto& [text, at] : yaml_.List(value)) {
                  if (key == "category") Category_(text, at, rule);
                  if (key == "app") App(text, at, rule.apps);
                  if (key == "except_app") App(text, at, rule.except_apps);
                  if (key == "from") Network(text, at, rule.from);
                  if (key == "to") Network(text, at, rule.to);
                }
                rule.has_from = rule.has_from || key == "from";
                rule.has_to = rule.has_to || key == "to";
              });
  }

  void Category_(const std::string& text, const YAML::Node& at, PolicyRuleSpec& rule) {
    const Category category = CategoryFromName(text);
    if (category == Category::kNone) {
      return yaml_.Defect(
          at, "unknown category '" + text + "' (messaging, cloud-storage, webmail, collaboration, evasion, other)");
    }
    rule.categories.set(static_cast<std::size_t>(category));
  }

  void App(const std::string& text, const YAML::Node& at, std::vector<AppId>& into) {
    const AppId app = apps_.Find(text);
    if (app == AppId{}) return yaml_.Defect(at, "unknown app '" + text + "' (signatures/data/apps.tsv names the apps)");
    into.push_back(app);
  }

  void Network(const std::string& text, const YAML::Node& at, NetworkSet& into) {
    const auto known = networks_.find(text);
    if (known == networks_.end()) return AddNetwork(text, at, into);
    into.prefixes.insert(into.prefixes.end(), known->second.prefixes.begin(), known->second.prefixes.end());
    into.vlans.insert(into.vlans.end(), known->second.vlans.begin(), known->second.vlans.end());
  }

  void Effective(const YAML::Node& node, PolicyRuleSpec& rule) {
    const std::string text = yaml_.Scalar(node);
    if (const auto instant = ParseInstant(text)) {
      rule.effective = *instant;
    } else {
      yaml_.Defect(node, "'" + text + "' is no instant (like 2026-10-31T00:00:00+08:00)");
    }
  }

  bool ReadAction(const YAML::Node& node, Action& action) {
    const std::string text = yaml_.Scalar(node);
    for (const Action known : {Action::kPass, Action::kDrop, Action::kReject}) {
      if (text == Name(known)) action = known;
    }
    if (text != Name(action)) yaml_.Defect(node, "unknown action '" + text + "' (pass, drop, reject)");
    return true;
  }

  void MinConfidence(const YAML::Node& node, PolicyRuleSpec& rule) {
    const std::string text = yaml_.Scalar(node);
    rule.min_confidence = ConfidenceFromName(text);
    if (rule.min_confidence == Confidence::kNone)
      yaml_.Defect(node, "unknown confidence '" + text + "' (guess, probable, certain)");
  }

  void Default(const YAML::Node& node, Policy::Impl& policy) {
    yaml_.Map(node, {"action", "mirror"}, [&](const std::string& key, const YAML::Node& value) {
      if (key == "action") ReadAction(value, policy.default_action);
      if (key == "mirror") policy.default_mirror = yaml_.Scalar(value) != "false";
    });
  }

  void Pending(const YAML::Node& node, PendingPolicy& pending) {
    yaml_.Map(node, {"forward", "max_packets", "max_bytes", "then"},
              [&](const std::string& key, const YAML::Node& value) {
                if (key == "forward" && !yaml_.Bool(value))
                  yaml_.Defect(value, "forward: false cannot be: a flow is named by its own packets (right: true)");
                if (key == "max_packets")
                  pending.max_packets = static_cast<std::uint32_t>(yaml_.Number(value, 1, 100'000));
                if (key == "max_bytes")
                  pending.max_bytes = static_cast<std::uint32_t>(yaml_.Number(value, 64, 1u << 24));
                if (key == "then") ReadAction(value, pending.then);
              });
  }

  YamlText& yaml_;
  const AppRegistry& apps_;
  std::map<std::string, NetworkSet> networks_;
};

}  // namespace

tl::expected<std::unique_ptr<const Policy>, std::vector<std::string>> LoadPolicy(const std::string& file,
                                                                                 const std::string& text,
                                                                                 const AppRegistry& apps) {
  YamlText yaml(file, text);
  if (!yaml.defects().empty()) return tl::unexpected(yaml.defects());
  std::unique_ptr<Policy::Impl> impl = Loader(yaml, apps).Load();
  if (!yaml.defects().empty()) return tl::unexpected(yaml.defects());
  return std::make_unique<const Policy>(std::move(impl));
}

}  // namespace weir
