// Input: 1 byte of length, that many bytes to match against, then the text of rules.
// Claims: every defect has a place in the text; the parser keeps or refuses each line and
// says the same twice; what it keeps compiles or is told why not; compiled rules match in
// bounded time, twice the same.
#include <ctime>

#include "dataplane/core/packet_view.h"
#include "signatures/compile/compiler.h"
#include "signatures/rule/parser.h"
#include "tests/fuzz/support/input.h"

namespace weir::fuzz {
namespace {

constexpr double kMostSeconds = 5;  // of CPU, with sanitizers

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void CheckPlaces(const std::vector<Diagnostic>& defects, int lines) {
  for (const Diagnostic& defect : defects) {
    Require(defect.line >= 1 && defect.line <= lines && defect.column >= 1, "a defect has a place");
    Require(!defect.what.empty() && defect.what.find('\n') == std::string::npos, "and one line of words");
  }
}

std::vector<std::pair<const RuleInfo*, std::uint32_t>> Match(Matcher& matcher, Bytes bytes) {
  FlowView flow;
  flow.proto = kProtoTcp;
  flow.client_port = 40000;
  flow.server_port = 443;
  flow.established = true;
  std::vector<RuleMatch> found;
  Metadata metadata;
  for (const BufferId id : {BufferId::kTlsSni, BufferId::kHttpHost, BufferId::kHttpUri, BufferId::kDnsQuery})
    metadata.Add(id, Direction::kToServer, 0, AsText(bytes));
  matcher.MatchHeader(flow, found);
  for (const AppProto proto : {AppProto::kTls, AppProto::kHttp, AppProto::kDns}) {
    flow.app_proto = proto;
    for (std::size_t i = 0; i < metadata.size(); ++i) matcher.MatchField(flow, metadata, i, found);
    StreamScan scan;
    matcher.MatchStream(flow, bytes.first(bytes.size() / 2), scan, found);
    matcher.MatchStream(flow, bytes, scan, found);
    matcher.MatchDatagram(flow, bytes, found);
  }
  std::vector<std::pair<const RuleInfo*, std::uint32_t>> seen;
  for (const RuleMatch& match : found) {
    Require(match.rule != nullptr, "a match names its rule");
    Require(match.field == UINT32_MAX || match.field < metadata.size(), "and a field that there is");
    seen.emplace_back(match.rule, match.field);
  }
  return seen;
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::Input input(data, std::min<std::size_t>(size, 2048));
  const fuzz::Block bytes(input.Take(input.U8()));
  const std::string text(AsText(input.Rest()));
  const double started = fuzz::CpuSeconds();
  const ParsedRules parsed = ParseRules("f.rules", text);
  const ParsedRules again = ParseRules("f.rules", text);
  fuzz::Require(parsed.rules.size() == again.rules.size() && parsed.defects.size() == again.defects.size(),
                "parsing twice says the same");
  const int lines = 1 + static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  fuzz::CheckPlaces(parsed.defects, lines);
  static const AppRegistry apps;
  const CompileInput one{"f.rules", text};
  const auto compiled = CompileRules({&one, 1}, apps);
  if (!compiled) {
    fuzz::Require(!compiled.error().empty(), "a refusal says why");
    fuzz::CheckPlaces(compiled.error(), lines);
  } else {
    fuzz::Require((*compiled)->size() <= parsed.rules.size(), "no rule that nobody wrote");
    Matcher matcher(**compiled);
    fuzz::Require(fuzz::Match(matcher, bytes.bytes()) == fuzz::Match(matcher, bytes.bytes()), "matches twice the same");
  }
  fuzz::Require(fuzz::CpuSeconds() - started < fuzz::kMostSeconds, "all of it takes bounded time");
  return 0;
}
