#pragma once
#include "dataplane/control/startup.h"

namespace weir::perf {

// Prints what an undecided flow takes of the heap, step by step of its life.
void PrintFlowBytes(const Startup& startup);

}  // namespace weir::perf
