#pragma once
#include <nlohmann/json.hpp>

#include "perf/rigs/rigs.h"
#include "perf/rigs/subject.h"

namespace weir::perf {

// perf/rig scale, part `workers`: one worker, then two at once, each on a thread of its own that is bound to a core.
// Rates are frames by CPU time of their thread, so that what else runs is left out, but not what it does to the caches;
// warns where the cores are not idle. Null: said on stderr.
[[nodiscard]] nlohmann::json ScaleWorkers(const ScaleOptions& options, const Startup& startup, const NewTls& tls);

}  // namespace weir::perf
