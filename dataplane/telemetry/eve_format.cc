#include "dataplane/telemetry/eve_format.h"

#include <fmt/compile.h>

#include <array>
#include <utility>

#include "dataplane/telemetry/community_id.h"
#include "dataplane/telemetry/json_put.h"

namespace weir {
namespace {

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmp6 = 58;
constexpr std::uint8_t kSctp = 132;

void Raw(std::string_view text, JsonBuffer& out) { out.append(text); }

// `format` by FMT_COMPILE: it is taken apart once, by the compiler.
template <class Format, class... Args>
void Print(JsonBuffer& out, const Format& format, const Args&... args) {
  fmt::format_to(fmt::appender(out), format, args...);
}

void Field(std::string_view name, std::string_view value, JsonBuffer& out) {
  Put(out, ",\"", name, "\":");
  AppendJsonString(value, out);
}

void TextOrNull(std::string_view name, std::string_view value, JsonBuffer& out) {
  if (value.empty()) return Put(out, ",\"", name, "\":null");
  Field(name, value, out);
}

void Address(std::string_view name, const IpAddress& address, std::uint8_t version, JsonBuffer& out) {
  Put(out, ",\"", name, "\":\"");
  AppendAddress(address, version, out);
  out.push_back('"');
}

void Protocol(const EventHead& head, JsonBuffer& out) {
  switch (head.proto) {
    case kTcp:
      return Raw(",\"proto\":\"TCP\"", out);
    case kUdp:
      return Raw(",\"proto\":\"UDP\"", out);
    case kSctp:
      return Raw(",\"proto\":\"SCTP\"", out);
    case kIcmp:
      return Raw(",\"proto\":\"ICMP\"", out);
    case kIcmp6:
      return Raw(",\"proto\":\"IPv6-ICMP\"", out);
    case 47:
      return Raw(",\"proto\":\"GRE\"", out);
    case 50:
      return Raw(",\"proto\":\"ESP\"", out);
    default:
      return Put(out, ",\"proto\":\"", head.proto, "\"");
  }
}

void Begin(const EventHead& head, std::string_view type, JsonBuffer& out) {
  Raw("{\"timestamp\":\"", out);
  AppendTimestamp(head.time, out);
  Put(out, "\",\"flow_id\":", head.flow_id);
  if (!head.in_iface.empty()) Field("in_iface", head.in_iface, out);
  if (head.pcap_cnt != 0) Put(out, ",\"pcap_cnt\":", head.pcap_cnt);
  Put(out, ",\"event_type\":\"", type, "\"");
  if (head.vlan_count > 0) {
    Raw(",\"vlan\":[", out);
    for (std::size_t i = 0; i < head.vlan_count; ++i) Put(out, i == 0 ? "" : ",", head.vlan[i]);
    Raw("]", out);
  }
  const bool ports = head.proto == kTcp || head.proto == kUdp || head.proto == kSctp;
  Address("src_ip", head.src, head.ip_version, out);
  if (ports) Put(out, ",\"src_port\":", head.src_port);
  Address("dest_ip", head.dst, head.ip_version, out);
  if (ports) Put(out, ",\"dest_port\":", head.dst_port);
  Protocol(head, out);
  if (head.proto == kIcmp || head.proto == kIcmp6)
    Put(out, ",\"icmp_type\":", head.icmp_type, ",\"icmp_code\":", head.icmp_code);
  if (head.app_proto != AppProto::kUnknown) Field("app_proto", Name(head.app_proto), out);
  Put(out, ",\"community_id\":\"", CommunityId(head).text(), "\"");
}

// The flags that were seen, by name, as Suricata has them.
void TcpFlags(unsigned all, JsonBuffer& out) {
  constexpr std::array<std::string_view, 8> kNames = {"fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"};
  for (std::size_t bit = 0; bit < kNames.size(); ++bit) {
    if ((all >> bit & 1u) != 0) Put(out, ",\"", kNames[bit], "\":true");
  }
}

void DirectionField(const EventHead& head, JsonBuffer& out) {
  Field("direction", head.direction == Direction::kToServer ? "to_server" : "to_client", out);
}

void Label(const WeirLabel& weir, JsonBuffer& out) {
  Raw(",\"weir\":{\"app\":", out);
  if (weir.app.empty()) {
    Raw("null", out);
  } else {
    AppendJsonString(weir.app, out);
  }
  TextOrNull("category", Name(weir.category), out);
  TextOrNull("confidence", Name(weir.confidence), out);
  TextOrNull("evidence", weir.evidence, out);
  TextOrNull("source", Name(weir.source), out);
  Put(out, ",\"verdict\":\"", weir.would ? "would-" : "", Name(weir.verdict), "\",\"mirrored\":", weir.mirrored);
  TextOrNull("policy", weir.policy, out);
  TextOrNull("exemption", weir.exemption, out);
  if (weir.signature_id == RuleId{}) {
    Raw(",\"signature_id\":null", out);
  } else {
    Put(out, ",\"signature_id\":", weir.signature_id.value());
  }
  Put(out, ",\"generation\":", weir.generation);
  if (weir.verdict_packet == 0) {
    Raw(",\"verdict_packet\":null}", out);
  } else {
    Put(out, ",\"verdict_packet\":", weir.verdict_packet, "}");
  }
}

constexpr std::array<std::string_view, 4> kEndNames = {"timeout", "forced", "shutdown", "tcp_reuse"};

}  // namespace

void FormatEve(const FlowEvent& event, JsonBuffer& out) {
  Begin(event.head, "flow", out);
  Put(out, ",\"flow\":{\"pkts_toserver\":", event.packets[0], ",\"pkts_toclient\":", event.packets[1],
      ",\"bytes_toserver\":", event.bytes[0], ",\"bytes_toclient\":", event.bytes[1], ",\"start\":\"");
  AppendTimestamp(event.start, out);
  Raw("\",\"end\":\"", out);
  AppendTimestamp(event.end, out);
  const bool stopped = Stops(event.weir.verdict) && !event.weir.would;
  Put(out, "\",\"age\":", (event.end - event.start) / 1'000'000, ",\"state\":\"", event.state, "\",\"reason\":\"",
      kEndNames[static_cast<std::size_t>(event.reason)], "\",\"alerted\":", event.alerted);
  if (stopped) Raw(",\"action\":\"drop\"", out);
  Raw("}", out);
  if (event.head.proto == kTcp) {
    const unsigned all = event.tcp_flags_ts | event.tcp_flags_tc;
    Print(out,
          FMT_COMPILE(",\"tcp\":{{\"tcp_flags\":\"{:02x}\",\"tcp_flags_ts\":\"{:02x}\",\"tcp_flags_tc\":\"{:02x}\""),
          all, event.tcp_flags_ts, event.tcp_flags_tc);
    TcpFlags(all, out);
    Raw("}", out);
  }
  Label(event.weir, out);
  Raw("}\n", out);
}

void FormatEve(const AlertEvent& event, const std::vector<DecodedField>& metadata, JsonBuffer& out) {
  Begin(event.head, "alert", out);
  DirectionField(event.head, out);
  Put(out, ",\"tx_id\":", event.tx, ",\"alert\":{\"action\":\"", event.blocked ? "blocked" : "allowed",
      "\",\"gid\":", event.gid, ",\"signature_id\":", event.sid.value(), ",\"rev\":", event.rev);
  Field("signature", event.signature, out);
  Field("category", event.category, out);
  Put(out, ",\"severity\":", event.severity);
  if (!metadata.empty()) {
    // Keys in the order of their first value; each key's values in a list.
    Raw(",\"metadata\":{", out);
    bool first = true;
    for (std::size_t i = 0; i < metadata.size(); ++i) {
      bool before = false;
      for (std::size_t k = 0; k < i; ++k) before = before || metadata[k].key == metadata[i].key;
      if (before) continue;
      if (!first) out.push_back(',');
      first = false;
      AppendJsonString(metadata[i].key, out);
      Raw(":[", out);
      for (std::size_t k = i; k < metadata.size(); ++k) {
        if (metadata[k].key != metadata[i].key) continue;
        if (k != i) out.push_back(',');
        AppendJsonString(metadata[k].value, out);
      }
      out.push_back(']');
    }
    out.push_back('}');
  }
  Raw("}", out);
  Label(event.weir, out);
  Raw("}\n", out);
}

void FormatEve(const DropEvent& event, JsonBuffer& out) {
  Begin(event.head, "drop", out);
  DirectionField(event.head, out);
  Put(out, ",\"drop\":{\"len\":", event.length);
  if (event.head.proto == kTcp) {
    Put(out, ",\"tcpseq\":", event.tcp_seq, ",\"tcpack\":", event.tcp_ack, ",\"syn\":", (event.tcp_flags & 2) != 0,
        ",\"ack\":", (event.tcp_flags & 16) != 0, ",\"psh\":", (event.tcp_flags & 8) != 0,
        ",\"rst\":", (event.tcp_flags & 4) != 0, ",\"urg\":", (event.tcp_flags & 32) != 0,
        ",\"fin\":", (event.tcp_flags & 1) != 0);
  }
  Field("reason", Name(event.reason), out);
  Raw("}", out);
  Label(event.weir, out);
  Raw("}\n", out);
}

void FormatEve(const ExceptionEvent& event, JsonBuffer& out) {
  Begin(event.head, "exception", out);
  Raw(",\"exception\":{\"trigger\":", out);
  AppendJsonString(event.trigger, out);
  Field("action", event.action, out);
  Raw("}}\n", out);
}

void FormatStats(Timestamp now, const WorkerCounters& c, std::uint64_t events_lost, JsonBuffer& out) {
  Raw("{\"timestamp\":\"", out);
  AppendTimestamp(now, out);
  Put(out, "\",\"event_type\":\"stats\",\"stats\":{\"decoder\":{\"pkts\":", c.rx_packets, ",\"bytes\":", c.rx_bytes,
      "},\"weir\":{");
  Put(out, "\"rx_packets\":", c.rx_packets, ",\"forwarded_packets\":", c.forwarded_packets,
      ",\"held_packets\":", c.held_packets, ",\"injected_packets\":", c.injected_packets,
      ",\"injected_dropped_packets\":", c.injected_dropped_packets, ",\"busy_cycles\":", c.busy_cycles, ",");
  Put(out, "\"mirrored_packets\":", c.mirrored_packets, ",\"mirror_dropped_packets\":", c.mirror_dropped_packets,
      ",\"flows_created\":", c.flows_created, ",\"flows_ended\":", c.flows_ended,
      ",\"flows_evicted\":", c.flows_evicted, ",\"undecided_bytes\":", c.undecided_bytes, ",");
  Put(out, "\"alerts\":", c.alerts, ",\"events_lost\":", events_lost, ",\"dropped\":{");
  for (std::size_t i = 1; i < kDropReasonCount; ++i)
    Put(out, i == 1 ? "" : ",", "\"", kDropReasonNames[i], "\":", c.dropped_packets[i]);
  Raw("},\"exceptions\":{", out);
  for (std::size_t i = 0; i < kTriggerNames.size(); ++i)
    Put(out, i == 0 ? "" : ",", "\"", kTriggerNames[i], "\":", c.exceptions[i]);
  Raw("}}}}\n", out);
}

void FormatEve(const ProtocolEvent& event, const std::vector<DecodedField>& fields, JsonBuffer& out) {
  const bool http = event.proto == AppProto::kHttp || event.proto == AppProto::kHttp2;
  Begin(event.head, http ? Name(AppProto::kHttp) : Name(event.proto), out);
  if (http) Put(out, ",\"tx_id\":", event.tx);
  AppendProtocolObject(event, fields, out);
  Raw("}\n", out);
}

}  // namespace weir
