#include <algorithm>
#include <optional>
#include <string>

#include "signatures/match/rule_set.h"
#include "signatures/match/rule_set_impl.h"
#include "signatures/match/value_matcher.h"

namespace weir {

RuleSet::RuleSet(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
RuleSet::~RuleSet() = default;
std::size_t RuleSet::size() const noexcept { return impl_->rules.size(); }
std::uint32_t RuleSet::payload_depth() const noexcept { return impl_->payload_depth; }
bool RuleSet::uses(BufferId buffer) const noexcept {
  if (buffer == BufferId::kPayload) return !impl_->streams.empty() || !impl_->datagrams.empty();
  return !impl_->buffers[static_cast<std::size_t>(buffer)].empty();
}

namespace {

// A field's own protocol, where the flow as a whole speaks another by now: a hello within CONNECT or after STARTTLS,
// the request that asked for the tunnel.
AppProto ProtocolOf(BufferId field, AppProto flow) noexcept {
  if (field >= BufferId::kHttpHost && field <= BufferId::kHttpHeader) {
    return flow == AppProto::kHttp2 ? flow : AppProto::kHttp;
  }
  const bool has_hello = flow == AppProto::kTls || flow == AppProto::kQuic || flow == AppProto::kDtls;
  return field >= BufferId::kTlsSni && field <= BufferId::kEch && !has_hello ? AppProto::kTls : flow;
}

}  // namespace

struct Matcher::State {
  const RuleSet::Impl* rules = nullptr;
  hs_scratch_t* scratch = nullptr;
  ValueMatcher values;
  std::vector<std::uint32_t> hits;  // sorted
  std::vector<std::uint32_t> due;
  std::string scan;

  ~State() { hs_free_scratch(scratch); }
  void Candidates(const BufferIndex& index, std::string_view before, std::string_view text);
  void AddStarts(const BufferIndex& index, std::string_view text);
  [[nodiscard]] bool EndsFit(const CompiledRule& rule, const FlowView& flow) const noexcept;
  [[nodiscard]] bool StateFits(const CompiledRule& rule, const FlowView& flow) const noexcept;
  [[nodiscard]] bool HeaderFits(const CompiledRule& rule, const FlowView& flow) const noexcept;
  bool OthersFit(const CompiledRule& rule, std::uint32_t hit, const Metadata& metadata, TxId tx) noexcept;
  bool PayloadFits(TestRef ref, const FlowView& flow, std::string_view text, std::vector<RuleMatch>& out) noexcept;
  bool RestFits(const CompiledRule& rule, const FlowView& flow, std::string_view text,
                std::vector<RuleMatch>& out) noexcept;
};

Matcher::Matcher(const RuleSet& rules) : state_(std::make_unique<State>()) {
  state_->rules = &rules.impl();
  const auto room_for = [this](const BufferIndex& index) {
    if (index.literals) hs_alloc_scratch(index.literals.get(), &state_->scratch);
  };
  for (const BufferIndex& index : rules.impl().buffers) room_for(index);
  room_for(rules.impl().streams);
  room_for(rules.impl().datagrams);
  state_->hits.reserve(256);
}
Matcher::~Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;

// Ids of the literals in `before` and `text` behind it, each once. Scanned in a copy with room behind it: Hyperscan
// 5.4.0's search for AVX512VBMI reads two bytes past some buffers of 62 and 63, which may be another page.
void Matcher::State::Candidates(const BufferIndex& index, std::string_view before, std::string_view text) {
  constexpr std::size_t kRoom = 64;
  hits.clear();
  if (!index.literals || text.empty()) return;
  scan.assign(before).append(text);
  const auto size = static_cast<unsigned>(scan.size());
  scan.append(kRoom, '\0');
  const auto collect = [](unsigned id, unsigned long long, unsigned long long, unsigned, void* context) {
    static_cast<std::vector<std::uint32_t>*>(context)->push_back(id);
    return 0;
  };
  hs_scan(index.literals.get(), scan.data(), size, 0, scratch, collect, &hits);
  std::sort(hits.begin(), hits.end());
  hits.erase(std::unique(hits.begin(), hits.end()), hits.end());
}

// Adds those of the literals at the very start that stand there.
void Matcher::State::AddStarts(const BufferIndex& index, std::string_view text) {
  if (index.starts.empty() || text.empty()) return;
  const std::size_t before = hits.size();
  constexpr auto same = [](char theirs, char ours) {
    return (theirs >= 'A' && theirs <= 'Z' ? static_cast<char>(theirs + 32) : theirs) == ours;
  };
  for (const StartLiteral& start : index.starts[static_cast<unsigned char>(text[0])]) {
    if (start.bytes.size() > text.size()) continue;
    const std::string_view head = text.substr(0, start.bytes.size());
    const bool stands =
        start.nocase ? std::equal(head.begin(), head.end(), start.bytes.begin(), same) : head == start.bytes;
    if (stands) hits.push_back(start.id);
  }
  if (hits.size() != before) std::sort(hits.begin(), hits.end());  // each id is in one of the two
}

// What of the header stays as it is for a flow and direction.
bool Matcher::State::EndsFit(const CompiledRule& compiled, const FlowView& flow) const noexcept {
  const RuleHeader& header = compiled.rule.header;
  if (header.ip_proto != 0 && header.ip_proto != flow.proto) return false;
  const std::optional<Direction> direction = compiled.rule.flow.direction;
  if (direction && *direction != flow.direction) return false;
  const auto fits = [&](const IpAddress& a, std::uint16_t ap, const IpAddress& b, std::uint16_t bp) {
    return header.source_ports.Contains(ap) && header.destination_ports.Contains(bp) &&
           header.source.Contains(a, flow.ip_version) && header.destination.Contains(b, flow.ip_version);
  };
  const bool to_server = flow.direction == Direction::kToServer;
  if ((header.both_ways || to_server) && fits(flow.client, flow.client_port, flow.server, flow.server_port))
    return true;
  return (header.both_ways || !to_server) && fits(flow.server, flow.server_port, flow.client, flow.client_port);
}

// What becomes known.
bool Matcher::State::StateFits(const CompiledRule& compiled, const FlowView& flow) const noexcept {
  const RuleHeader& header = compiled.rule.header;
  const FlowTest& test = compiled.rule.flow;
  const bool any_http = header.app_proto == AppProto::kHttp && !header.app_exact && flow.app_proto == AppProto::kHttp2;
  if (header.app_proto != AppProto::kUnknown && header.app_proto != flow.app_proto && !any_http) return false;
  return !test.established || *test.established == flow.established;
}

bool Matcher::State::HeaderFits(const CompiledRule& compiled, const FlowView& flow) const noexcept {
  return StateFits(compiled, flow) && EndsFit(compiled, flow);
}

// Is each other buffer of the rule satisfied by some value of the transaction?
bool Matcher::State::OthersFit(const CompiledRule& rule, std::uint32_t hit, const Metadata& metadata,
                               TxId tx) noexcept {
  for (std::uint32_t t = 0; t < rule.rule.buffers.size(); ++t) {
    if (t == hit) continue;
    const BufferTests& tests = rule.rule.buffers[t];
    bool found = false;
    for (std::size_t i = 0; i < metadata.size() && !found; ++i) {
      const Metadata::Field& field = metadata.field(i);
      found = field.id == tests.buffer && field.tx == tx && values.Matches(tests, rule.pcre[t], metadata.value(field));
    }
    if (!found) return false;
  }
  return true;
}

void Matcher::MatchField(const FlowView& flow, const Metadata& metadata, std::size_t at,
                         std::vector<RuleMatch>& out) noexcept {
  State& s = *state_;
  const Metadata::Field& field = metadata.field(at);
  const BufferIndex& index = s.rules->buffers[static_cast<std::size_t>(field.id)];
  if (!index.literals && index.always.empty()) return;
  const std::string_view value = metadata.value(field);
  FlowView view = flow;
  view.direction = field.direction;
  view.app_proto = ProtocolOf(field.id, flow.app_proto);
  const auto verify = [&](TestRef ref) {
    const CompiledRule& rule = s.rules->rules[ref.rule];
    const BufferTests& tests = rule.rule.buffers[ref.tests];
    if (!s.HeaderFits(rule, view) || !s.values.Matches(tests, rule.pcre[ref.tests], value)) return;
    if (s.OthersFit(rule, ref.tests, metadata, field.tx))
      out.push_back({&rule.info, field.id, static_cast<std::uint32_t>(at), field.tx});
  };
  // With the dot in front that dotprefix puts there: for other rules only one more byte to scan.
  s.Candidates(index, ".", value);
  for (const std::uint32_t id : s.hits) verify(index.by_id[id]);
  for (const TestRef ref : index.always) verify(ref);
}

bool Matcher::State::PayloadFits(TestRef ref, const FlowView& flow, std::string_view text,
                                 std::vector<RuleMatch>& out) noexcept {
  const CompiledRule& rule = rules->rules[ref.rule];
  return EndsFit(rule, flow) && RestFits(rule, flow, text, out);
}

bool Matcher::State::RestFits(const CompiledRule& rule, const FlowView& flow, std::string_view text,
                              std::vector<RuleMatch>& out) noexcept {
  if (!StateFits(rule, flow)) return false;
  for (std::size_t t = 0; t < rule.rule.buffers.size(); ++t) {
    if (!values.Matches(rule.rule.buffers[t], rule.pcre[t], text)) return false;
  }
  out.push_back({&rule.info, BufferId::kPayload, UINT32_MAX, 0});
  return true;
}

// A rule whose literal came first may be true only with what comes later, and a flow's protocol be known only then:
// it is asked again until it is. Where too many wait, all is scanned again.
void Matcher::MatchStream(const FlowView& flow, Bytes head, StreamScan& scan, std::vector<RuleMatch>& out) noexcept {
  constexpr std::size_t kMostWaiting = 64;
  State& s = *state_;
  const BufferIndex& index = s.rules->streams;
  const std::string_view text = AsText(head);
  const std::size_t overlap = index.longest_literal == 0 ? 0 : index.longest_literal - 1;
  const bool all = scan.waiting.size() > kMostWaiting || scan.scanned <= overlap;
  s.Candidates(index, {}, all ? text : text.substr(scan.scanned - overlap));
  if (scan.waiting.size() > kMostWaiting || scan.scanned < index.longest_start) s.AddStarts(index, text);
  if (scan.waiting.size() <= kMostWaiting) {
    for (const std::uint32_t id : scan.waiting) {
      if (!std::binary_search(s.hits.begin(), s.hits.end(), id)) s.due.push_back(id);
    }
  }
  s.due.insert(s.due.end(), s.hits.begin(), s.hits.end());
  const auto judge = [&](TestRef ref) {
    const CompiledRule& rule = s.rules->rules[ref.rule];
    const bool may_come = s.EndsFit(rule, flow);
    const bool fits = may_come && text.size() >= rule.least_stream && s.RestFits(rule, flow, text, out);
    return may_come && !fits;  // it waits
  };
  scan.waiting.clear();
  for (const std::uint32_t id : s.due) {
    if (judge(index.by_id[id]) && scan.waiting.size() <= kMostWaiting) scan.waiting.push_back(id);
  }
  s.due.clear();
  for (const TestRef ref : index.always) (void)judge(ref);
  scan.scanned = text.size();
}

void Matcher::MatchDatagram(const FlowView& flow, Bytes payload, std::vector<RuleMatch>& out) noexcept {
  State& s = *state_;
  const BufferIndex& index = s.rules->datagrams;
  const std::string_view text = AsText(payload);
  s.Candidates(index, {}, text.substr(0, s.rules->datagram_depth));
  s.AddStarts(index, text);
  for (const std::uint32_t id : s.hits) s.PayloadFits(index.by_id[id], flow, text, out);
  for (const TestRef ref : index.always) s.PayloadFits(ref, flow, text, out);
}

void Matcher::MatchHeader(const FlowView& flow, std::vector<RuleMatch>& out) noexcept {
  for (const std::uint32_t at : state_->rules->header_only) {
    const CompiledRule& rule = state_->rules->rules[at];
    if (state_->HeaderFits(rule, flow)) out.push_back({&rule.info, BufferId::kPayload, UINT32_MAX, 0});
  }
}

}  // namespace weir
