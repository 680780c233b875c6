#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "dataplane/core/bytes.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/flow_view.h"
#include "dataplane/core/result.h"

namespace weir {

// What nDPI says of a flow. `application` is the most specific protocol by its
// nDPI name ("WhatsApp"), `master` the protocol that carries it ("TLS"); empty
// where nDPI knows none. The views live as long as the module.
struct NdpiVoice {
  std::string_view application;
  std::string_view master;
  bool by_payload = false;  // dissected; false: a guess by port or address
  bool done = false;        // nothing more will come: feed no further packet
};

struct NdpiFlow;

// One worker's nDPI detection module (nDPI 4.2): another version is another .cc
// of this header. Protocols are named, never numbered: the numbers differ from
// release to release. Create calls must not run in parallel (ndpi_api.h).
class NdpiModule {
 public:
  static Result<std::unique_ptr<NdpiModule>> Create();
  ~NdpiModule();
  NdpiModule(const NdpiModule&) = delete;
  NdpiModule& operator=(const NdpiModule&) = delete;

  struct FlowDeleter {
    void operator()(NdpiFlow* flow) const noexcept;
  };
  using FlowPtr = std::unique_ptr<NdpiFlow, FlowDeleter>;
  [[nodiscard]] FlowPtr NewFlow();
  [[nodiscard]] static std::size_t flow_bytes() noexcept;  // what one holds once it was shown anything

  // TCP: the next in-order bytes of one direction, wrapped into packets with the
  // flow's addresses and ports and sequence numbers of our own, so that nDPI sees
  // what the end host sees: no duplicates, no gaps, no decoys.
  NdpiVoice FeedStream(NdpiFlow& state, const FlowView& flow, Bytes in_order);
  // Other protocols: the packet from its IP header on.
  NdpiVoice FeedPacket(NdpiFlow& state, const FlowView& flow, Bytes ip_packet);
  // The last word, with guesses where `guess`.
  NdpiVoice GiveUp(NdpiFlow& state, bool guess);

 private:
  NdpiModule();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir
