#include "dataplane/io/eal.h"

#include <pthread.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <sched.h>

#include <algorithm>
#include <cctype>

#include "dataplane/io/af_packet_fanout.h"

namespace weir {
namespace {

// 10240-byte slots hold a jumbo frame with its tags; a block is whole pages of them.
constexpr const char* kRingSizes = ",framesz=10240,blocksz=20480,framecnt=1024";

std::vector<std::string> ArgumentsOf(const EalOptions& options) {
  std::vector<std::string> words = {"weir", "--file-prefix=" + options.name, "--no-telemetry"};
  if (!options.huge_pages) {
    words.insert(words.end(), {"--no-huge", "--no-shconf"});
  }
  words.insert(words.end(), {"-m", std::to_string(options.memory_mb)});
  bool any_pci = false;
  for (const std::string& device : options.devices) {
    any_pci = any_pci || IsPciAddress(device);
    words.insert(words.end(), {IsPciAddress(device) ? "-a" : "--vdev", WithRingSizes(device)});
  }
  if (!any_pci) words.emplace_back("--no-pci");
  // One lcore for DPDK's own use, wherever this process may run; workers are registered threads.
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  int first = 0;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    while (first < CPU_SETSIZE && !CPU_ISSET(first, &allowed)) ++first;
  }
  words.insert(words.end(), {"-l", std::to_string(first)});
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  return words;
}

}  // namespace

Result<std::unique_ptr<Eal>> Eal::Start(const EalOptions& options) {
  if (options.quiet) rte_log_set_global_level(RTE_LOG_WARNING);
  std::vector<std::string> words = ArgumentsOf(options);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  cpu_set_t before;
  const bool have_affinity = sched_getaffinity(0, sizeof before, &before) == 0;
  KeepFragmentsApart();
  if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0) {
    std::string line;
    for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
    const Errc code = rte_errno == ENOMEM ? Errc::kExhausted : Errc::kInvalidArgument;
    return Fail(code, "DPDK does not start: " + std::string(rte_strerror(rte_errno)) + " (" + line + ")");
  }
  // rte_eal_init binds this thread to its lcore; it only waits for signals.
  if (have_affinity) (void)sched_setaffinity(0, sizeof before, &before);
  return std::unique_ptr<Eal>(new Eal());
}

Eal::~Eal() { rte_eal_cleanup(); }

EalThread::EalThread(int cpu) {
  if (cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    pinned_ = pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0;
  }
  registered_ = rte_thread_register() == 0;
}

EalThread::~EalThread() {
  if (registered_) rte_thread_unregister();
}

void LeaveCpus(std::span<const int> cpus) noexcept {
  cpu_set_t rest;
  if (pthread_getaffinity_np(pthread_self(), sizeof rest, &rest) != 0) return;
  for (const int cpu : cpus) {
    if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_CLR(static_cast<std::size_t>(cpu), &rest);
  }
  if (CPU_COUNT(&rest) > 0) (void)pthread_setaffinity_np(pthread_self(), sizeof rest, &rest);
}

std::string DeviceName(const std::string& device) { return device.substr(0, device.find(',')); }

bool IsPciAddress(const std::string& device) noexcept {
  const std::size_t length = std::min(device.find(','), device.size());
  if (length != 7 && length != 12) return false;  // 03:00.0, 0000:03:00.0
  return std::all_of(device.begin(), device.begin() + static_cast<std::ptrdiff_t>(length),
                     [](unsigned char c) { return std::isxdigit(c) != 0 || c == ':' || c == '.'; });
}

bool IsAfPacket(const std::string& device) noexcept { return device.starts_with("net_af_packet"); }

std::string WithRingSizes(const std::string& device) {
  const bool wants = IsAfPacket(device) && device.find("framesz=") == std::string::npos &&
                     device.find("blocksz=") == std::string::npos;
  return wants ? device + kRingSizes : device;
}

}  // namespace weir
