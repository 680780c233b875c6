// weir: the composition root. Commands and flags are docs/weir.8.md's.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "dataplane/control/replay.h"
#include "dataplane/control/run.h"

namespace {

constexpr int kFailed = 1;
constexpr int kWrongInput = 2;

void AddStartupFlags(CLI::App& command, weir::StartupOptions& startup) {
  command.add_option("-c,--config", startup.config, "engine settings (weir.yaml); without it the defaults");
  command.add_option("-p,--policy", startup.policy,
                     "policy.yaml; without it the one that ships; none: pass everything");
  command.add_option("-s", startup.add_rules, "signatures beside those that ship (file or folder)")
      ->allow_extra_args(false);
  command.add_option("-S", startup.only_rules, "use only these signatures (file or folder)")->allow_extra_args(false);
  command.add_option("--set", startup.settings, "KEY=VALUE, any key of weir.yaml")->allow_extra_args(false);
}

int Tell(const std::vector<std::string>& defects) {
  for (const std::string& defect : defects) std::fprintf(stderr, "%s\n", defect.c_str());
  return kWrongInput;
}

int Print(const weir::Summary& summary, bool as_json) {
  const std::string text = as_json ? weir::SummaryJson(summary) : weir::SummaryTable(summary);
  return std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? kFailed : 0;
}

int Tell(const weir::Error& error) {
  std::fprintf(stderr, "weir: %s\n", error.what.c_str());
  const bool wrong = error.code == weir::Errc::kInvalidArgument || error.code == weir::Errc::kUnsupported;
  return wrong ? kWrongInput : kFailed;
}

int RunInline(const weir::StartupOptions& options, bool as_json) {
  const auto startup = weir::LoadStartup(options);
  if (!startup) return Tell(startup.error());
  const auto summary = weir::RunInline(options, *startup);
  if (!summary) return Tell(summary.error());
  const int printed = Print(*summary, as_json);
  return summary->defect.empty() ? printed : kFailed;
}

int RunReplay(const weir::ReplayOptions& options, bool as_json) {
  const auto startup = weir::LoadStartup(options.startup);
  if (!startup) return Tell(startup.error());
  const auto result = weir::Replay(options, *startup);
  if (!result) return Tell(result.error());
  return Print(*result, as_json);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"weir: inline packet inspection"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "weir 0.1.0");

  weir::ReplayOptions replay;
  bool as_json = false;
  std::string checksums = "all";
  CLI::App* replay_command = app.add_subcommand("replay", "run captures through the pipeline");
  AddStartupFlags(*replay_command, replay.startup);
  replay_command->add_option("captures", replay.captures, "pcap and pcapng files, in order")->required();
  replay_command->add_option("-k", checksums, "checksum verification")->check(CLI::IsMember({"none", "all"}));
  replay_command->add_option("-l,--log-dir", replay.log_dir, "where eve.json goes");
  replay_command->add_option("-o,--out", replay.out, "what left the box");
  replay_command->add_option("-m,--mirror-out", replay.mirror_out, "what the mirror port got");
  replay_command->add_option("--injected", replay.injected, "resets and ICMP errors of our own");
  replay_command->add_option("-w,--workers", replay.workers, "workers")->check(CLI::Range(1, 64));
  replay_command->add_flag("--json", as_json, "the summary as JSON");

  weir::StartupOptions run;
  CLI::App* run_command = app.add_subcommand("run", "inline between the ports of weir.yaml until SIGTERM");
  AddStartupFlags(*run_command, run);
  run_command->add_flag("--json", as_json, "the summary as JSON");

  weir::StartupOptions check;
  CLI::App* check_command = app.add_subcommand("check", "validate configuration, policy and signatures; start nothing");
  AddStartupFlags(*check_command, check);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongInput;
  }
  replay.verify_checksums = checksums == "all";
  replay.progress = isatty(STDERR_FILENO) != 0;
  if (*replay_command) return RunReplay(replay, as_json);
  if (*run_command) return RunInline(run, as_json);
  const auto startup = weir::LoadStartup(check);
  if (!startup) return Tell(startup.error());
  std::printf("ok: %zu rules, %zu apps\n", startup->generation->rules->size(), startup->generation->apps->size() - 1);
  return 0;
}
