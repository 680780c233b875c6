#pragma once
#include "dataplane/control/startup.h"
#include "dataplane/control/summary.h"

namespace weir {

// Inline between the ports of weir.yaml until SIGTERM or SIGINT: then receives until
// nothing more comes (200 ms at most), gives back what it held, stops the ports and
// reports. SIGHUP loads policy and signatures again; what does not load changes
// nothing and is logged. Says "forwarding" on the log once packets flow.
//
// Once a process, on its main thread; blocks these signals for all threads.
// kInvalidArgument, kUnsupported: configuration and devices do not fit, nothing was
// forwarded; others: failed. Summary::defect says if frames do not add up or events
// could not be written.
[[nodiscard]] Result<Summary> RunInline(const StartupOptions& options, const Startup& startup);

// rx = forwarded + dropped + held, and what the drivers gave and took is what
// was received, forwarded and injected; empty, or what does not hold.
[[nodiscard]] std::string ConservationDefect(const Summary& summary);

}  // namespace weir
