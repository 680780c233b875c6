#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dataplane/pipeline/worker.h"
#include "dataplane/telemetry/event_codec.h"
#include "signatures/compile/compiler.h"
#include "signatures/policy/policy.h"
#include "tests/support/packet_builder.h"
#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir::test {

// A worker with a policy and rules of the test's own, fed with packets that it builds.
class WorkerRig {
 public:
  static constexpr const char* kDropMessaging =
      "version: 1\nrules:\n  - name: barred\n    match: {category: [messaging]}\n    action: drop\n";

  explicit WorkerRig(const std::string& policy = kDropMessaging, EngineSettings settings = Small(),
                     const std::string& rules = kRules)
      : ring_(1u << 22, EventRing::Mode::kLossy) {
    Publish(policy, rules);
    auto made = Worker::Create(WorkerId{0}, settings, generation_, &ring_, {1, 2});
    EXPECT_TRUE(made);
    worker = std::move(*made);
  }

  static EngineSettings Small() {
    EngineSettings settings;
    settings.flow_capacity = 64;
    settings.use_ndpi = false;
    return settings;
  }
  static constexpr const char* kRules =
      "alert tls any any -> any any (msg:\"chat\"; tls.sni; dotprefix; content:\".chat.example\"; endswith; sid:1; "
      "metadata: weir_app Chat, weir_category messaging;)\n";

  // `facts`: a folder of Knowledge::Load; empty: no facts.
  void Publish(const std::string& policy, const std::string& rules = kRules, const std::string& facts = {}) {
    auto apps = std::make_shared<AppRegistry>();
    EXPECT_TRUE(apps->Add("Chat", Category::kMessaging));
    EXPECT_TRUE(apps->Add("Drive", Category::kCloudStorage));
    EXPECT_TRUE(apps->Add("Discord", Category::kMessaging));
    EXPECT_TRUE(apps->Add("WireGuard", Category::kEvasion));
    EXPECT_TRUE(apps->Add("DNScrypt", Category::kEvasion));
    auto next = std::make_shared<Generation>();
    next->number = generation_ ? generation_->number + 1 : 1;
    const CompileInput input{"r.rules", rules};
    auto compiled = CompileRules({&input, 1}, *apps);
    EXPECT_TRUE(compiled) << Format(compiled.error()[0]);
    auto loaded = LoadPolicy("p.yaml", policy, *apps);
    EXPECT_TRUE(loaded) << loaded.error()[0];
    next->rules = std::move(*compiled);
    next->policy = std::move(*loaded);
    auto knowledge = facts.empty() ? Knowledge::Empty() : Knowledge::Load(facts, *apps);
    EXPECT_TRUE(knowledge) << knowledge.error().what;
    next->knowledge = std::move(*knowledge);
    next->apps = apps;
    generation_ = next;
    if (worker) worker->SetGeneration(next);
  }

  // Sends one frame; whether it was forwarded at once.
  bool Send(const Octets& bytes) {
    frames_.push_back(std::make_unique<Octets>(bytes));
    FrameRef frame;
    frame.data = frames_.back()->data();
    frame.len = static_cast<std::uint32_t>(bytes.size());
    frame.time = now;
    frame.in_port = in_port;
    frame.number = frames_.size();
    frame.handle = frames_.back().get();
    out.Clear();
    worker->Process({&frame, 1}, out);
    return !out.forward.empty();
  }
  bool SendTcp(bool to_server, const TcpHeader& header, const Octets& payload = {}) {
    const auto [src, dst] = to_server ? std::pair(kClient, kServer) : std::pair(kServer, kClient);
    return Send(Ethernet(0x0800, Ipv4(6, Tcp(header, payload, src, dst), src, dst)));
  }
  // SYN, SYN/ACK, ACK; the next bytes are 1 each way.
  void Handshake(std::uint16_t sport = 40000) {
    EXPECT_TRUE(SendTcp(true, {.sport = sport, .dport = 443, .seq = 0, .flags = 0x02}));
    EXPECT_TRUE(SendTcp(false, {.sport = 443, .dport = sport, .seq = 0, .ack = 1, .flags = 0x12}));
    EXPECT_TRUE(SendTcp(true, {.sport = sport, .dport = 443, .seq = 1, .ack = 1, .flags = 0x10}));
  }
  static Octets Hello(std::string_view name) { return Records(ClientHelloMessage(ServerName(name))); }
  bool SendHello(std::string_view name, std::uint16_t sport = 40000) {
    return SendTcp(true, {.sport = sport, .dport = 443, .seq = 1, .ack = 1}, Hello(name));
  }

  [[nodiscard]] std::uint64_t dropped(DropReason reason) const {
    return worker->counters().dropped_packets[static_cast<std::size_t>(reason)];
  }
  // rx = forwarded + dropped + held.
  void ExpectConservation() const {
    const WorkerCounters& c = worker->counters();
    EXPECT_EQ(c.rx_packets, c.forwarded_packets + c.dropped_total() + c.held_packets);
  }
  // What the ring holds, by type; flow events' verdicts in order of their end.
  struct Seen {
    std::vector<std::string> verdicts;
    std::size_t alerts = 0, drops = 0, protocols = 0, exceptions = 0;
  };
  Seen Events() {
    Seen seen;
    std::vector<DecodedField> fields;
    while (const std::byte* record = ring_.state().Front()) {
      RecordHeader header;
      std::memcpy(&header, record, sizeof header);
      if (header.type == EventType::kFlow) {
        const FlowEvent event = Decode<FlowEvent>(record, fields);
        seen.verdicts.push_back(std::string(event.weir.app) + ":" + (event.weir.would ? "would-" : "") +
                                std::string(Name(event.weir.verdict)));
      }
      seen.alerts += header.type == EventType::kAlert ? 1 : 0;
      seen.drops += header.type == EventType::kDrop ? 1 : 0;
      seen.protocols += header.type == EventType::kProtocol ? 1 : 0;
      seen.exceptions += header.type == EventType::kException ? 1 : 0;
      ring_.state().Pop();
    }
    return seen;
  }
  // Calls `use` with each flow event of the ring and empties it.
  [[nodiscard]] std::uint64_t events_lost() const noexcept { return ring_.lost(); }
  template <class Use>
  void EachFlow(Use use) {
    std::vector<DecodedField> fields;
    while (const std::byte* record = ring_.state().Front()) {
      RecordHeader header;
      std::memcpy(&header, record, sizeof header);
      if (header.type == EventType::kFlow) use(Decode<FlowEvent>(record, fields));
      ring_.state().Pop();
    }
  }
  Seen Finish() {
    worker->Finish(now, out);
    return Events();
  }

  PortId in_port{0};  // of the frames that are sent
  std::unique_ptr<Worker> worker;
  BurstOutput out;
  Timestamp now{1'700'000'000'000'000};

 private:
  EventRing ring_;
  std::shared_ptr<const Generation> generation_;
  std::vector<std::unique_ptr<Octets>> frames_;
};

}  // namespace weir::test
