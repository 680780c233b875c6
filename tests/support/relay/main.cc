// weir_relay: a bad link between two devices, where the kernel has no netem.
//
//   weir_relay [options] LEFT RIGHT
//
// Every frame that comes in on one device leaves by the other one, late, twice,
// damaged or never. Until SIGTERM or SIGINT; then one line of JSON on stdout:
// counters of each direction ("right": LEFT to RIGHT). Exit code 0; 1 when a
// device failed; 2 when the command line is wrong.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/relay/wire.h"

namespace weir::test {
namespace {

volatile std::sig_atomic_t stop = 0;

struct Settings {
  std::string left, right;
  Impairments impairments;
  std::uint64_t seed = 1;
  bool impair_all = false;  // ARP too; otherwise IP only
};

std::int64_t Now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec;
}

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "weir_relay: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

// A raw socket on a device that sees what comes in, not what leaves.
int Open(const std::string& name) {
  const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
  if (fd < 0) Fail("AF_PACKET");
  const int on = 1;
  const int buffer = 64 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
  if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) != 0) Fail("PACKET_IGNORE_OUTGOING");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(name.c_str()));
  if (address.sll_ifindex == 0) Fail(name);
  packet_mreq promiscuous{};
  promiscuous.mr_ifindex = address.sll_ifindex;
  promiscuous.mr_type = PACKET_MR_PROMISC;
  if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof promiscuous) != 0) Fail(name);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) Fail(name);
  return fd;
}

// One direction: from one socket through a wire to the other socket.
struct Way {
  int in = -1, out = -1;
  Wire wire;
  bool impair_all = false;
  std::uint64_t untouched = 0;  // frames that are no IP: a damaged ARP answer would outlive the test
  std::uint64_t refused = 0;    // by the device
  std::array<std::byte, 65536> buffer{};

  Way(const Settings& s, std::uint64_t seed) : wire(s.impairments, seed), impair_all(s.impair_all) {}

  void Receive() {
    for (;;) {
      const ssize_t n = recv(in, buffer.data(), buffer.size(), 0);
      if (n <= 0) return;
      const auto frame = std::span(buffer).first(static_cast<std::size_t>(n));
      const int type = n < 14 ? 0 : std::to_integer<int>(frame[12]) << 8 | std::to_integer<int>(frame[13]);
      if (impair_all || type == ETH_P_IP || type == ETH_P_IPV6) {
        wire.Take(frame, Now());
      } else {
        ++untouched;
        Send(frame);
      }
    }
  }

  void SendDue() {
    while (const auto frame = wire.Next(Now())) Send(*frame);
  }

  void Send(std::span<const std::byte> frame) {
    while (send(out, frame.data(), frame.size(), 0) < 0) {
      if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR) {
        pollfd writable{out, POLLOUT, 0};
        if (stop == 0 && poll(&writable, 1, 1) >= 0) continue;
      }
      ++refused;
      return;
    }
  }

  // Frames that the kernel could not queue for us: a loss that is nobody's impairment.
  [[nodiscard]] std::uint64_t Overrun() const {
    tpacket_stats statistics{};
    socklen_t length = sizeof statistics;
    getsockopt(in, SOL_PACKET, PACKET_STATISTICS, &statistics, &length);
    return statistics.tp_drops;
  }

  [[nodiscard]] nlohmann::json Report() const {
    const WireCounters& c = wire.counters();
    return {{"frames", c.frames},
            {"lost", c.lost},
            {"duplicated", c.duplicated},
            {"corrupted", c.corrupted},
            {"held", c.held},
            {"reordered", c.reordered},
            {"sent", c.sent},
            {"waiting", wire.waiting()},
            {"untouched", untouched},
            {"refused", refused},
            {"overrun", Overrun()}};
  }
};

void Run(Way& right, Way& left) {
  std::array<pollfd, 2> sockets = {pollfd{right.in, POLLIN, 0}, pollfd{left.in, POLLIN, 0}};
  while (stop == 0) {
    constexpr std::int64_t kLongest = 100'000'000;
    std::int64_t wait = kLongest;
    for (const Way* way : {&right, &left}) {
      if (const auto due = way->wire.due_ns()) wait = std::min(wait, std::max<std::int64_t>(*due - Now(), 0));
    }
    const timespec timeout{0, static_cast<long>(wait)};
    if (ppoll(sockets.data(), sockets.size(), &timeout, nullptr) < 0 && errno != EINTR) Fail("poll");
    for (Way* way : {&right, &left}) {
      way->Receive();
      way->SendDue();
    }
  }
}

int Main(int argc, char** argv) {
  CLI::App app{"A bad link between two devices"};
  Settings s;
  double delay_ms = 0, hold_min_ms = 1, hold_max_ms = 10;
  app.add_option("left", s.left)->required();
  app.add_option("right", s.right)->required();
  for (const auto& [name, share] : {std::pair{"--lose", &s.impairments.lose},
                                    {"--duplicate", &s.impairments.duplicate},
                                    {"--corrupt", &s.impairments.corrupt},
                                    {"--hold", &s.impairments.hold}}) {
    app.add_option(name, *share, "share of the frames")->check(CLI::Range(0.0, 1.0));
  }
  app.add_option("--delay-ms", delay_ms, "of every frame")->check(CLI::Range(0.0, 60'000.0));
  app.add_option("--hold-min-ms", hold_min_ms)->check(CLI::Range(0.0, 60'000.0));
  app.add_option("--hold-max-ms", hold_max_ms)->check(CLI::Range(0.0, 60'000.0));
  app.add_option("--seed", s.seed);
  app.add_flag("--impair-all", s.impair_all, "frames that are no IP too");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto ns = [](double ms) { return static_cast<std::int64_t>(ms * 1e6); };
  s.impairments.delay_ns = ns(delay_ms);
  s.impairments.hold_min_ns = ns(hold_min_ms);
  s.impairments.hold_max_ns = std::max(ns(hold_max_ms), ns(hold_min_ms));
  Way right(s, s.seed * 2), left(s, s.seed * 2 + 1);
  right.in = left.out = Open(s.left);
  right.out = left.in = Open(s.right);
  for (const int number : {SIGTERM, SIGINT}) std::signal(number, [](int) { stop = 1; });
  std::fprintf(stderr, "weir_relay: relaying\n");
  Run(right, left);
  const nlohmann::json report = {{"right", right.Report()}, {"left", left.Report()}};
  std::printf("%s\n", report.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace weir::test

int main(int argc, char** argv) { return weir::test::Main(argc, argv); }
