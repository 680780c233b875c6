#pragma once
#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "classifiers/metadata/inspector.h"
#include "classifiers/metadata/names.h"
#include "tests/fuzz/support/input.h"

namespace weir::fuzz {

using Names = std::vector<std::string>;

// All that readers found, to be compared: sorted, for a hello that stands within another (TlsHunt follows both) ends
// before it in pieces, and behind it where all came at once.
using FieldList = std::vector<std::tuple<BufferId, Direction, TxId, std::string>>;
[[nodiscard]] inline FieldList FieldsOf(const Metadata& metadata) {
  FieldList list;
  for (std::size_t i = 0; i < metadata.size(); ++i) {
    const Metadata::Field& field = metadata.field(i);
    list.emplace_back(field.id, field.direction, field.tx, metadata.value(field));
  }
  std::sort(list.begin(), list.end());
  return list;
}

// What rules and policy may drop a flow by: the names in it.
[[nodiscard]] inline std::set<std::string> NamesOf(const Metadata& metadata) {
  constexpr std::array kNaming = {BufferId::kTlsSni, BufferId::kQuicSni,  BufferId::kHttpHost,  BufferId::kTlsSubject,
                                  BufferId::kTlsSan, BufferId::kDnsQuery, BufferId::kStunRealm, BufferId::kSocksHost};
  std::set<std::string> names;
  for (std::size_t i = 0; i < metadata.size(); ++i) {
    const Metadata::Field& field = metadata.field(i);
    if (std::find(kNaming.begin(), kNaming.end(), field.id) == kNaming.end()) continue;
    names.insert(std::string(Name(field.id)) + " " + std::string(metadata.value(field)));
  }
  return names;
}

[[nodiscard]] inline bool Has(const Metadata& metadata, BufferId id, const std::string& name) {
  for (std::size_t i = 0; i < metadata.size(); ++i) {
    if (metadata.field(i).id == id && metadata.value(metadata.field(i)) == NormaliseHost(name)) return true;
  }
  return false;
}

// Was it told that not all was read? An exception policy then decides about the flow.
[[nodiscard]] inline bool BudgetTold(std::uint16_t events) {
  return (events & (Bit(ReaderEvent::kTlsHandshakeBudget) | Bit(ReaderEvent::kHttpHeadBudget) |
                    Bit(ReaderEvent::kNestingBudget) | Bit(ReaderEvent::kWorkBudget))) != 0;
}

// Sizes of pieces, from one byte of input: the same byte gives the same sizes.
class Splitter {
 public:
  explicit Splitter(std::uint8_t seed) : seed_(seed), state_(seed * 2654435761u + 1) {}
  // 0: no splits at all.
  std::size_t Next(std::size_t left) noexcept {
    if (seed_ == 0) return left;
    state_ = state_ * 1664525 + 1013904223;
    const std::size_t most = seed_ < 32 ? 1 : seed_ < 128 ? 8 : 600;
    return std::min<std::size_t>(left, 1 + (state_ >> 16) % most);
  }

 private:
  std::uint8_t seed_;
  std::uint32_t state_;
};

// What a flow's readers made of a stream or of datagrams.
struct Reading {
  Metadata metadata;
  Inspection last;
  std::uint16_t events = 0;

  void Stream(Inspector& readers, Direction direction, Bytes bytes, Splitter& splitter) {
    while (!bytes.empty()) {
      const Block piece(bytes.first(splitter.Next(bytes.size())));
      last = readers.OnStream(direction, piece.bytes(), metadata);
      events |= last.events;
      bytes = bytes.subspan(piece.size());
    }
  }
  void Datagram(Inspector& readers, Direction direction, Bytes bytes) {
    const Block payload(bytes);
    last = readers.OnDatagram(direction, payload.bytes(), metadata);
    events |= last.events;
  }
  // Found the same and ended in the same state (still reading, or why not); what differs is told. Which of the text
  // protocols it is called may depend on how early the dialogue is known to be one, and
  // whether a record is called bad on what else was still thought possible.
  [[nodiscard]] bool Same(const Reading& other) const {
    const auto text = [](AppProto proto) { return proto >= AppProto::kSmtp && proto <= AppProto::kFtp; };
    const bool one_proto = last.proto == other.last.proto || (text(last.proto) && text(other.last.proto));
    const bool same = FieldsOf(metadata) == FieldsOf(other.metadata) && one_proto &&
                      Open(last.state) == Open(other.last.state) &&
                      ((events ^ other.events) & ~unsigned{Bit(ReaderEvent::kTlsBadRecord)}) == 0;
    if (!same) Tell(), other.Tell();
    return same;
  }
  // Less: the same names, however often, and the same word on whether all was read.
  [[nodiscard]] bool SameNames(const Reading& other) const {
    const std::set<std::string> mine = NamesOf(metadata), theirs = NamesOf(other.metadata);
    const bool same = mine == theirs && BudgetTold(events) == BudgetTold(other.events);
    if (!same) Tell(), other.Tell();
    return same;
  }
  static ReaderState Open(ReaderState state) {
    return state == ReaderState::kProbing ? ReaderState::kNameMayCome : state;
  }
  void Tell() const {
    std::fprintf(stderr, "proto %u state %u events %04x\n", static_cast<unsigned>(last.proto),
                 static_cast<unsigned>(last.state), events);
    for (const auto& [id, direction, tx, value] : FieldsOf(metadata))
      std::fprintf(stderr, "  %s %u %u '%s'\n", Name(id).data(), static_cast<unsigned>(direction), tx, value.c_str());
  }
};

// Every host_name of every server_name extension of a ClientHello's body, as a server that
// believes any of them would read it; apart from the product's own parser.
[[nodiscard]] inline Names HelloNames(Bytes body) {
  Names names;
  bool ok = true;
  const auto vector = [&ok](Bytes& from, std::size_t skip, std::size_t width) {
    if (!ok || from.size() < skip + width) return ok = false, Bytes{};
    std::size_t length = 0;
    for (std::size_t i = 0; i < width; ++i) length = length << 8 | LoadU8(&from[skip + i]);
    if (from.size() - skip - width < length) return ok = false, Bytes{};
    const Bytes content = from.subspan(skip + width, length);
    from = from.subspan(skip + width + length);
    return content;
  };
  vector(body, 34, 1);
  vector(body, 0, 2);
  vector(body, 0, 1);
  Bytes extensions = vector(body, 0, 2);
  while (ok && extensions.size() >= 4) {
    const bool is_names = LoadBe16(extensions.data()) == 0;
    Bytes content = vector(extensions, 2, 2);
    if (!ok || !is_names) continue;
    Bytes entries = vector(content, 0, 2);
    while (ok && !entries.empty()) {
      const bool host = LoadU8(entries.data()) == 0;
      const Bytes name = vector(entries, 1, 2);
      if (ok && host) names.emplace_back(AsText(name));
    }
  }
  return names;
}

}  // namespace weir::fuzz
