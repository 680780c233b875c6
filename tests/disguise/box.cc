#include "tests/disguise/box.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "signatures/compile/compiler.h"
#include "signatures/policy/policy.h"
#include "tests/disguise/oracle.h"

namespace weir::disguise {

const char* const kRules =
    "drop tls any any -> any any (msg:\"sni\"; flow:to_server; tls.sni; dotprefix; content:\".blocked.example\"; "
    "nocase; endswith; sid:1;)\n"
    "drop quic any any -> any any (msg:\"qsni\"; quic.sni; dotprefix; content:\".blocked.example\"; nocase; endswith; "
    "sid:2;)\n"
    "drop http any any -> any any (msg:\"host\"; http.host; dotprefix; content:\".blocked.example\"; endswith; "
    "sid:3;)\n";

namespace {

constexpr const char* kNoPolicy =
    "version: 1\nrules:\n  - name: none\n    match: {category: [messaging]}\n    action: drop\n";

std::vector<Octets> BytesOf(const std::vector<Frame>& frames) {
  std::vector<Octets> out;
  for (const Frame& f : frames) out.push_back(f.bytes);
  return out;
}

}  // namespace

Box::Box() {
  auto apps = std::make_shared<AppRegistry>();
  auto next = std::make_shared<Generation>();
  next->number = 1;
  const CompileInput input{"evade.rules", kRules};
  auto compiled = CompileRules({&input, 1}, *apps);
  EXPECT_TRUE(compiled) << Format(compiled.error()[0]);
  auto policy = LoadPolicy("p.yaml", kNoPolicy, *apps);
  EXPECT_TRUE(policy) << policy.error()[0];
  next->rules = std::move(*compiled);
  next->policy = std::move(*policy);
  next->knowledge = Knowledge::Empty();
  next->apps = apps;
  generation_ = next;
}

Box::Passage Box::Send(const std::vector<Frame>& frames) const {
  EngineSettings settings;
  settings.flow_capacity = 64;
  settings.use_ndpi = false;
  auto worker = Worker::Create(WorkerId{0}, settings, generation_, nullptr, {1, 2});
  std::vector<Octets> held = BytesOf(frames);
  Passage passage;
  BurstOutput out;
  const auto take = [&] {
    for (const FrameRef& f : out.forward) {
      passage.left.emplace_back(f.data, f.data + f.len);
      passage.numbers.push_back(f.number - 1);
    }
    for (const DroppedFrame& d : out.dropped) passage.dropped.emplace_back(d.frame.number - 1, d.reason);
    out.Clear();
  };
  Timestamp now{1'700'000'000'000'000};
  for (std::size_t i = 0; i < held.size(); ++i) {
    FrameRef frame;
    frame.data = held[i].data();
    frame.len = static_cast<std::uint32_t>(held[i].size());
    frame.time = now;
    frame.number = i + 1;
    frame.handle = held[i].data();
    (*worker)->Process({&frame, 1}, out);
    take();
    now.us += 1000;
  }
  (*worker)->Finish(now, out);
  take();
  passage.ambiguous = (*worker)->counters().exceptions[Index(ExceptionTrigger::kAmbiguous)] > 0;
  return passage;
}

Finding JudgeBlocked(const Box& box, const Conversation& conversation) {
  Finding finding;
  finding.counts = !HostsThatRead(BytesOf(conversation.frames), kBlocked).empty();
  const Box::Passage passage = box.Send(conversation.frames);
  const auto readers = HostsThatRead(passage.left, kBlocked);
  if (!readers.empty()) finding.wrong = std::to_string(readers.size()) + " kinds of host read the blocked name";
  return finding;
}

Finding JudgeInnocent(const Box& box, const Conversation& conversation) {
  Finding finding;
  const auto before = HostsThatRead(BytesOf(conversation.frames), kAllowed);
  finding.counts = !before.empty();
  const Box::Passage passage = box.Send(conversation.frames);
  for (const auto& [number, reason] : passage.dropped) {
    const bool policy = reason == DropReason::kPolicy || reason == DropReason::kPolicyReject;
    // Who garbles a request by decoys of its own is stopped for that, by its own exception.
    const bool garbled = passage.ambiguous && !conversation.readable;
    if (conversation.frames[number].may_drop && (!policy || garbled)) continue;
    finding.wrong = "frame " + std::to_string(number + 1) + " of " + std::to_string(conversation.frames.size()) +
                    " was dropped: " + std::string(Name(reason));
    return finding;
  }
  if (!std::is_sorted(passage.numbers.begin(), passage.numbers.end())) finding.wrong = "frames changed places";
  for (std::size_t i = 0; i < passage.left.size(); ++i) {
    const Frame& sent = conversation.frames[passage.numbers[i]];
    if (!sent.may_change && passage.left[i] != sent.bytes) {
      finding.wrong = "frame " + std::to_string(passage.numbers[i] + 1) + " was changed";
    }
  }
  if (!conversation.readable) return finding;
  const auto after = HostsThatRead(passage.left, kAllowed);
  if (!std::includes(after.begin(), after.end(), before.begin(), before.end()))
    finding.wrong = "hosts that read the innocent name do not any more";
  return finding;
}

}  // namespace weir::disguise
