#include "classifiers/fusion.h"

namespace weir {

bool Fuse(Classification& current, const Classification& candidate) noexcept {
  if (!candidate.known()) return false;
  const bool outranks = !current.known() || candidate.source > current.source ||
                        (candidate.source == current.source && candidate.confidence > current.confidence);
  // A guess does not displace what a lower voice is sure of.
  const bool weaker =
      current.known() && candidate.confidence == Confidence::kGuess && current.confidence > Confidence::kGuess;
  if (!outranks || weaker) return false;
  current = candidate;
  return true;
}

}  // namespace weir
