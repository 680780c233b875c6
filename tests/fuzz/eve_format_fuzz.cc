// Input: event kind, protocol, then texts (1 byte of length each) and, for protocol events,
// fields: buffer, direction, length, bytes.
// Claims: whatever bytes names and texts hold, an event that went through the ring is one
// line of JSON, an object, that an independent parser reads.
#include <cctype>
#include <nlohmann/json.hpp>

#include "dataplane/telemetry/eve_format.h"
#include "tests/fuzz/support/input.h"

namespace weir::fuzz {
namespace {

struct Texts {
  std::vector<std::string> all;
  std::string_view Next(Input& input) {
    all.reserve(64);
    return all.emplace_back(AsText(input.Take(input.U8())));
  }
};

template <class Event>
void PushTo(EventRing& ring, Event event, Input& input) {
  Texts texts;
  event.head.proto = input.U8();
  event.head.ip_version = (input.U8() & 1) != 0 ? 6 : 4;
  event.head.vlan_count = input.U8() % 4;
  ForEachText(event, [&](std::string_view& text) { text = texts.Next(input); });
  if constexpr (requires { event.state; }) event.state = "closed";  // of ours, never from the wire
  Require(ring.Push(event), "an event fits");
}

// What readers compute holds digits, commas and hex digits only.
bool Computed(BufferId id) {
  return id == BufferId::kJa3 || id == BufferId::kJa3String || id == BufferId::kJa3s || id == BufferId::kJa3sString ||
         id == BufferId::kDnsRrtype || id == BufferId::kDnsRcode;
}

void PushAlert(EventRing& ring, Input& input) {
  std::vector<std::pair<std::string, std::string>> pairs(input.U8() % 20);
  for (auto& [key, value] : pairs) {
    key = AsText(input.Take(input.U8() % 16));
    value = AsText(input.Take(input.U8()));
  }
  AlertEvent alert;
  alert.metadata = pairs.data();
  alert.metadata_count = pairs.size();
  PushTo(ring, alert, input);
}

void PushProtocol(EventRing& ring, Input& input) {
  static constexpr std::array kProtocols = {AppProto::kTls, AppProto::kQuic, AppProto::kHttp, AppProto::kDns};
  ProtocolEvent event;
  event.proto = kProtocols[input.U8() % kProtocols.size()];
  Metadata metadata;
  for (unsigned n = input.U8() % 24; n > 0; --n) {
    const auto id = static_cast<BufferId>(input.U8() % kBufferCount);
    const auto direction = static_cast<Direction>(input.U8() & 1);
    std::string value(AsText(input.Take(input.U8())));
    if (Computed(id)) std::erase_if(value, [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) == 0; });
    metadata.Add(id, direction, 0, value);
  }
  event.metadata = &metadata;
  PushTo(ring, event, input);
}

void Format(EventRing& ring, JsonBuffer& out) {
  std::vector<DecodedField> fields;
  const std::byte* record = ring.state().Front();
  Require(record != nullptr, "what was pushed is there");
  RecordHeader header;
  std::memcpy(&header, record, sizeof header);
  if (header.type == EventType::kFlow) FormatEve(Decode<FlowEvent>(record, fields), out);
  if (header.type == EventType::kDrop) FormatEve(Decode<DropEvent>(record, fields), out);
  if (header.type == EventType::kException) FormatEve(Decode<ExceptionEvent>(record, fields), out);
  if (header.type == EventType::kAlert) {
    const auto event = Decode<AlertEvent>(record, fields);
    FormatEve(event, fields, out);
  }
  if (header.type == EventType::kProtocol) {
    const auto event = Decode<ProtocolEvent>(record, fields);
    FormatEve(event, fields, out);
  }
  ring.state().Pop();
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::Input input(data, std::min<std::size_t>(size, 8000));
  EventRing ring(1u << 16, EventRing::Mode::kLossy);
  switch (input.U8() % 5) {
    case 0:
      fuzz::PushTo(ring, FlowEvent{}, input);
      break;
    case 1:
      fuzz::PushTo(ring, DropEvent{}, input);
      break;
    case 2:
      fuzz::PushTo(ring, ExceptionEvent{}, input);
      break;
    case 3:
      fuzz::PushAlert(ring, input);
      break;
    default:
      fuzz::PushProtocol(ring, input);
  }
  JsonBuffer out;
  fuzz::Format(ring, out);
  const std::string_view line(out.data(), out.size());
  fuzz::Require(line.find('\n') == line.size() - 1, "one line");
  const auto json = nlohmann::json::parse(line, nullptr, false);
  const bool good = json.is_object() && json.contains("event_type");
  if (!good) std::fprintf(stderr, "%.*s", static_cast<int>(line.size()), line.data());
  fuzz::Require(good, "that is a JSON object");
  return 0;
}
