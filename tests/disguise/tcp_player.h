#pragma once
#include "tests/disguise/disguise.h"

namespace weir::disguise {

// Plays the turns of a talk over TCP as a shape wants it.
class TcpPlayer {
 public:
  TcpPlayer(const TcpShape& shape, Random& random);
  void Play(const std::vector<Message>& talk, const std::vector<Message>& neutral);

  std::vector<Packet> packets;
  bool readable = true;

 private:
  [[nodiscard]] bool Has(Decoy decoy) const noexcept { return (shape_.decoys & decoy) != 0; }
  Packet Client(std::uint8_t flags, Octets data = {}) const;
  Packet Server(std::uint8_t flags, Octets data = {}) const;
  void Emit(Packet packet);
  void Greet(const Octets& first, bool only);
  void Syn(std::uint32_t isn, const Octets& data, std::uint8_t ttl = 64);
  void SynAck(std::uint32_t taken);
  void EarlierConnection(bool ends);
  void Say(const Octets& bytes, bool last);
  void SayBatch(const Octets& bytes);
  std::vector<Packet> Segments(const Octets& bytes);
  void AddDecoys(std::vector<Packet>& segments);
  void AddDecoy(std::vector<Packet>& segments, Packet decoy, bool recognised);
  void AgeLike(Packet& decoy, const std::vector<Packet>& segments, std::size_t at) const;
  void AddMarks(std::vector<Packet>& segments);
  void AddEndings(std::vector<Packet>& segments);
  void AddConflict(std::vector<Packet>& segments);
  void ProbeZeroWindow(const Octets& bytes);
  void BetweenBatches();
  void ServerSays(const Octets& bytes);
  void Close();
  Octets Options(bool syn, bool client) const;
  Octets Garbage(std::size_t n);

  const TcpShape& shape_;
  Random& random_;
  std::uint32_t client_ = 0, server_ = 0;  // next sequence numbers
  std::uint32_t server_acked_ = 0;         // of the client's, by the server
  std::uint32_t stamp_ = 0x1000'0000;
  bool greeted_ = false;
  bool probed_ = false;
  bool naming_ = false;  // in the message that names
};

}  // namespace weir::disguise
