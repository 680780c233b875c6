// What happens beyond a budget: counted, told once a flow and trigger, and done as
// weir.yaml says (exceptions).
#include "dataplane/pipeline/worker_state.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, 7> kActionTexts = {"pass-packet", "pass-flow", "drop-packet", "drop-flow",
                                                          "reject",      "bypass",    "ignore"};

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
  std::uint8_t& told = cold[item.flow->cold].exceptions_told;
  const auto bit = static_cast<std::uint8_t>(1u << Index(trigger));
  if ((told & bit) != 0) return;
  told |= bit;
  ExceptionEvent event;
  event.head = HeadOf(*item.flow, DirectionOf(*item.flow, item.reversed));
  event.head.pcap_cnt = item.frame().number;
  event.trigger = kTriggerNames[Index(trigger)];
  event.action = kActionTexts[static_cast<std::size_t>(settings.exceptions[trigger])];
  events->Push(event);
}

}  // namespace weir
