#include "dataplane/control/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <variant>

#include "dataplane/control/cpu_list.h"
#include "signatures/policy/yaml_text.h"

namespace weir {
namespace {

// Where a key's value goes, and what it may be.
struct Flag {
  bool& (*of)(Config&);
};
struct Count {
  std::uint32_t& (*of)(Config&);
  std::uint32_t least;
  std::uint32_t most;
};
struct Size {
  std::uint64_t& (*of)(Config&);
  std::uint64_t least;
  std::uint64_t most;
};
struct OnExcess {
  ExceptionTrigger trigger;
};
struct Simulate {
  ExceptionTrigger trigger;
};
struct Text {
  std::string& (*of)(Config&);
};
struct Cpus {
  std::string& (*of)(Config&);
};
struct Spread {
  Distribute& (*of)(Config&);
};
struct Key {
  std::string name;
  std::variant<Flag, Count, Size, OnExcess, Simulate, Text, Cpus, Spread> target;
};

#define WEIR_FIELD(type, path) [](Config& c) -> type& { return c.path; }
const Key kOneByOne[] = {
    Key{"telemetry.eve.enabled", Flag{WEIR_FIELD(bool, eve_enabled)}},
    Key{"telemetry.eve.ring_kib", Count{WEIR_FIELD(std::uint32_t, eve_ring_kib), 16, 1u << 20}},
    Key{"telemetry.eve.dir", Text{WEIR_FIELD(std::string, run.log_dir)}},
    Key{"telemetry.stats_interval_ms", Count{WEIR_FIELD(std::uint32_t, run.stats_interval_ms), 0, 86'400'000}},
    Key{"instance", Text{WEIR_FIELD(std::string, run.name)}},
    Key{"policy.file", Text{WEIR_FIELD(std::string, policy_file)}},
    Key{"ports.mirror", Text{WEIR_FIELD(std::string, run.mirror)}},
    Key{"ports.mtu", Count{WEIR_FIELD(std::uint32_t, run.mtu), 0, 9702}},
    Key{"ports.outer_tpid", Count{WEIR_FIELD(std::uint32_t, run.outer_tpid), 1536, 65535}},
    Key{"ports.rx_descriptors", Count{WEIR_FIELD(std::uint32_t, run.rx_descriptors), 64, 32768}},
    Key{"ports.tx_descriptors", Count{WEIR_FIELD(std::uint32_t, run.tx_descriptors), 64, 32768}},
    Key{"ports.frames", Count{WEIR_FIELD(std::uint32_t, run.frames), 1024, 1u << 22}},
    Key{"ports.buffer", Count{WEIR_FIELD(std::uint32_t, run.buffer), 0, 65407}},
    Key{"ports.max_frame", Count{WEIR_FIELD(std::uint32_t, run.max_frame), 2048, 65407}},
    Key{"workers.count", Count{WEIR_FIELD(std::uint32_t, run.workers), 1, 64}},
    Key{"workers.cpus", Cpus{WEIR_FIELD(std::string, run.cpus)}},
    Key{"workers.distribute", Spread{WEIR_FIELD(Distribute, run.distribute)}},
    Key{"workers.idle_sleep_us", Count{WEIR_FIELD(std::uint32_t, run.idle_sleep_us), 0, 10'000}},
    Key{"eal.huge_pages", Flag{WEIR_FIELD(bool, run.huge_pages)}},
    Key{"eal.memory_mb", Count{WEIR_FIELD(std::uint32_t, run.memory_mb), 64, 1u << 20}},
    Key{"eal.arguments", Text{WEIR_FIELD(std::string, run.eal_arguments)}},
    Key{"parse.checksums", Flag{WEIR_FIELD(bool, engine.parse.verify_checksums)}},
    Key{"parse.unfinished_checksums", Flag{WEIR_FIELD(bool, engine.parse.unfinished_sums)}},
    Key{"parse.tunnels", Flag{WEIR_FIELD(bool, engine.parse.peel_tunnels)}},
    Key{"work.flow", Count{WEIR_FIELD(std::uint32_t, engine.flow_work), 1024, UINT32_MAX}},
    Key{"quic.negotiate", Flag{WEIR_FIELD(bool, engine.quic_negotiate)}},
    Key{"memory.undecided_bytes",
        Size{WEIR_FIELD(std::uint64_t, engine.memory_bytes), 1u << 20, std::uint64_t{1} << 40}},
    Key{"memory.reclaim_idle_ms", Count{WEIR_FIELD(std::uint32_t, engine.reclaim_idle_ms), 100, 3'600'000}},
    Key{"dns.facts", Count{WEIR_FIELD(std::uint32_t, engine.dns_facts), 0, 1u << 24}},
    Key{"flow.capacity", Count{WEIR_FIELD(std::uint32_t, engine.flow_capacity), 1, 1u << 26}},
    Key{"flow.key.vlan", Flag{WEIR_FIELD(bool, engine.key_has_vlan)}},
    Key{"flow.timeouts.tcp_new_ms", Count{WEIR_FIELD(std::uint32_t, engine.timeouts.tcp_new_ms), 1000, 86'400'000}},
    Key{"flow.timeouts.tcp_established_ms",
        Count{WEIR_FIELD(std::uint32_t, engine.timeouts.tcp_established_ms), 1000, 86'400'000}},
    Key{"flow.timeouts.tcp_one_way_ms",
        Count{WEIR_FIELD(std::uint32_t, engine.timeouts.tcp_one_way_ms), 1000, 86'400'000}},
    Key{"flow.timeouts.tcp_closing_ms",
        Count{WEIR_FIELD(std::uint32_t, engine.timeouts.tcp_closing_ms), 1000, 86'400'000}},
    Key{"flow.timeouts.tcp_closed_ms",
        Count{WEIR_FIELD(std::uint32_t, engine.timeouts.tcp_closed_ms), 1000, 86'400'000}},
    Key{"flow.timeouts.udp_new_ms", Count{WEIR_FIELD(std::uint32_t, engine.timeouts.udp_new_ms), 1000, 86'400'000}},
    Key{"flow.timeouts.udp_established_ms",
        Count{WEIR_FIELD(std::uint32_t, engine.timeouts.udp_established_ms), 1000, 86'400'000}},
    Key{"flow.timeouts.other_ms", Count{WEIR_FIELD(std::uint32_t, engine.timeouts.other_ms), 1000, 86'400'000}},
    Key{"defrag.datagrams", Count{WEIR_FIELD(std::uint32_t, engine.defrag.datagrams), 1, 1u << 20}},
    Key{"defrag.per_source", Count{WEIR_FIELD(std::uint32_t, engine.defrag.per_source), 1, 1u << 20}},
    Key{"defrag.fragments_each", Count{WEIR_FIELD(std::uint32_t, engine.defrag.fragments_each), 2, 8192}},
    Key{"defrag.bytes", Size{WEIR_FIELD(std::uint64_t, engine.defrag.bytes), 65536, std::uint64_t{1} << 36}},
    Key{"defrag.timeout_ms", Count{WEIR_FIELD(std::uint32_t, engine.defrag.timeout_ms), 1000, 120'000}},
    Key{"tcp.out_of_order_bytes", Count{WEIR_FIELD(std::uint32_t, engine.tcp.out_of_order_bytes), 1460, 1u << 26}},
    Key{"tcp.out_of_order_segments", Count{WEIR_FIELD(std::uint32_t, engine.tcp.out_of_order_segments), 1, 1u << 20}},
    Key{"tcp.retained_bytes", Count{WEIR_FIELD(std::uint32_t, engine.tcp.retained_bytes), 1460, 1u << 26}},
    Key{"readers.handshake_bytes", Count{WEIR_FIELD(std::uint32_t, engine.readers.handshake_bytes), 1024, 1u << 24}},
    Key{"readers.http_head_bytes", Count{WEIR_FIELD(std::uint32_t, engine.readers.http_head_bytes), 1024, 1u << 24}},
    Key{"readers.opens", Count{WEIR_FIELD(std::uint32_t, engine.readers.opens), 1, 10'000}},
    Key{"readers.text_bytes", Count{WEIR_FIELD(std::uint32_t, engine.readers.text_bytes), 1024, 1u << 26}},
    Key{"readers.fingerprints", Flag{WEIR_FIELD(bool, engine.readers.fingerprints)}},
    Key{"forward.non_ip", Flag{WEIR_FIELD(bool, engine.forward_non_ip)}},
    Key{"forward.malformed", Flag{WEIR_FIELD(bool, engine.forward_malformed)}},
    Key{"mirror.pending", Flag{WEIR_FIELD(bool, engine.mirror_pending)}},
    Key{"ndpi.enabled", Flag{WEIR_FIELD(bool, engine.use_ndpi)}},
    Key{"ndpi.max_packets", Count{WEIR_FIELD(std::uint32_t, engine.ndpi_max_packets), 1, 1000}},
};
#undef WEIR_FIELD

// Those, and two for each exception trigger.
std::vector<Key> AllKeys() {
  std::vector<Key> keys(std::begin(kOneByOne), std::end(kOneByOne));
  for (const bool simulated : {false, true}) {
    for (std::size_t i = 0; i < kTriggerCount; ++i) {
      const auto trigger = static_cast<ExceptionTrigger>(i);
      Key key{(simulated ? "simulate." : "exceptions.") + std::string(kTriggerNames[i]), OnExcess{trigger}};
      if (simulated) key.target = Simulate{trigger};
      keys.push_back(std::move(key));
    }
  }
  return keys;
}
const std::vector<Key> kKeys = AllKeys();

constexpr std::array<std::pair<std::string_view, ExceptionAction>, 7> kActions = {
    {{"pass-packet", ExceptionAction::kPassPacket},
     {"pass-flow", ExceptionAction::kPassFlow},
     {"drop-packet", ExceptionAction::kDropPacket},
     {"drop-flow", ExceptionAction::kDropFlow},
     {"reject", ExceptionAction::kReject},
     {"bypass", ExceptionAction::kBypass},
     {"ignore", ExceptionAction::kIgnore}}};

constexpr std::array<std::pair<std::string_view, Distribute>, 3> kSpreads = {
    {{"auto", Distribute::kAuto}, {"rss", Distribute::kRss}, {"software", Distribute::kSoftware}}};

template <class T>
std::string SetNumber(T& target, T least, T most, const std::string& text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    return "'" + text + "' is no number in " + std::to_string(least) + ".." + std::to_string(most);
  }
  target = value;
  return {};
}

// Empty, or what is wrong with the value.
std::string Set(Config& config, const Key& key, const std::string& text) {
  if (const auto* flag = std::get_if<Flag>(&key.target)) {
    if (text != "true" && text != "false") return "'" + text + "' is neither true nor false";
    flag->of(config) = text == "true";
    return {};
  }
  if (const auto* count = std::get_if<Count>(&key.target))
    return SetNumber(count->of(config), count->least, count->most, text);
  if (const auto* size = std::get_if<Size>(&key.target))
    return SetNumber(size->of(config), size->least, size->most, text);
  if (const auto* words = std::get_if<Text>(&key.target)) {
    words->of(config) = text;
    return {};
  }
  if (const auto* cpus = std::get_if<Cpus>(&key.target)) {
    if (const auto parsed = ParseCpuList(text); !parsed) return parsed.error().what;
    cpus->of(config) = text;
    return {};
  }
  if (const auto* spread = std::get_if<Spread>(&key.target)) {
    const auto* found =
        std::find_if(kSpreads.begin(), kSpreads.end(), [&](const auto& known) { return known.first == text; });
    if (found == kSpreads.end()) return "'" + text + "' is none of auto, rss, software";
    spread->of(config) = found->second;
    return {};
  }
  if (const auto* simulate = std::get_if<Simulate>(&key.target))
    return SetNumber(config.engine.exceptions.simulate[Index(simulate->trigger)], 0u, UINT32_MAX, text);
  for (const auto& [name, action] : kActions) {
    if (name != text) continue;
    config.engine.exceptions[std::get<OnExcess>(key.target).trigger] = action;
    return {};
  }
  return "'" + text +
         "' is no exception policy (drop-packet, drop-flow, reject, pass-packet, pass-flow, bypass, ignore)";
}

const Key* FindKey(std::string_view name) {
  const auto found = std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& key) { return key.name == name; });
  return found == kKeys.end() ? nullptr : &*found;
}

// - {inside: DEVICE, outside: DEVICE}
void ReadPairs(YamlText& yaml, const YAML::Node& node, Config& config) {
  if (!node.IsSequence()) return yaml.Defect(node, "ports.pairs is a list of {inside: DEVICE, outside: DEVICE}");
  for (const YAML::Node& entry : node) {
    PortPair pair;
    yaml.Map(entry, {"inside", "outside"}, [&](const std::string& name, const YAML::Node& value) {
      (name == "inside" ? pair.inside : pair.outside) = yaml.Scalar(value);
    });
    if (pair.inside.empty() || pair.outside.empty() || pair.inside == pair.outside) {
      yaml.Defect(entry, "a pair needs two different devices, inside and outside");
    }
    config.run.pairs.push_back(std::move(pair));
  }
}

void Walk(YamlText& yaml, const YAML::Node& node, const std::string& path, Config& config) {
  yaml.Map(node, {}, [&](const std::string& name, const YAML::Node& value) {
    const std::string full = path.empty() ? name : path + "." + name;
    if (full == "version") {
      (void)yaml.Number(value, 1, 1);
    } else if (full == "ports.pairs") {
      ReadPairs(yaml, value, config);
    } else if (const Key* key = FindKey(full)) {
      if (const std::string wrong = Set(config, *key, yaml.Scalar(value)); !wrong.empty())
        yaml.Defect(value, full + ": " + wrong);
    } else if (std::any_of(kKeys.begin(), kKeys.end(), [&](const Key& k) { return k.name.starts_with(full + "."); })) {
      Walk(yaml, value, full, config);
    } else {
      for (const auto& pair : node) {
        if (pair.first.IsScalar() && pair.first.Scalar() == name)
          yaml.Defect(pair.first, "unknown key '" + full + "' (docs/weir.yaml.md lists the known ones)");
      }
    }
  });
}

}  // namespace

tl::expected<Config, std::vector<std::string>> LoadConfig(const std::string& file, const std::string& text) {
  Config config;
  YamlText yaml(file, text);
  if (yaml.defects().empty()) Walk(yaml, yaml.root(), "", config);
  if (!yaml.defects().empty()) return tl::unexpected(yaml.defects());
  return config;
}

Result<void> ApplySetting(Config& config, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  const std::string name = assignment.substr(0, equals);
  const Key* key = FindKey(name);
  if (equals == std::string::npos)
    return Fail(Errc::kInvalidArgument, "--set wants KEY=VALUE, not '" + assignment + "'");
  if (key == nullptr)
    return Fail(Errc::kInvalidArgument, "--set: unknown key '" + name + "' (docs/weir.yaml.md lists the known ones)");
  if (const std::string wrong = Set(config, *key, assignment.substr(equals + 1)); !wrong.empty()) {
    return Fail(Errc::kInvalidArgument, "--set " + name + ": " + wrong);
  }
  return {};
}

std::vector<KeyText> DescribeKeys() {
  Config defaults;
  std::vector<KeyText> keys;
  const auto range = [](std::uint64_t least, std::uint64_t most) {
    return std::to_string(least) + ".." + std::to_string(most);
  };
  for (const Key& key : kKeys) {
    KeyText text{key.name, "text", ""};
    if (const auto* flag = std::get_if<Flag>(&key.target)) {
      text.values = "true, false";
      text.value = flag->of(defaults) ? "true" : "false";
    } else if (const auto* count = std::get_if<Count>(&key.target)) {
      text.values = range(count->least, count->most);
      text.value = std::to_string(count->of(defaults));
    } else if (const auto* size = std::get_if<Size>(&key.target)) {
      text.values = range(size->least, size->most);
      text.value = std::to_string(size->of(defaults));
    } else if (const auto* words = std::get_if<Text>(&key.target)) {
      text.value = words->of(defaults);
    } else if (const auto* cpus = std::get_if<Cpus>(&key.target)) {
      text.values = "CPU list";
      text.value = cpus->of(defaults);
    } else if (std::holds_alternative<Spread>(key.target)) {
      text.values = "auto, rss, software";
      text.value = "auto";
    } else if (const auto* excess = std::get_if<OnExcess>(&key.target)) {
      text.values = "exception policy";
      for (const auto& [name, action] : kActions) {
        if (action == defaults.engine.exceptions[excess->trigger]) text.value = name;
      }
    } else if (std::holds_alternative<Simulate>(key.target)) {
      text.values = range(0, UINT32_MAX);
      text.value = "0";
    }
    keys.push_back(std::move(text));
  }
  return keys;
}

}  // namespace weir
