// What happens beyond a budget: counted, told (once a flow and trigger;
// where there is no flow, once a second), and done as weir.yaml says (exceptions).
#include "dataplane/pipeline/worker_state.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, 7> kActionTexts = {"pass-packet", "pass-flow", "drop-packet", "drop-flow",
                                                          "reject",      "bypass",    "ignore"};
constexpr std::int64_t kWithoutFlowEveryUs = 1'000'000;

}  // namespace

bool Worker::State::Simulated(const FrameRef& frame, ExceptionTrigger trigger) const noexcept {
  const std::uint32_t at = settings.exceptions.simulate[Index(trigger)];
  return at != 0 && frame.number == at;
}

void Worker::State::Exceed(const Item& item, ExceptionTrigger trigger, DropReason reason, Ruling& ruling) {
  CountException(*item.flow, item.frame().number, trigger);
  ruling.drop = DropReason::kNone;
  switch (settings.exceptions[trigger]) {
    case ExceptionAction::kDropPacket:
      ruling.drop = reason;
      break;
    case ExceptionAction::kDropFlow:
      ruling.by_rule = Action::kDrop;
      break;
    case ExceptionAction::kReject:
      ruling.by_rule = Action::kReject;
      break;
    case ExceptionAction::kPassFlow:
    case ExceptionAction::kBypass:
      ruling.by_rule = Action::kPass;
      break;
    case ExceptionAction::kPassPacket:
    case ExceptionAction::kIgnore:
      break;
  }
}

void Worker::State::CountException(FlowRecord& flow, std::uint64_t number, ExceptionTrigger trigger) {
  ++counters.exceptions[Index(trigger)];
  if (events == nullptr) return;
  std::uint16_t& told = cold[flow.cold].exceptions_told;
  const auto bit = static_cast<std::uint16_t>(1u << Index(trigger));
  if ((told & bit) != 0) return;
  told |= bit;
  PushException(HeadOf(flow, Direction::kToServer), number, trigger);
}

void Worker::State::CountWithoutFlow(const FrameRef& frame, const PacketView& view, ExceptionTrigger trigger) {
  ++counters.exceptions[Index(trigger)];
  std::int64_t& told = told_us[Index(trigger)];
  if (events == nullptr || now.us - told < kWithoutFlowEveryUs) return;
  told = now.us;
  EventHead head;
  head.time = now;
  head.flow_id = FlowIdOf(KeyOf(view, settings.key_has_vlan).key, frame.time);
  head.src = view.src;
  head.dst = view.dst;
  head.src_port = view.src_port;
  head.dst_port = view.dst_port;
  head.proto = view.proto;
  head.ip_version = view.ip_version;
  head.vlan = view.vlan;
  head.vlan_count = view.vlan_count;
  PushException(head, frame.number, trigger);
}

void Worker::State::PushException(const EventHead& head, std::uint64_t number, ExceptionTrigger trigger) {
  ExceptionEvent event;
  event.head = head;
  event.head.pcap_cnt = number;
  event.trigger = kTriggerNames[Index(trigger)];
  event.action = kActionTexts[static_cast<std::size_t>(settings.exceptions[trigger])];
  events->Push(event);
}

}  // namespace weir
