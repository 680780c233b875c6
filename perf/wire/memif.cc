#include "perf/wire/memif.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

namespace weir::perf {
namespace {

constexpr std::uint32_t kCookie = 0x3E31F20;
constexpr std::uint16_t kVersion = 2 << 8;
constexpr std::uint16_t kPolled = 1;        // ring flag: no interrupts
constexpr std::uint16_t kRingToServer = 1;  // of ADD_RING
constexpr int kPatienceMs = 5000, kRetryMs = 10;
enum Kind : std::uint16_t { kAck = 1, kHello, kInit, kAddRegion, kAddRing, kConnect, kConnected, kDisconnect };

Error Failed(const std::string& what) { return {Errc::kIo, "memif: " + what + ": " + std::strerror(errno)}; }

std::size_t RingBytes(std::size_t slots) { return sizeof(MemifRing) + slots * sizeof(MemifDescriptor); }

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  return address;
}

}  // namespace

// What is sent: 128 bytes, packed.
struct MemifLink::Message {
  std::array<std::byte, 128> bytes{};
  explicit Message(std::uint16_t kind = 0) { Put(0, kind); }
  template <class T>
  Message& Put(std::size_t at, T value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
    return *this;
  }
  template <class T>
  [[nodiscard]] T Get(std::size_t at) const {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
  }
  [[nodiscard]] std::uint16_t kind() const { return Get<std::uint16_t>(0); }

  [[nodiscard]] bool Send(int to, int descriptor) {
    iovec part{bytes.data(), bytes.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr header{};
    header.msg_iov = &part, header.msg_iovlen = 1;
    if (descriptor >= 0) {
      header.msg_control = control.data(), header.msg_controllen = control.size();
      cmsghdr* attached = CMSG_FIRSTHDR(&header);
      attached->cmsg_len = CMSG_LEN(sizeof(int)), attached->cmsg_level = SOL_SOCKET, attached->cmsg_type = SCM_RIGHTS;
      std::memcpy(CMSG_DATA(attached), &descriptor, sizeof descriptor);
    }
    return sendmsg(to, &header, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }

  // What came with it, if anything did, is in `descriptor`.
  [[nodiscard]] bool Receive(int from, int& descriptor) {
    pollfd waiting{from, POLLIN, 0};
    if (poll(&waiting, 1, kPatienceMs) != 1) return false;
    iovec part{bytes.data(), bytes.size()};
    alignas(cmsghdr) std::array<char, 256> control{};  // credentials may come too
    msghdr header{};
    header.msg_iov = &part, header.msg_iovlen = 1;
    header.msg_control = control.data(), header.msg_controllen = control.size();
    descriptor = -1;
    if (recvmsg(from, &header, 0) != static_cast<ssize_t>(bytes.size())) return false;
    for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each))
      if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SCM_RIGHTS)
        std::memcpy(&descriptor, CMSG_DATA(each), sizeof descriptor);
    return true;
  }
};

Result<MemifLink> MemifLink::Connect(const MemifOptions& options) {
  MemifLink link;
  const sockaddr_un address = AddressOf(options.socket);
  bool connected = false;
  for (int waited = 0; !connected && waited < kPatienceMs; waited += kRetryMs) {
    if (waited > 0) poll(nullptr, 0, kRetryMs);
    if (link.socket_ >= 0) close(link.socket_);  // Linux keeps no promise for one that could not connect
    link.socket_ = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    connected = connect(link.socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (!connected && errno != ENOENT && errno != ECONNREFUSED) break;
  }
  if (!connected) return tl::unexpected(Failed(options.socket));
  if (auto made = link.MakeRegion(options); !made) return tl::unexpected(made.error());
  if (auto introduced = link.Introduce(); !introduced) return tl::unexpected(introduced.error());
  link.to_client->flags = kPolled;  // the server has reset heads and tails
  for (std::uint16_t slot = 0; slot < link.slots; ++slot) link.Renew(slot);
  link.to_client->Store(&MemifRing::head, link.slots);
  return link;
}

Result<void> MemifLink::MakeRegion(const MemifOptions& options) {
  slots = static_cast<std::uint16_t>(1u << options.log2_slots);
  buffer_ = options.buffer;
  const std::size_t buffers = 2 * RingBytes(slots);
  room_ = buffers + std::size_t{slots} * buffer_;
  size_ = room_ + options.room;
  memory_ = memfd_create("weir-wire", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  events_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (memory_ < 0 || events_ < 0 || fcntl(memory_, F_ADD_SEALS, F_SEAL_SHRINK) != 0 ||
      ftruncate(memory_, static_cast<off_t>(size_)) != 0)
    return tl::unexpected(Failed("memory"));
  void* mapped = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, memory_, 0);
  if (mapped == MAP_FAILED) return tl::unexpected(Failed("memory"));
  region_ = static_cast<std::byte*>(mapped);
  to_server = reinterpret_cast<MemifRing*>(region_);
  to_client = reinterpret_cast<MemifRing*>(region_ + RingBytes(slots));
  to_server->cookie = to_client->cookie = kCookie;
  for (std::uint16_t slot = 0; slot < slots; ++slot)
    to_client->descriptors()[slot].offset = static_cast<std::uint32_t>(buffers + std::size_t{slot} * buffer_);
  return {};
}

void MemifLink::Renew(std::uint16_t slot) noexcept {
  MemifDescriptor& descriptor = to_client->descriptors()[slot & (slots - 1)];
  descriptor.flags = 0, descriptor.length = buffer_;
}

Result<void> MemifLink::Ask(Message& message, int descriptor, std::uint16_t answer) {
  int attached = -1;
  if (!message.Send(socket_, descriptor) || !message.Receive(socket_, attached))
    return tl::unexpected(Failed("no answer"));
  if (attached >= 0) close(attached);
  if (message.kind() == answer) return {};
  return Fail(Errc::kIo, "memif: the server answers message " + std::to_string(message.kind()) + " in the place of " +
                             std::to_string(answer));
}

Result<void> MemifLink::Introduce() {
  Message hello;
  int attached = -1;
  if (!hello.Receive(socket_, attached) || hello.kind() != kHello) return Fail(Errc::kIo, "memif: no hello");
  const auto log2 = static_cast<std::uint8_t>(std::countr_zero(slots));
  // name[32], versions, max_region, two ring counts, log2: packed behind the kind
  if (hello.Get<std::uint16_t>(34) > kVersion || hello.Get<std::uint16_t>(36) < kVersion ||
      hello.Get<std::uint8_t>(44) < log2)
    return Fail(Errc::kUnsupported, "memif: another version, or rings as large are not taken");
  Message init(kInit);
  init.Put(2, kVersion);  // interface 0, mode 0 (Ethernet), no secret
  std::memcpy(init.bytes.data() + 33, "weir-wire", 9);
  if (auto done = Ask(init, -1, kAck); !done) return done;
  Message region(kAddRegion);
  region.Put(2, std::uint16_t{0}).Put(4, std::uint64_t{size_});
  if (auto done = Ask(region, memory_, kAck); !done) return done;
  for (const std::uint16_t flags : {kRingToServer, std::uint16_t{0}}) {
    Message ring(kAddRing);
    ring.Put(2, flags).Put(4, std::uint16_t{0}).Put(6, std::uint16_t{0});
    ring.Put(8, static_cast<std::uint32_t>(flags == kRingToServer ? 0 : RingBytes(slots))).Put(12, log2);
    if (auto done = Ask(ring, events_, kAck); !done) return done;
  }
  Message connected(kConnect);
  return Ask(connected, -1, kConnected);
}

Result<MemifLink> MemifLink::Serve(const std::string& socket) {
  MemifLink link;
  const int listening = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  const sockaddr_un address = AddressOf(socket);
  if (listening >= 0 && bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      listen(listening, 1) == 0)
    link.socket_ = accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
  if (listening >= 0) close(listening);
  if (link.socket_ < 0) return tl::unexpected(Failed(socket));
  unlink(socket.c_str());
  if (auto done = link.Welcome(); !done) return tl::unexpected(done.error());
  return link;
}

Result<void> MemifLink::Welcome() {
  Message hello(kHello);
  hello.Put(34, kVersion).Put(36, kVersion).Put(44, std::uint8_t{14});
  std::array<std::uint32_t, 2> offsets{};  // by the flag kRingToServer
  bool sent = hello.Send(socket_, -1);
  while (sent) {
    Message got;
    int attached = -1;
    if (!got.Receive(socket_, attached)) break;
    if (got.kind() == kAddRegion) {
      memory_ = std::exchange(attached, -1), size_ = got.Get<std::uint64_t>(4);
    } else if (got.kind() == kAddRing) {
      offsets[got.Get<std::uint16_t>(2) & kRingToServer] = got.Get<std::uint32_t>(8);
      slots = static_cast<std::uint16_t>(1u << (got.Get<std::uint8_t>(12) & 15));
    }
    if (attached >= 0) close(attached);
    if (got.kind() != kConnect) {
      sent = Message(kAck).Send(socket_, -1);
      continue;
    }
    void* mapped = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, memory_, 0);
    if (mapped == MAP_FAILED) break;
    region_ = static_cast<std::byte*>(mapped);
    to_client = reinterpret_cast<MemifRing*>(region_ + offsets[0]);
    to_server = reinterpret_cast<MemifRing*>(region_ + offsets[kRingToServer]);
    to_server->flags = kPolled;
    for (MemifRing* ring : {to_client, to_server}) ring->head = ring->tail = 0;
    if (!Message(kConnected).Send(socket_, -1)) break;
    return {};
  }
  return tl::unexpected(Failed("the client went away"));
}

bool MemifLink::peer_gone() const noexcept {
  pollfd waiting{socket_, POLLIN | POLLRDHUP, 0};
  return poll(&waiting, 1, 0) == 1;  // nothing but a disconnect is ever said on a connected link
}

MemifLink& MemifLink::operator=(MemifLink&& other) noexcept {
  if (this == &other) return *this;
  Close();
  to_server = std::exchange(other.to_server, nullptr), to_client = std::exchange(other.to_client, nullptr);
  slots = other.slots, size_ = other.size_, room_ = other.room_, buffer_ = other.buffer_;
  region_ = std::exchange(other.region_, nullptr);
  socket_ = std::exchange(other.socket_, -1), memory_ = std::exchange(other.memory_, -1);
  events_ = std::exchange(other.events_, -1);
  return *this;
}

void MemifLink::Close() noexcept {
  if (region_ != nullptr) munmap(region_, size_);
  region_ = nullptr;
  for (int* descriptor : {&socket_, &memory_, &events_}) {
    if (*descriptor >= 0) close(*descriptor);
    *descriptor = -1;
  }
}

}  // namespace weir::perf
