// Input: the text of a policy.yaml.
// Claims: it loads, or every defect is one line with a place in the file; a loaded policy
// judges any flow at any time to a final action, and its next edge lies ahead; loading
// twice says the same.
#include "dataplane/core/packet_view.h"
#include "signatures/policy/policy.h"
#include "tests/fuzz/support/input.h"

namespace weir::fuzz {
namespace {

const AppRegistry& Apps() {
  static const AppRegistry apps = [] {
    AppRegistry some;
    (void)some.Add("WhatsApp", Category::kMessaging);
    (void)some.Add("Dropbox", Category::kCloudStorage);
    (void)some.Add("Gmail", Category::kWebmail);
    return some;
  }();
  return apps;
}

void CheckDefects(const std::vector<std::string>& defects) {
  Require(!defects.empty(), "a refusal says why");
  for (const std::string& defect : defects) {
    Require(defect.starts_with("p.yaml:"), "a defect names the file");
    Require(defect.find('\n') == std::string::npos, "and is one line");
  }
}

void Judge(const Policy& policy) {
  for (const std::int64_t us :
       {std::int64_t{0}, std::int64_t{1'764'000'000'000'000}, std::int64_t{4'000'000'000'000'000}}) {
    Require(policy.NextEdge({us}).us > us, "the next edge lies ahead");
    FlowView flow;
    flow.proto = kProtoTcp;
    flow.client = IpAddress::V4("\x0a\x00\x00\x01");
    flow.server = IpAddress::V4("\xc0\x00\x02\x09");
    flow.now = {us};
    Classification what;
    for (std::uint16_t app = 0; app <= 3; ++app) {
      what.app = AppId{app};
      what.category = Apps().CategoryOf(what.app);
      what.confidence = app == 0 ? Confidence::kNone : Confidence::kCertain;
      const Verdict verdict = policy.Judge(what, flow);
      Require(verdict.action != Action::kPending, "a verdict is final");
      Require(verdict == policy.Judge(what, flow), "and the same twice");
      Require(policy.RuleName(verdict.rule).find('\n') == std::string_view::npos, "its rule has a name");
    }
    Require(policy.JudgeUnknown(flow).action != Action::kPending, "also on what is not known");
  }
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::Input input(data, std::min<std::size_t>(size, 4096));
  const std::string text(AsText(input.Rest()));
  const auto loaded = LoadPolicy("p.yaml", text, fuzz::Apps());
  const auto again = LoadPolicy("p.yaml", text, fuzz::Apps());
  fuzz::Require(loaded.has_value() == again.has_value(), "loading twice says the same");
  if (!loaded) {
    fuzz::CheckDefects(loaded.error());
    fuzz::Require(loaded.error() == again.error(), "loading twice tells the same defects");
    return 0;
  }
  fuzz::Judge(**loaded);
  return 0;
}
