#pragma once
#include <optional>
#include <string>
#include <vector>

#include "perf/support/traffic.h"

namespace weir::perf {

// Whole TLS 1.3 connections of 11 frames (perf/peers/handshakes.h), one a server name. Flow n speaks
// number n modulo their count, which is even: even flows are IPv4, odd ones IPv6.
using Talks = std::vector<std::vector<Pattern>>;

// For the names of a file, one a line; an odd one out at the end is left out. None: no two names can be read.
[[nodiscard]] std::optional<Talks> ReadTalks(const std::string& path);

}  // namespace weir::perf
