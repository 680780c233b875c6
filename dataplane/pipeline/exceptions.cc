// What happens beyond a budget: counted, told (once a flow and trigger; a full table,
// which has no flow, once a second), and done as weir.yaml says (exceptions).
#include "dataplane/pipeline/worker_state.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, 7> kActionTexts = {"pass-packet", "pass-flow", "drop-packet", "drop-flow",
                                                          "reject",      "bypass",    "ignore"};
constexpr std::int64_t kTableFullEveryUs = 1'000'000;

}  // namespace

bool Worker::State::Simulated(const Item& item, ExceptionTrigger trigger) const noexcept {
  const std::uint32_t at = settings.exceptions.simulate[Index(trigger)];
  return at != 0 && item.frame().number == at;
}

void Worker::State::Exceed(const Item& item, ExceptionTrigger trigger, DropReason reason, Ruling& ruling) {
  CountException(item, trigger);
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

void Worker::State::CountException(const Item& item, ExceptionTrigger trigger) {
  ++counters.exceptions[Index(trigger)];
  if (events == nullptr || item.flow == nullptr) return;
  std::uint16_t& told = cold[item.flow->cold].exceptions_told;
  const auto bit = static_cast<std::uint16_t>(1u << Index(trigger));
  if ((told & bit) != 0) return;
  told |= bit;
  PushException(HeadOf(*item.flow, DirectionOf(*item.flow, item.reversed)), item, trigger);
}

void Worker::State::CountTableFull(const Item& item) {
  ++counters.exceptions[Index(ExceptionTrigger::kFlowTableFull)];
  if (events == nullptr || now - table_full_told < kTableFullEveryUs) return;
  table_full_told = now;
  EventHead head;
  head.time = now;
  head.flow_id = FlowIdOf(item);
  head.src = item.view.src;
  head.dst = item.view.dst;
  head.src_port = item.view.src_port;
  head.dst_port = item.view.dst_port;
  head.proto = item.view.proto;
  head.ip_version = item.view.ip_version;
  head.vlan = item.view.vlan;
  head.vlan_count = item.view.vlan_count;
  PushException(head, item, ExceptionTrigger::kFlowTableFull);
}

void Worker::State::PushException(const EventHead& head, const Item& item, ExceptionTrigger trigger) {
  ExceptionEvent event;
  event.head = head;
  event.head.pcap_cnt = item.frame().number;
  event.trigger = kTriggerNames[Index(trigger)];
  event.action = kActionTexts[static_cast<std::size_t>(settings.exceptions[trigger])];
  events->Push(event);
}

}  // namespace weir
