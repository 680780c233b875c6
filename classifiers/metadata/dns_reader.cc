#include "classifiers/metadata/dns_reader.h"

#include <arpa/inet.h>

#include <array>
#include <string>

#include "classifiers/metadata/names.h"

namespace weir {
namespace {

constexpr std::size_t kMaxName = 255;  // RFC 1035 s2.3.4
constexpr int kMaxPointers = 32;
constexpr unsigned kMaxQuestions = 8;
constexpr unsigned kMaxAnswers = 512;
constexpr std::uint16_t kTypeOpt = 41;
constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeCname = 5;
constexpr std::uint16_t kTypeAaaa = 28;

// Reads a name at `at`, following compression pointers; moves `at` behind it.
bool ReadName(Bytes message, std::size_t& at, std::string& name) {
  name.clear();
  std::size_t here = at;
  bool jumped = false;
  for (int pointers = 0; pointers <= kMaxPointers;) {
    if (here >= message.size()) return false;
    const std::uint8_t length = LoadU8(&message[here]);
    if (length == 0) {
      if (!jumped) at = here + 1;
      return true;
    }
    if ((length & 0xc0) == 0xc0) {
      if (here + 2 > message.size()) return false;
      if (!jumped) at = here + 2;
      jumped = true;
      ++pointers;
      here = LoadBe16(&message[here]) & 0x3fff;
      continue;
    }
    if ((length & 0xc0) != 0 || here + 1 + length > message.size() || name.size() + length + 1 > kMaxName) return false;
    if (!name.empty()) name += '.';
    name += AsText(message.subspan(here + 1, length));
    here += std::size_t{1} + length;
  }
  return false;
}

bool IsClass(std::uint16_t value) noexcept {
  value &= 0x7fff;  // mDNS uses the top bit (RFC 6762 s5.4)
  return value == 1 || value == 3 || value == 255;
}

void AddAnswers(Bytes message, std::size_t at, unsigned count, Direction direction, TxId tx, Metadata& out) {
  std::string name;
  std::array<char, INET6_ADDRSTRLEN> text{};
  for (unsigned i = 0; i < count && ReadName(message, at, name); ++i) {
    if (at + 10 > message.size()) return;
    const std::uint16_t type = LoadBe16(&message[at]);
    const std::uint32_t ttl = LoadBe32(&message[at + 4]);
    const std::size_t length = LoadBe16(&message[at + 8]);
    at += 10;
    if (at + length > message.size()) return;
    if (type == kTypeA && length == 4) {
      out.Add(BufferId::kDnsAnswer, direction, tx, inet_ntop(AF_INET, &message[at], text.data(), text.size()));
      out.AddAddress({tx, IpAddress::V4(&message[at]), 4, ttl});
    } else if (type == kTypeAaaa && length == 16) {
      out.Add(BufferId::kDnsAnswer, direction, tx, inet_ntop(AF_INET6, &message[at], text.data(), text.size()));
      out.AddAddress({tx, IpAddress::V6(&message[at]), 6, ttl});
    } else if (std::size_t target = at; type == kTypeCname && ReadName(message, target, name)) {
      out.Add(BufferId::kDnsAnswer, direction, tx, name);
    }
    at += length;
  }
}

}  // namespace

bool MayBeDnsHeader(Bytes start) noexcept {
  if (start.size() >= 4 && (LoadU8(&start[2]) >> 3 & 15) > 5) return false;
  if (start.size() >= 6 && (LoadBe16(&start[4]) == 0 || LoadBe16(&start[4]) > kMaxQuestions)) return false;
  return start.size() < 8 || LoadBe16(&start[6]) <= kMaxAnswers;
}

bool HasOddDnsFlags(Bytes start) noexcept {
  if (start.size() < 4) return false;
  const std::uint16_t flags = LoadBe16(&start[2]);
  return (flags & 0x40) != 0 || ((flags & 0x8000) == 0 && (flags & 15) != 0);
}

bool ReadDnsMessage(Bytes message, Direction direction, TxId tx, Metadata& out) {
  if (message.size() < 12 || !MayBeDnsHeader(message)) return false;
  const std::uint16_t flags = LoadBe16(&message[2]);
  const unsigned questions = LoadBe16(&message[4]);
  const unsigned answers = LoadBe16(&message[6]);
  const bool response = (flags & 0x8000) != 0;
  const bool odd = HasOddDnsFlags(message);
  if (odd && (response || questions != 1)) return false;
  std::array<std::string, 8> names;
  std::array<std::uint16_t, 8> types{};
  std::size_t at = 12;
  for (unsigned i = 0; i < questions; ++i) {
    if (!ReadName(message, at, names[i]) || at + 4 > message.size()) return false;
    types[i] = LoadBe16(&message[at]);
    if (types[i] == 0 || !IsClass(LoadBe16(&message[at + 2]))) return false;
    at += 4;
  }
  const bool only_opt =
      message.size() >= at + 11 && LoadU8(&message[at]) == 0 && LoadBe16(&message[at + 1]) == kTypeOpt;
  if (odd && at != message.size() && !only_opt) return false;
  for (unsigned i = 0; i < questions; ++i) {
    const std::string name = NormaliseHost(names[i]);
    out.Add(response ? BufferId::kDnsRrname : BufferId::kDnsQuery, direction, tx, name);
    out.Add(BufferId::kDnsRrtype, direction, tx, std::to_string(types[i]));
  }
  if (response) {
    out.Add(BufferId::kDnsRcode, direction, tx, std::to_string(flags & 15));
    AddAnswers(message, at, answers, direction, tx, out);
  }
  return true;
}

}  // namespace weir
