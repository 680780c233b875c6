#include "classifiers/ndpi/ndpi_adapter.h"

#include <ndpi/ndpi_api.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "dataplane/core/packet_view.h"

namespace weir {
namespace {

constexpr std::size_t kChunk = 1460;  // stream bytes in one packet of ours
constexpr std::size_t kMaxPacket = 65535;
constexpr std::size_t kHeaders = 40 + 20;  // the larger IP header and TCP's

}  // namespace

struct NdpiFlow {
  ndpi_flow_struct* flow = nullptr;
  std::array<std::uint32_t, 2> next_seq = {1, 1};
  bool opened = false;  // our handshake was fed
  bool done = false;
  ndpi_protocol last = NDPI_PROTOCOL_NULL;

  // Most flows are named by their first bytes and never shown to nDPI: what it keeps of a flow is made when it is.
  // False: there is no memory.
  bool Begin() noexcept {
    if (flow != nullptr || done) return flow != nullptr;
    const std::size_t size = ndpi_detection_get_sizeof_ndpi_flow_struct();
    flow = static_cast<ndpi_flow_struct*>(ndpi_flow_malloc(size));
    if (flow != nullptr) std::memset(static_cast<void*>(flow), 0, size);
    done = flow == nullptr;
    return flow != nullptr;
  }
};

struct NdpiModule::State {
  ndpi_detection_module_struct* module = nullptr;
  std::array<std::byte, kHeaders + kChunk> packet{};

  NdpiVoice Process(NdpiFlow& state, std::span<const std::byte> packet_bytes, Timestamp now);
  NdpiVoice Voice(const NdpiFlow& state) const;
  std::string_view NameOf(std::uint16_t protocol) const;
  void FeedSegment(NdpiFlow& state, const FlowView& flow, Direction direction, std::uint8_t flags, Bytes data);
};

NdpiModule::NdpiModule() : state_(std::make_unique<State>()) {}

NdpiModule::~NdpiModule() {
  if (state_->module != nullptr) ndpi_exit_detection_module(state_->module);
}

Result<std::unique_ptr<NdpiModule>> NdpiModule::Create() {
  std::unique_ptr<NdpiModule> made(new NdpiModule());
  made->state_->module = ndpi_init_detection_module(ndpi_no_prefs);
  if (made->state_->module == nullptr) return Fail(Errc::kExhausted, "nDPI could not start a detection module");
  NDPI_PROTOCOL_BITMASK all;
  NDPI_BITMASK_SET_ALL(all);
  ndpi_set_protocol_detection_bitmask2(made->state_->module, &all);
  ndpi_finalize_initialization(made->state_->module);
  return made;
}

void NdpiModule::FlowDeleter::operator()(NdpiFlow* flow) const noexcept {
  if (flow->flow != nullptr) ndpi_free_flow(flow->flow);
  delete flow;
}

std::size_t NdpiModule::flow_bytes() noexcept {
  return ndpi_detection_get_sizeof_ndpi_flow_struct() + sizeof(NdpiFlow);
}

NdpiModule::FlowPtr NdpiModule::NewFlow() { return FlowPtr(new NdpiFlow()); }

std::string_view NdpiModule::State::NameOf(std::uint16_t protocol) const {
  if (protocol == NDPI_PROTOCOL_UNKNOWN) return {};
  const char* name = ndpi_get_proto_name(module, protocol);
  return name == nullptr ? std::string_view{} : std::string_view{name};
}

NdpiVoice NdpiModule::State::Voice(const NdpiFlow& state) const {
  NdpiVoice voice;
  voice.application = NameOf(state.last.app_protocol);
  voice.master = NameOf(state.last.master_protocol);
  voice.by_payload = state.flow != nullptr && (state.flow->confidence == NDPI_CONFIDENCE_DPI ||
                                               state.flow->confidence == NDPI_CONFIDENCE_DPI_CACHE);
  voice.done = state.done;
  return voice;
}

NdpiVoice NdpiModule::State::Process(NdpiFlow& state, std::span<const std::byte> bytes, Timestamp now) {
  if (!state.done && bytes.size() <= kMaxPacket && state.Begin()) {
    state.last =
        ndpi_detection_process_packet(module, state.flow, reinterpret_cast<const unsigned char*>(bytes.data()),
                                      static_cast<unsigned short>(bytes.size()), static_cast<std::uint64_t>(now.ms()));
    const bool named = state.last.app_protocol != NDPI_PROTOCOL_UNKNOWN;
    state.done = named && ndpi_extra_dissection_possible(module, state.flow) == 0;
  }
  return Voice(state);
}

namespace {

// Writes an IP header for `payload` bytes of TCP; returns its length.
std::size_t WriteIpHeader(std::byte* at, const FlowView& flow, Direction direction, std::size_t payload) {
  const bool to_server = direction == Direction::kToServer;
  const IpAddress& src = to_server ? flow.client : flow.server;
  const IpAddress& dst = to_server ? flow.server : flow.client;
  if (flow.ip_version == 4) {
    std::memset(at, 0, 20);
    at[0] = std::byte{0x45};
    StoreBe16(at + 2, static_cast<std::uint16_t>(20 + payload));
    at[8] = std::byte{64};
    at[9] = std::byte{kProtoTcp};
    std::memcpy(at + 12, src.octets.data(), 4);
    std::memcpy(at + 16, dst.octets.data(), 4);
    return 20;
  }
  std::memset(at, 0, 40);
  at[0] = std::byte{0x60};
  StoreBe16(at + 4, static_cast<std::uint16_t>(payload));
  at[6] = std::byte{kProtoTcp};
  at[7] = std::byte{64};
  std::memcpy(at + 8, src.octets.data(), 16);
  std::memcpy(at + 24, dst.octets.data(), 16);
  return 40;
}

}  // namespace

void NdpiModule::State::FeedSegment(NdpiFlow& state, const FlowView& flow, Direction direction, std::uint8_t flags,
                                    Bytes data) {
  std::byte* at = packet.data();
  const std::size_t ip = WriteIpHeader(at, flow, direction, 20 + data.size());
  std::byte* tcp = at + ip;
  std::memset(tcp, 0, 20);
  const bool to_server = direction == Direction::kToServer;
  StoreBe16(tcp, to_server ? flow.client_port : flow.server_port);
  StoreBe16(tcp + 2, to_server ? flow.server_port : flow.client_port);
  StoreBe32(tcp + 4, state.next_seq[Index(direction)]);
  StoreBe32(tcp + 8, (flags & kTcpAck) != 0 ? state.next_seq[Index(Opposite(direction))] : 0);
  tcp[12] = std::byte{0x50};
  tcp[13] = std::byte{flags};
  StoreBe16(tcp + 14, 0xffff);
  if (!data.empty()) std::memcpy(tcp + 20, data.data(), data.size());
  state.next_seq[Index(direction)] += static_cast<std::uint32_t>(data.size()) + ((flags & kTcpSyn) != 0 ? 1 : 0);
  Process(state, {at, ip + 20 + data.size()}, flow.now);
}

NdpiVoice NdpiModule::FeedStream(NdpiFlow& state, const FlowView& flow, Bytes in_order) {
  if (!state.opened) {
    state.opened = true;
    state_->FeedSegment(state, flow, Direction::kToServer, kTcpSyn, {});
    state_->FeedSegment(state, flow, Direction::kToClient, kTcpSyn | kTcpAck, {});
    state_->FeedSegment(state, flow, Direction::kToServer, kTcpAck, {});
  }
  while (!in_order.empty() && !state.done) {
    const std::size_t n = std::min(in_order.size(), kChunk);
    state_->FeedSegment(state, flow, flow.direction, kTcpAck | kTcpPsh, in_order.first(n));
    in_order = in_order.subspan(n);
  }
  return state_->Voice(state);
}

NdpiVoice NdpiModule::FeedPacket(NdpiFlow& state, const FlowView& flow, Bytes ip_packet) {
  return state_->Process(state, ip_packet, flow.now);
}

NdpiVoice NdpiModule::GiveUp(NdpiFlow& state, bool guess) {
  if (state.Begin() && state.last.app_protocol == NDPI_PROTOCOL_UNKNOWN) {
    std::uint8_t guessed = 0;
    state.last = ndpi_detection_giveup(state_->module, state.flow, guess ? 1 : 0, &guessed);
  }
  state.done = true;
  return state_->Voice(state);
}

}  // namespace weir
