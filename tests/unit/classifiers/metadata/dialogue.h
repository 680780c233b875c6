#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "classifiers/metadata/inspector.h"
#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir::test {

// Who said what, in the order in which it passes the box.
using Dialogue = std::vector<std::pair<Direction, Octets>>;

struct Reading {
  explicit Reading(std::uint8_t ip_proto = 6, const ReaderLimits& limits = {}) : inspector(limits, ip_proto) {}

  Inspector inspector;
  Metadata found;
  Inspection last;
  std::uint16_t events = 0;
  std::size_t most_memory = 0;

  Reading& Feed(Direction direction, Bytes bytes) {
    last = inspector.OnStream(direction, bytes, found);
    return Note();
  }
  Reading& FeedDatagram(Direction direction, Bytes bytes) {
    last = inspector.OnDatagram(direction, bytes, found);
    return Note();
  }
  Reading& Feed(const Dialogue& dialogue, std::size_t piece = SIZE_MAX) {
    for (const auto& [direction, said] : dialogue) {
      for (std::size_t at = 0; at < said.size(); at += std::min(piece, said.size() - at))
        Feed(direction, Bytes(said).subspan(at, std::min(piece, said.size() - at)));
    }
    return *this;
  }
  Reading& Note() {
    events |= last.events;
    most_memory = std::max(most_memory, inspector.memory_bytes());
    return *this;
  }
  [[nodiscard]] std::vector<std::string> All(BufferId id) const {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found.field(i).id == id) values.emplace_back(found.value(found.field(i)));
    }
    return values;
  }
  [[nodiscard]] std::string Names() const {
    std::string names;
    for (const std::string& name : All(BufferId::kTlsSni)) names += name + " ";
    return names;
  }
};

// The names of the hellos in it, if they are the same whole, in single bytes, and
// with each thing said in two pieces, cut at every byte; else where they differ.
inline std::string NamesAtEveryCut(const Dialogue& dialogue) {
  const std::string whole = Reading().Feed(dialogue).Names();
  if (Reading().Feed(dialogue, 1).Names() != whole) return "differs in single bytes from " + whole;
  for (std::size_t i = 0; i < dialogue.size(); ++i) {
    const Octets& said = dialogue[i].second;
    for (std::size_t cut = 1; cut < said.size(); ++cut) {
      Dialogue cut_once = dialogue;
      const auto middle = said.begin() + static_cast<std::ptrdiff_t>(cut);
      cut_once[i].second = Octets(said.begin(), middle);
      cut_once.insert(cut_once.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                      {dialogue[i].first, Octets(middle, said.end())});
      if (Reading().Feed(cut_once).Names() != whole)
        return "differs when " + std::to_string(i) + " is cut at " + std::to_string(cut) + " from " + whole;
    }
  }
  return whole;
}

inline std::pair<Direction, Octets> C(std::string_view text, const Octets& then = {}) {
  return {Direction::kToServer, Text(text) + then};
}
inline std::pair<Direction, Octets> C(const Octets& bytes) { return {Direction::kToServer, bytes}; }
inline std::pair<Direction, Octets> S(std::string_view text, const Octets& then = {}) {
  return {Direction::kToClient, Text(text) + then};
}
inline std::pair<Direction, Octets> S(const Octets& bytes) { return {Direction::kToClient, bytes}; }

inline Octets HelloRecords(std::string_view name, std::size_t size = 16384) {
  return Records(ClientHelloMessage(ServerName(name)), size);
}
inline Octets ServerHelloRecords() {
  return Records(ServerHelloMessage(Octets(32, std::byte{1}), Extension(43, Hex("0304"))));
}

}  // namespace weir::test
