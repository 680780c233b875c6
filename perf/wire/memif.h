#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "dataplane/core/result.h"

namespace weir::perf {

// One end of a memif link (protocol version 2.0, https://s3-docs.fd.io/vpp/23.06/interfacing/libmemif):
// two rings of descriptors and the frames themselves in memory that both ends map, set up over a UNIX
// socket. Without DPDK's driver between, an end costs few ns a frame: frames are sent from where they
// lie and looked at where they arrive. Little endian, polled, Ethernet, one queue each way.
struct MemifDescriptor {
  std::uint16_t flags;
  std::uint16_t region;
  std::uint32_t length;
  std::uint32_t offset;  // of the frame in its region
  std::uint32_t metadata;
};
static_assert(sizeof(MemifDescriptor) == 16);

struct MemifRing {
  std::uint32_t cookie;
  std::uint16_t flags;
  alignas(2) std::uint16_t head;
  alignas(64) std::uint16_t tail;
  std::byte padding[62];

  [[nodiscard]] MemifDescriptor* descriptors() noexcept { return reinterpret_cast<MemifDescriptor*>(this + 1); }
  [[nodiscard]] std::uint16_t Load(std::uint16_t MemifRing::*field) noexcept {
    return std::atomic_ref(this->*field).load(std::memory_order_acquire);
  }
  void Store(std::uint16_t MemifRing::*field, std::uint16_t value) noexcept {
    std::atomic_ref(this->*field).store(value, std::memory_order_release);
  }
};
static_assert(sizeof(MemifRing) == 128);

struct MemifOptions {
  std::string socket;            // path of the UNIX socket
  std::uint8_t log2_slots = 10;  // of each ring
  std::uint32_t buffer = 2048;   // bytes of a slot that the server writes into
  std::size_t room = 0;          // bytes of the region for frames to send, from room() on
};

// The client's end owns the region: ring to the server, ring from it, that one's buffers, room.
// Movable, not copyable; closes all it opened.
class MemifLink {
 public:
  // Connects to a server that listens, or does so within 5 s. kIo: there is none, or it refused.
  [[nodiscard]] static Result<MemifLink> Connect(const MemifOptions& options);
  // Listens (the path is made), takes one client and removes the path. Blocks.
  [[nodiscard]] static Result<MemifLink> Serve(const std::string& socket);
  MemifLink(MemifLink&& other) noexcept { *this = std::move(other); }
  MemifLink& operator=(MemifLink&& other) noexcept;
  ~MemifLink() { Close(); }

  // By direction, seen from the client. A sender advances the head of to_server and the tail of
  // to_client; a receiver the tail of to_server and, as it gives buffers back, the head of to_client.
  MemifRing* to_server = nullptr;
  MemifRing* to_client = nullptr;
  std::uint16_t slots = 0;  // of each ring; a power of two

  [[nodiscard]] std::byte* region() const noexcept { return region_; }
  [[nodiscard]] std::byte* room() const noexcept { return region_ + room_; }
  // Client: an arrived frame's slot of to_client is the server's again.
  void Renew(std::uint16_t slot) noexcept;
  // Client: the tail of to_client up to which frames were taken, and that they are up to here now, all renewed.
  [[nodiscard]] std::uint16_t taken() const noexcept { return static_cast<std::uint16_t>(to_client->head - slots); }
  void Release(std::uint16_t taken) noexcept {
    to_client->Store(&MemifRing::head, static_cast<std::uint16_t>(taken + slots));
  }
  [[nodiscard]] bool peer_gone() const noexcept;

 private:
  struct Message;
  MemifLink() = default;
  [[nodiscard]] Result<void> MakeRegion(const MemifOptions& options);
  [[nodiscard]] Result<void> Introduce();
  [[nodiscard]] Result<void> Welcome();
  [[nodiscard]] Result<void> Ask(Message& message, int descriptor, std::uint16_t answer);
  void Close() noexcept;

  int socket_ = -1, memory_ = -1, events_ = -1;
  std::byte* region_ = nullptr;
  std::size_t size_ = 0, room_ = 0;
  std::uint32_t buffer_ = 0;
};

}  // namespace weir::perf
