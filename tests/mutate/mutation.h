#pragma once
#include <random>
#include <vector>

#include "dataplane/core/frame.h"

namespace weir::mutate {

using Octets = std::vector<std::byte>;

// One to four changes to a frame: bits flipped, bytes set, words set to values at the edge of
// something, a piece cut out, doubled, or put in from `other`. Half of them have their
// checksums mended, so that they get past where those are verified.
[[nodiscard]] Octets Mutated(const Octets& frame, const Octets& other, LinkType link, std::mt19937_64& random);

// The first `length` bytes of a frame, with the length fields of its IP and UDP header and
// the checksums set as if it had been sent so. What does not parse is only cut.
[[nodiscard]] Octets CutWithLengths(const Octets& frame, std::size_t length, LinkType link);

}  // namespace weir::mutate
