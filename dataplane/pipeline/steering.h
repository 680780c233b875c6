#pragma once
#include <cstddef>
#include <utility>
#include <vector>

#include "dataplane/core/frame.h"
#include "dataplane/packet/defrag.h"
#include "dataplane/packet/parser.h"

namespace weir {

// Deals frames to workers so that all of one flow come to one. A fragment's flow is not
// known before its datagram is whole: a tunnel's packet in fragments belongs to the flow
// inside, as the next one that is not cut does. So fragments wait here, and go to the
// owner of the innermost packet one after the other, as they came; the worker puts them
// together again and judges them. What is overlapping, over a budget or never completed
// goes to the owner of the outer addresses, which drops it for its reason: nothing is
// dropped here. One thread.
class Steering {
 public:
  struct Dealt {
    FrameRef frame;  // as it was given, or a copy (FrameRef::copied) with defrag.copy_held
    std::size_t worker;
    bool resolves = false;  // from a resolver's port: its worker may learn what the others then need to know
  };

  Steering(const ParseOptions& parse, const DefragLimits& defrag, std::size_t workers)
      : parse_(parse), defrag_(defrag), workers_(workers) {}

  // Appends to `out` what can be dealt now: this frame, none, or a whole datagram's.
  // True: `frame` itself was copied and is the caller's again.
  bool Deal(const FrameRef& frame, std::vector<Dealt>& out);
  // Deals what has waited for longer than the fragment timeout; about once a second.
  void Expire(Timestamp now, std::vector<Dealt>& out);
  // Deals all that waits.
  void Flush(std::vector<Dealt>& out);

 private:
  void GiveUp(std::vector<Dealt>& out);

  ParseOptions parse_;
  Defragmenter defrag_;
  std::size_t workers_;
  std::vector<DroppedFrame> dropped_;
};

}  // namespace weir
