#include "classifiers/metadata/metadata.h"

#include <algorithm>

namespace weir {

void Metadata::Add(BufferId id, Direction direction, TxId tx, std::string_view value) {
  fields_.push_back(
      {id, direction, tx, static_cast<std::uint32_t>(arena_.size()), static_cast<std::uint32_t>(value.size())});
  arena_.append(value);
}

void Metadata::Expect(std::size_t fields, std::size_t bytes) {
  if (!fields_.empty()) return;  // what has begun to grow goes on doubling
  fields_.reserve(fields);
  arena_.reserve(bytes);
}

std::string_view Metadata::First(BufferId id, TxId tx) const noexcept {
  for (const Field& field : fields_) {
    if (field.id == id && field.tx == tx) return value(field);
  }
  return {};
}

void Metadata::DropBefore(TxId tx) {
  std::string arena;
  std::vector<Field> kept;
  for (const Field& field : fields_) {
    if (field.tx < tx) continue;
    kept.push_back(field);
    kept.back().offset = static_cast<std::uint32_t>(arena.size());
    arena.append(value(field));
  }
  fields_ = std::move(kept);
  arena_ = std::move(arena);
}

}  // namespace weir
