#pragma once
#include <string>
#include <vector>

#include "classifiers/metadata/inspector.h"
#include "tests/unit/classifiers/metadata/hello_builder.h"

namespace weir::test {

// One flow through an Inspector, in pieces of any size.
struct StreamReading {
  StreamReading() : StreamReading(ReaderLimits{}) {}
  explicit StreamReading(const ReaderLimits& limits) : inspector(limits, 6) {}

  Inspector inspector;
  Metadata found;
  Inspection last;
  std::uint16_t events = 0;

  StreamReading& Feed(Direction direction, const Octets& bytes, std::size_t piece = SIZE_MAX) {
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t n = std::min(piece, bytes.size() - at);
      last = inspector.OnStream(direction, Bytes(bytes).subspan(at, n), found);
      events = static_cast<std::uint16_t>(events | last.events);
      at += n;
    }
    return *this;
  }
  StreamReading& Client(std::string_view text) { return Feed(Direction::kToServer, Text(text)); }
  StreamReading& Server(std::string_view text) { return Feed(Direction::kToClient, Text(text)); }
  [[nodiscard]] std::vector<std::string> All(BufferId id) const {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found.field(i).id == id) values.emplace_back(found.value(found.field(i)));
    }
    return values;
  }
  [[nodiscard]] bool Raised(ReaderEvent event) const { return (events & Bit(event)) != 0; }
  [[nodiscard]] bool Names(std::string_view host) const {
    for (const std::string& name : All(BufferId::kHttpHost)) {
      if (name == host) return true;
    }
    return false;
  }
  // Every field with where it belongs, to compare two readings.
  [[nodiscard]] std::vector<std::string> Everything() const {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const Metadata::Field& field = found.field(i);
      values.push_back(std::to_string(field.tx) + " " + std::string(Name(field.id)) + " " +
                       std::string(found.value(field)));
    }
    return values;
  }
};

}  // namespace weir::test
