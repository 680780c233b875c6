// Input: split, number of elements, elements (kind, size), the server's bytes (2 bytes of
// length), then the body of a ClientHello. Elements by kind: the next `size` bytes of the
// hello in a record; a ChangeCipherSpec; an alert; an empty handshake record. What is left of
// the hello comes last, in one record.
// Claims: every name that a server could read of the hello is among the names found, unless a
// budget was told; however the stream is split, the same is found; memory stays bounded.
#include "tests/fuzz/support/readings.h"

namespace weir::fuzz {
namespace {

using Octets = std::vector<std::byte>;

void AppendRecord(Octets& out, std::uint8_t type, Bytes content) {
  const std::size_t n = content.size();
  for (const std::size_t byte : {std::size_t{type}, std::size_t{3}, std::size_t{1}, n >> 8, n & 0xff})
    out.push_back(static_cast<std::byte>(byte));
  out.insert(out.end(), content.begin(), content.end());
}

Octets Message(Bytes body) {
  Octets message;
  for (const std::size_t byte : {std::size_t{1}, body.size() >> 16, body.size() >> 8, body.size()})
    message.push_back(static_cast<std::byte>(byte));
  message.insert(message.end(), body.begin(), body.end());
  return message;
}

Octets ClientStream(Bytes elements, const Octets& message) {
  static constexpr std::array kCcs = {std::byte{1}};
  static constexpr std::array kAlert = {std::byte{1}, std::byte{0}};
  Octets out;
  Bytes left(message);
  for (std::size_t i = 0; i + 1 < elements.size(); i += 2) {
    const std::uint8_t kind = LoadU8(&elements[i]) % 4;
    const Bytes part = left.first(std::min<std::size_t>(LoadU8(&elements[i + 1]), left.size()));
    if (kind == 0) {
      AppendRecord(out, 22, part);
      left = left.subspan(part.size());
    }
    if (kind == 1) AppendRecord(out, 20, kCcs);
    if (kind == 2) AppendRecord(out, 21, kAlert);
    if (kind == 3) AppendRecord(out, 22, {});
  }
  if (!left.empty()) AppendRecord(out, 22, left);
  return out;
}

Reading Read(Bytes client, Bytes server, std::uint8_t split) {
  Reading reading;
  const ReaderLimits limits;
  Inspector readers(limits, 6);
  Splitter splitter(split);
  reading.Stream(readers, Direction::kToServer, client, splitter);
  reading.Stream(readers, Direction::kToClient, server, splitter);
  Require(readers.memory_bytes() <= std::size_t{4} * limits.handshake_bytes + 8192, "memory is bounded");
  return reading;
}

}  // namespace
}  // namespace weir::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::Input input(data, std::min<std::size_t>(size, 16000));
  const std::uint8_t split = input.U8();
  const Bytes elements = input.Take(input.U8() % 32 * std::size_t{2});
  const Bytes server = input.Take(input.U16() % 4096);
  const Bytes body = input.Rest();
  const auto client = fuzz::ClientStream(elements, fuzz::Message(body));
  const fuzz::Reading whole = fuzz::Read(client, server, 0);
  const fuzz::Reading pieces = fuzz::Read(client, server, split);
  fuzz::Require(whole.Same(pieces), "a split changes nothing");
  // A server's greeting is believed above the client's bytes.
  fuzz::Require(whole.last.proto == AppProto::kTls || !server.empty(), "records of TLS are TLS");
  if (fuzz::BudgetTold(whole.events)) return 0;
  for (const std::string& name : fuzz::HelloNames(body))
    fuzz::Require(fuzz::Has(whole.metadata, BufferId::kTlsSni, name), "each name of the hello is found");
  return 0;
}
