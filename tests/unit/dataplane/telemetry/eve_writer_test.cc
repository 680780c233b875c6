#include "dataplane/telemetry/eve_writer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "classifiers/metadata/fingerprint.h"
#include "dataplane/telemetry/eve_format.h"
#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir {
namespace {

using nlohmann::json;

EventHead Head() {
  EventHead head;
  head.time = {1'790'000'000'123'456};
  head.flow_id = 77;
  const std::uint8_t a[4] = {10, 0, 0, 1};
  const std::uint8_t b[4] = {192, 0, 2, 9};
  head.src = IpAddress::V4(a);
  head.dst = IpAddress::V4(b);
  head.src_port = 40000;
  head.dst_port = 443;
  head.proto = 6;
  head.vlan = {40, 0, 0};
  head.vlan_count = 1;
  head.app_proto = AppProto::kTls;
  return head;
}

WeirLabel Label() {
  WeirLabel label;
  label.app = "WhatsApp";
  label.category = Category::kMessaging;
  label.confidence = Confidence::kCertain;
  label.source = Source::kSignature;
  label.evidence = "tls.sni web.whatsapp.com";
  label.verdict = Action::kDrop;
  label.policy = "no-messaging";
  label.signature_id = RuleId{9000017};
  label.generation = 12;
  label.verdict_packet = 4;
  return label;
}

// What is pushed, as the writer writes it.
std::vector<json> Written(const std::function<void(EventRing&)>& push) {
  const std::string path = std::filesystem::temp_directory_path() / ("weir-eve-" + std::to_string(getpid()) + ".json");
  {
    EventRing ring(4096, EventRing::Mode::kLossless);
    auto writer = EveWriter::Start({.path = path}, {&ring}, [] { return WorkerCounters{}; }).value();
    push(ring);
    EXPECT_TRUE(writer->Stop({1}));
    EXPECT_EQ(writer->lost(), 0u);
  }
  std::vector<json> lines;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  std::filesystem::remove(path);
  return lines;
}

TEST(EveWriter, WritesAFlowAsSuricataDoesAndOursUnderOneKey) {
  FlowEvent event{.head = Head(), .weir = Label(), .packets = {5, 4}, .bytes = {500, 400}, .state = "closed"};
  event.start = {event.head.time.us - 3'000'000};
  event.end = event.head.time;
  const std::vector<json> lines = Written([&](EventRing& ring) { ring.Push(event); });
  ASSERT_EQ(lines.size(), 2u);
  const json& flow = lines[0];
  EXPECT_EQ(flow["timestamp"], "2026-09-21T14:13:20.123456+0000");
  EXPECT_EQ(flow["event_type"], "flow");
  EXPECT_EQ(flow["vlan"], json::array({40}));
  EXPECT_EQ(flow["src_ip"], "10.0.0.1");
  EXPECT_EQ(flow["dest_port"], 443);
  EXPECT_EQ(flow["proto"], "TCP");
  EXPECT_EQ(flow["flow"]["pkts_toserver"], 5);
  EXPECT_EQ(flow["flow"]["age"], 3);
  EXPECT_EQ(flow["flow"]["action"], "drop");
  EXPECT_EQ(flow["weir"], json::parse(R"({"app":"WhatsApp","category":"messaging","confidence":"certain",
    "evidence":"tls.sni web.whatsapp.com","source":"signature","verdict":"drop","mirrored":false,"policy":"no-messaging",
    "exemption":null,"signature_id":9000017,"generation":12,"verdict_packet":4})"));
  EXPECT_EQ(lines[1]["event_type"], "stats");
}

TEST(EveWriter, WritesAnAlertWithItsMetadataGrouped) {
  const std::vector<std::pair<std::string, std::string>> metadata = {{"a", "1"}, {"b", "x"}, {"a", "2"}};
  AlertEvent event{.head = Head(),
                   .weir = Label(),
                   .blocked = true,
                   .sid = RuleId{3},
                   .signature = "say \"no\"",
                   .category = "Policy"};
  event.metadata = metadata.data();
  event.metadata_count = metadata.size();
  const json alert = Written([&](EventRing& ring) { ring.Push(event); })[0]["alert"];
  EXPECT_EQ(
      alert,
      json::parse(R"({"action":"blocked","gid":1,"signature_id":3,"rev":1,"signature":"say \"no\"","category":"Policy",
    "severity":3,"metadata":{"a":["1","2"],"b":["x"]}})"));
}

TEST(EveWriter, MakesTheFingerprintsThatTheWorkerLeftToIt) {
  using test::operator+;
  const auto hello = test::ClientHelloMessage(test::ServerName("a.example") + test::Alpn("h2"));
  const Bytes body = Bytes(hello).subspan(4);
  std::vector<json> tls;
  for (const bool later : {false, true}) {
    Metadata metadata;
    metadata.Add(BufferId::kTlsSni, Direction::kToServer, 0, "a.example");
    AddClientFingerprints(body, HelloTransport::kTcp, 0, later, metadata);
    ProtocolEvent event{.head = Head(), .proto = AppProto::kTls};
    event.metadata = &metadata;
    tls.push_back(Written([&](EventRing& ring) { ring.Push(event); })[0]["tls"]);
  }
  EXPECT_EQ(tls[0], tls[1]);
  EXPECT_EQ(tls[1]["ja3"]["hash"].get<std::string>().size(), 32u);
  EXPECT_EQ(tls[1]["ja4"].get<std::string>().substr(0, 3), "t12");
}

TEST(EveWriter, WritesTheFieldsOfOneTransaction) {
  Metadata metadata;
  metadata.Add(BufferId::kTlsSni, Direction::kToServer, 0, "a.example");
  metadata.Add(BufferId::kTlsAlpn, Direction::kToServer, 0, "h2");
  metadata.Add(BufferId::kTlsAlpn, Direction::kToServer, 0, "http/1.1");
  metadata.Add(BufferId::kTlsSni, Direction::kToServer, 1, "other.example");
  const ProtocolEvent event{.head = Head(), .proto = AppProto::kTls, .tx = 0, .metadata = &metadata};
  const json line = Written([&](EventRing& ring) { ring.Push(event); })[0];
  EXPECT_EQ(line["tls"], json::parse(R"({"sni":"a.example","alpn":["h2","http/1.1"]})"));
}

TEST(EveWriter, WritesADrop) {
  const DropEvent event{
      .head = Head(), .weir = Label(), .reason = DropReason::kTcpConflict, .length = 60, .tcp_flags = 0x18};
  const json line = Written([&](EventRing& ring) { ring.Push(event); })[0];
  EXPECT_EQ(line["drop"]["reason"], "tcp_conflict");
  EXPECT_EQ(line["drop"]["psh"], true);
}

TEST(EveWriter, LosesNothingInALosslessRingThatIsMuchTooSmall) {
  const DropEvent event{.head = Head(), .weir = Label()};
  EXPECT_EQ(Written([&](EventRing& ring) {
              for (int i = 0; i < 5000; ++i) ring.Push(event);
            }).size(),
            5001u);
}

TEST(EveWriter, CountsWhatTheDiskRefuses) {
  EventRing ring(1 << 16, EventRing::Mode::kLossless);
  auto writer =
      EveWriter::Start({.path = "/dev/full", .append = true}, {&ring}, [] { return WorkerCounters{}; }).value();
  ring.Push(DropEvent{.head = Head(), .weir = Label()});
  const auto stopped = writer->Stop({1});
  ASSERT_FALSE(stopped);
  EXPECT_NE(stopped.error().what.find("/dev/full: No space left on device"), std::string::npos) << stopped.error().what;
  EXPECT_GE(writer->lost(), 1u);
}

TEST(EveWriter, SaysWhyItCannotBegin) {
  EXPECT_EQ(EveWriter::Start({.path = "/nonexistent/eve.json"}, {}, {}).error().what,
            "/nonexistent/eve.json: No such file or directory");
}

TEST(EventRing, CountsWhatDoesNotFitInLossyMode) {
  EventRing ring(4096, EventRing::Mode::kLossy);
  const DropEvent event{.head = Head(), .weir = Label()};
  while (ring.Push(event)) {
  }
  EXPECT_EQ(ring.lost(), 1u);
  EXPECT_GT(ring.pushed(), 3u);
  ring.state().Pop();
  ring.state().Pop();
  EXPECT_TRUE(ring.Push(event)) << "the room that was read is used again";
}

TEST(JsonString, EscapesControlQuotesAndWhatIsNoUtf8) {
  JsonBuffer out;
  AppendJsonString(std::string_view("a\"\\\n\x7f\xc3\xa4\xff\xed\xa0\x80\0z", 13), out);
  const std::string text = fmt::to_string(out);
  EXPECT_EQ(text, "\"a\\\"\\\\\\u000a\\u007f\xc3\xa4\\u00ff\\u00ed\\u00a0\\u0080\\u0000z\"");
  EXPECT_TRUE(json::accept(text));
}

}  // namespace
}  // namespace weir
