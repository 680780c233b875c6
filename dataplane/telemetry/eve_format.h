#pragma once
#include <fmt/format.h>

#include <vector>

#include "dataplane/telemetry/counters.h"
#include "dataplane/telemetry/event_codec.h"

namespace weir {

using JsonBuffer = fmt::memory_buffer;

// Each appends one EVE line with its newline: names and types as Suricata 7 has
// them, ours under "weir" (docs/eve.md).
void FormatEve(const FlowEvent& event, JsonBuffer& out);
void FormatEve(const AlertEvent& event, const std::vector<DecodedField>& metadata, JsonBuffer& out);
void FormatEve(const DropEvent& event, JsonBuffer& out);
void FormatEve(const ProtocolEvent& event, const std::vector<DecodedField>& fields, JsonBuffer& out);
void FormatEve(const ExceptionEvent& event, JsonBuffer& out);
void FormatStats(Timestamp now, const WorkerCounters& counters, std::uint64_t events_lost, JsonBuffer& out);

// The tls, quic, dns or http object of the event, with the comma before it.
void AppendProtocolObject(const ProtocolEvent& event, const std::vector<DecodedField>& fields, JsonBuffer& out);

// A JSON string with its quotes. Bytes that are no UTF-8 become \u00XX.
void AppendJsonString(std::string_view text, JsonBuffer& out);
// 192.0.2.1; 2001:db8::1 (RFC 5952, as inet_ntop writes it).
void AppendAddress(const IpAddress& address, std::uint8_t version, JsonBuffer& out);
// 2026-11-24T08:00:00.123456+0000
void AppendTimestamp(Timestamp time, JsonBuffer& out);

}  // namespace weir
