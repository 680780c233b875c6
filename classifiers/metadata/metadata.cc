#include "classifiers/metadata/metadata.h"

#include <algorithm>

namespace weir {

void Metadata::Add(BufferId id, Direction direction, TxId tx, std::string_view value) {
  fields_.push_back(
      {id, direction, tx, static_cast<std::uint32_t>(arena_.size()), static_cast<std::uint32_t>(value.size())});
  arena_.append(value);
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
